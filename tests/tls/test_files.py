"""The files: read or not, and marks that change with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailgate.faults import Fault
from mailgate.tls.files import MAX_FILE_OCTETS, BadCertificate, Contents
from tests.tls.support import Disk


def faults(disk: Disk) -> list[tuple[str, str]]:
    contents = disk.files.read()
    assert contents.digest == b"" and None in (contents.certificate, contents.key)
    return [(Path(fault.where).name, fault.what) for fault in contents.faults]


def test_both_are_read(tmp_path: Path) -> None:
    disk = Disk(tmp_path).write(b"chain", b"secret")
    contents = disk.files.read()
    assert (contents.certificate, contents.key, contents.key_mode & 0o777) == (b"chain", b"secret", 0o600)
    assert contents.faults == () and "secret" not in repr(contents)


def test_what_cannot_be_read_is_said_of_each(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    missing = "cannot be read: No such file or directory"
    assert faults(disk) == [("mx.pem", missing), ("mx-key.pem", missing)]
    disk.write(b"chain")
    assert faults(disk) == [("mx-key.pem", missing)]
    disk.key.mkdir()
    assert faults(disk) == [("mx-key.pem", "cannot be read: Is a directory")]


def test_a_fifo_blocks_nobody(tmp_path: Path) -> None:
    disk = Disk(tmp_path).write(b"chain")
    os.mkfifo(disk.key)
    assert disk.files.read().key == b""


def test_a_file_of_any_size_is_not_read(tmp_path: Path) -> None:
    disk = Disk(tmp_path).write(b"x" * (MAX_FILE_OCTETS + 1), b"key")
    assert faults(disk) == [("mx.pem", f"is larger than {MAX_FILE_OCTETS} octets")]


@pytest.mark.parametrize("other", [(b"ca", b"k"), (b"c", b"ak"), (b"c", b"other")])
def test_another_content_is_another_digest(other: tuple[bytes, bytes]) -> None:
    one = Contents(b"c", b"k", 0)
    assert one.digest == Contents(b"c", b"k", 0o644).digest
    assert one.digest != Contents(*other, 0).digest


def test_marks_change_with_the_files_and_with_links_to_them(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    (tmp_path / "one").write_bytes(b"1")
    (tmp_path / "two").write_bytes(b"2")
    missing = disk.files.marks()
    disk.certificate.symlink_to("one")
    first = disk.files.marks()
    assert (first == disk.files.marks(), first != missing) == (True, True)
    disk.certificate.unlink()
    disk.certificate.symlink_to("two")
    second = disk.files.marks()
    assert second != first
    (tmp_path / "two").write_bytes(b"22")
    assert disk.files.marks() != second


def test_a_bad_certificate_has_its_faults() -> None:
    error = BadCertificate(Fault("a", "b"), Fault("c", "d"))
    assert (str(error), error.fault) == ("a: b; c: d", Fault("a", "b"))
