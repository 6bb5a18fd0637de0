from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mailgate.failures import StoreError, StoreFull, Unrepaired
from mailgate.store.maildir.disk import CREATE, DIRECTORY, READ, Disk, as_store_error, in_words, is_full, is_unwritable
from tests.store.support import FaultyDisk, fault


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_room(number: int) -> None:
    with pytest.raises(StoreFull, match="free some space"), as_store_error("cannot write"):
        raise fault(number)
    assert is_full(fault(number)) and is_unwritable(fault(number))


@pytest.mark.parametrize(
    ("number", "advice", "kind"),
    [
        (errno.EMFILE, "LimitNOFILE", StoreError),
        (errno.EROFS, "read-only", StoreError),
        (errno.EIO, "disk may be failing", StoreError),
        (errno.EXDEV, os.strerror(errno.EXDEV), StoreError),
        (errno.EACCES, "belong to the user", Unrepaired),
        (errno.EPERM, "belong to the user", Unrepaired),
        (errno.ELOOP, "symbolic link", Unrepaired),
        (errno.ENOTDIR, "symbolic link", Unrepaired),
        (errno.ENOLCK, "flock", Unrepaired),
        (errno.EOPNOTSUPP, "flock", Unrepaired),
        (errno.ENAMETOOLONG, "too long", Unrepaired),
        (errno.EUCLEAN, "fsck", Unrepaired),
    ],
)
def test_other_trouble_says_what_to_do(number: int, advice: str, kind: type[StoreError]) -> None:
    with pytest.raises(StoreError, match=advice) as caught, as_store_error("cannot write"):
        raise fault(number)
    assert type(caught.value) is kind and not is_full(fault(number))


def test_the_words_name_the_file_and_need_no_number() -> None:
    error = OSError(errno.EIO, "x", "/mail/a")
    assert in_words("cannot read", error).endswith("(/mail/a)")
    assert in_words("cannot read", OSError("odd")) == "cannot read: odd"


def test_nothing_but_what_was_meant_is_opened(tmp_path: Path) -> None:
    disk = Disk()
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "away").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "fifo")
    for name, flags in (("link", READ), ("away", DIRECTORY), ("file", DIRECTORY), ("file", CREATE), ("link", CREATE)):
        with pytest.raises(OSError, match=r".+"):
            disk.open(str(tmp_path / name), flags)
    with disk.opened(str(tmp_path / "fifo"), READ) as descriptor:  # does not wait for a writer
        assert not os.get_inheritable(descriptor)


def test_quiet_is_quiet(tmp_path: Path) -> None:
    faulty = FaultyDisk()
    faulty.always = {"close": fault(errno.EIO), "unlink": fault(errno.EIO)}
    with faulty.disk.opened(str(tmp_path), DIRECTORY):
        pass
    faulty.disk.unlink_quietly(str(tmp_path / "x"))
    assert faulty.calls == ["open", "close", "unlink"]


def test_many_are_closed_by_few_calls_and_no_other(tmp_path: Path) -> None:
    faulty = FaultyDisk()
    faulty.always = {"closerange": fault(errno.EIO)}
    ours = [os.open(tmp_path, DIRECTORY) for _ in range(6)]
    others = os.open(tmp_path, DIRECTORY), ours.pop(2)
    faulty.disk.close_all_quietly(reversed(ours))
    assert 2 <= len(faulty.calls) <= 5
    for descriptor in ours:
        with pytest.raises(OSError, match="descriptor"):
            os.fstat(descriptor)
    for descriptor in others:
        os.close(descriptor)  # open still
    faulty.disk.close_all_quietly([])
