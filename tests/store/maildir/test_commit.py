from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from attrs import evolve

from mailgate.interfaces import NotCommitted
from mailgate.store.maildir.commit import Pending, commit, discard
from tests.store.support import FaultyDisk, fault, files_below, open_descriptors


@pytest.fixture
def files(tmp_path: Path) -> list[Pending]:
    pending = []
    for number, target in enumerate(("a", "b", "a")):
        (tmp_path / target).mkdir(exist_ok=True)
        (tmp_path / f"tmp{number}").write_bytes(b"%d" % number)
        descriptor = os.open(tmp_path / f"tmp{number}", os.O_WRONLY) if number < 2 else None
        pending.append(Pending(str(tmp_path / f"tmp{number}"), str(tmp_path / target / str(number)), descriptor))
    return pending


def test_contents_then_names_then_the_names_durable(tmp_path: Path, files: list[Pending]) -> None:
    faulty = FaultyDisk()
    before = open_descriptors()
    commit(faulty.disk, files)
    order = [name for name in faulty.calls if name in ("fsync", "rename")]
    assert order == ["fsync"] * 2 + ["rename"] * 3 + ["fsync"] * 2  # a directory is synced once
    assert files_below(str(tmp_path)) == ["a/0", "a/2", "b/1"]
    assert open_descriptors() == before - 2


def test_a_name_is_never_taken_from_another_file(tmp_path: Path, files: list[Pending]) -> None:
    (tmp_path / "b/1").write_bytes(b"another")
    with pytest.raises(NotCommitted) as caught:
        commit(FaultyDisk().disk, files)
    assert caught.value.visible == ()
    assert files_below(str(tmp_path)) == ["b/1"]
    assert (tmp_path / "b/1").read_bytes() == b"another"


def _pair(root: Path) -> list[Pending]:
    pending = []
    for target in ("a", "b"):
        (root / target).mkdir(parents=True)
        (root / f"tmp-{target}").write_bytes(b"x")
        descriptor = os.open(root / f"tmp-{target}", os.O_WRONLY)
        pending.append(Pending(str(root / f"tmp-{target}"), str(root / target / "m"), descriptor))
    return pending


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE])
def test_whichever_call_fails_all_or_none_is_visible(tmp_path: Path, number: int) -> None:
    rehearsal, before = FaultyDisk(), open_descriptors()
    commit(rehearsal.disk, _pair(tmp_path / "rehearsal"))
    for at, call in enumerate(rehearsal.calls):
        faulty, root = FaultyDisk(), tmp_path / str(at)
        faulty.faults[at] = fault(number)
        try:
            commit(faulty.disk, _pair(root))
        except NotCommitted as error:
            assert files_below(str(root)) == [] and error.visible == ()
            assert error.full == (number in (errno.ENOSPC, errno.EDQUOT))
        else:
            assert files_below(str(root)) == ["a/m", "b/m"]
            assert call == "close"  # nothing that matters is overlooked
        assert open_descriptors() == before


def test_what_cannot_be_taken_back_is_named(tmp_path: Path, files: list[Pending]) -> None:
    names = 0

    def rename(source: str, target: str) -> None:
        nonlocal names
        names += 1
        if names == 3:
            raise fault(errno.EROFS)
        os.rename(source, target)

    disk = FaultyDisk()
    disk.always = {"unlink": fault(errno.EROFS)}
    with pytest.raises(NotCommitted) as caught:
        commit(evolve(disk.disk, rename=rename), files)
    assert set(caught.value.visible) >= {files[0].final, files[1].final}
    assert files_below(str(tmp_path)) == ["a/0", "b/1", "tmp2"]


def test_a_file_that_another_program_has_taken_meanwhile_is_visible(tmp_path: Path, files: list[Pending]) -> None:
    (tmp_path / "cur").mkdir()

    def rename(source: str, target: str) -> None:
        os.rename(source, target)
        if target == files[1].final:
            os.rename(files[0].final, tmp_path / "cur" / "0")
            raise fault(errno.EIO)  # and this one has its name all the same

    with pytest.raises(NotCommitted) as caught:
        commit(evolve(FaultyDisk().disk, rename=rename), files)
    assert caught.value.visible == (files[0].final,)
    assert files_below(str(tmp_path)) == ["cur/0"]


def test_discarded(tmp_path: Path, files: list[Pending]) -> None:
    before = open_descriptors()
    discard(FaultyDisk().disk, files)
    assert files_below(str(tmp_path)) == []
    assert open_descriptors() == before - 2
