"""Messages of others are taken in: with their UIDs, once, and durably."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate.failures import InUse, StoreError, StoreFull
from mailgate.mail import Entry
from mailgate.store.maildir import importing
from mailgate.store.maildir.importing import WAIT_SECONDS, Imports
from mailgate.store.maildir.origin import origin_of
from mailgate.store.maildir.planning import Taken
from mailgate.store.maildir.store import MaildirStore
from tests.store.support import (
    ALICE,
    NODE,
    FaultyDisk,
    at_once,
    content_of,
    deliver,
    entries_of,
    fault,
    files_below,
    message,
    open_descriptors,
)
from tests.support import result_of


@frozen
class Arriving:
    """What an archive gives."""

    open: Callable[[], Iterator[bytes]]
    where: str = "here"
    seconds: int = 1_700_000_000
    uid: str = ""
    unique: str = ""
    flags: str = ""
    is_new: bool = False
    smtputf8: bool = False


def arriving(content: bytes = b"Subject: x\n\nx\n", **known: Any) -> Arriving:
    return Arriving(partial(_blocks, content), **known)


def _blocks(content: bytes) -> Iterator[bytes]:
    yield from (content[at : at + 5] for at in range(0, len(content), 5))


def take(root: Path, *arrivals: Arriving, imports: Imports | None = None) -> list[Taken]:
    with (imports or Imports(str(root))).opened(ALICE) as maildrop:
        return list(maildrop.take(arrivals))


def a_store(root: Path) -> MaildirStore:
    return MaildirStore(str(root), NODE, at_once)


def entries(root: Path) -> Sequence[Entry]:
    return result_of(entries_of(a_store(root), ALICE))


def uids(root: Path) -> list[str]:
    return [entry.uid for entry in entries(root)]


def contents(root: Path) -> list[bytes]:
    store = a_store(root)
    return [result_of(content_of(result_of(store.read(ALICE, entry)))) for entry in entries(root)]


def directory(root: Path) -> Path:
    return root / "example.test" / "alice"


def test_all_is_kept(tmp_path: Path) -> None:
    taken = take(
        tmp_path,
        arriving(b"1\n", where="one", uid="000000016b043f4c", unique="1700000000.M1P2.host", flags="SR"),
        arriving(b"2\n", where="two", uid="1700000001.a.b", unique="1700000001.a.b", is_new=True, smtputf8=True),
    )
    assert taken == [Taken("one", "000000016b043f4c"), Taken("two", "1700000001.a.b")]
    assert files_below(str(directory(tmp_path))) == [
        "cur/1700000000.M1P2.host,S=2,W=3:2,RS",
        "dovecot-uidlist",
        "new/1700000001.a.b,S=2,W=3,U=1",
    ]
    one, two = entries(tmp_path)
    assert (one.uid, one.octets, one.seconds, one.smtputf8) == ("000000016b043f4c", 3, 1_700_000_000, False)
    assert (two.uid, two.octets, two.smtputf8, origin_of(two).is_new) == ("1700000001.a.b", 3, True, True)
    assert contents(tmp_path) == [b"1\n", b"2\n"]
    status = (directory(tmp_path) / "cur" / "1700000000.M1P2.host,S=2,W=3:2,RS").stat()
    assert (status.st_mode & 0o777, status.st_mtime) == (0o600, 1_700_000_000)
    # A UID that the name has already needs no line.
    assert (directory(tmp_path) / "dovecot-uidlist").read_text().count("\n") == 2


def test_a_new_message_with_flags_is_not_new(tmp_path: Path) -> None:
    take(tmp_path, arriving(unique="1.a", uid="1.a", is_new=True, flags="S"))
    (entry,) = entries(tmp_path)
    assert origin_of(entry).flags == "S"


def test_nothing_twice(tmp_path: Path) -> None:
    source = [
        arriving(b"1\n", uid="one"),
        arriving(b"2\n"),
        arriving(b"2\n", seconds=1_700_000_009),  # twice in the source: both are kept
        arriving(b"3\n", uid="one"),  # a second one of a UID
        arriving(b"1\n", uid="one"),
    ]
    first = take(tmp_path, *source)
    assert [taken.clashed for taken in first] == ["", "", "", "one", "one"]
    assert len({taken.uid for taken in first}) == len(set(uids(tmp_path))) == 5
    second = take(tmp_path, *source)
    assert [taken.uid for taken in second] == [taken.uid for taken in first]
    assert all(taken.was_there for taken in second)
    later = [arriving(b"2\n", seconds=1_800_000_000)]  # the file's time is another now
    assert [(taken.uid, taken.was_there) for taken in take(tmp_path, *later)] == [(first[1].uid, True)]
    assert len(entries(tmp_path)) == 5


def test_a_clash_with_what_is_there(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    result_of(deliver(store, message(), ALICE))
    (uid,) = uids(tmp_path)
    (taken,) = take(tmp_path, arriving(uid=uid, unique=uid))
    assert taken.clashed == uid
    assert set(uids(tmp_path)) == {uid, taken.uid}
    (again,) = take(tmp_path, arriving(uid=uid, unique=uid))
    assert again == Taken("here", taken.uid, was_there=True)


def test_a_name_that_another_has(tmp_path: Path) -> None:
    take(tmp_path, arriving(b"1\n", uid="one", unique="1.a"), arriving(b"2\n", uid="two", unique="1.a"))
    assert sorted(uids(tmp_path)) == ["one", "two"]
    # The name that is made of the content may be taken as well, by one of another UID.
    take(tmp_path, arriving(b"2\n", uid="three", unique="1.a"), arriving(b"2\n"))
    assert len(set(uids(tmp_path))) == 4


@pytest.mark.parametrize("unique", ["odd", "1.a b", "../x", "1.a,b", "1." + "x" * 141, "1.a:2"])
def test_names_that_will_not_do(tmp_path: Path, unique: str) -> None:
    take(tmp_path, arriving(uid="one", unique=unique, seconds=-5))
    (entry,) = entries(tmp_path)
    assert (entry.uid, entry.seconds) == ("one", 0)
    assert origin_of(entry).unique.endswith(".imported")


def test_line_ends_do_not_matter_for_what_is_there(tmp_path: Path) -> None:
    take(tmp_path, arriving(unique="1.a", uid="1.a"))
    (path,) = (directory(tmp_path) / "cur").iterdir()
    path.rename(path.with_name("1.a:2,"))
    (path.with_name("1.a:2,")).write_bytes(b"Subject: x\r\n\r\nx\r\n")
    assert take(tmp_path, arriving(uid="1.a")) == [Taken("here", "1.a", was_there=True)]


def unreadable() -> Iterator[bytes]:
    yield b"half"
    raise ValueError("nobody knows why")


def test_what_cannot_be_read_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    flips = itertools.cycle([b"short\n", b"much longer\n"])

    taken = take(
        tmp_path,
        Arriving(unreadable, where="one"),
        arriving(b"2\n", where="two"),
        Arriving(lambda: iter([next(flips)]), where="three"),
        Arriving(partial(_raise, FileNotFoundError("gone")), where="four"),
        arriving(b"5\n", where="five"),
    )
    assert [(each.where, each.trouble.split(":")[0]) for each in taken] == [
        ("one", "it cannot be read"),
        ("two", ""),
        ("three", "it changed while it was read"),
        ("four", "it cannot be read"),
        ("five", ""),
    ]
    assert sorted(contents(tmp_path)) == [b"2\n", b"5\n"]
    assert os.listdir(directory(tmp_path) / "tmp") == []


def _raise(error: Exception) -> Iterator[bytes]:
    raise error


def test_what_is_there_and_cannot_be_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH_MESSAGES", 1)
    take(tmp_path, arriving(uid="1.a", unique="1.a"))
    faulty = FaultyDisk()
    with Imports(str(tmp_path), faulty.disk).opened(ALICE) as maildrop:
        taken = maildrop.take(_breaking(faulty, tmp_path))
        first, second = taken
    assert "cannot compare it with what is there" in first.trouble
    assert "another program removed it" in second.trouble


def _breaking(faulty: FaultyDisk, root: Path) -> Iterator[Arriving]:
    faulty.always["read"] = fault(errno.EIO)
    yield arriving(uid="1.a")
    faulty.always.clear()

    def remove_and_read() -> Iterator[bytes]:
        for path in (directory(root) / "cur").iterdir():
            path.unlink()
        yield b"Subject: x\n\nx\n"

    yield Arriving(remove_and_read, uid="1.a")


def test_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH_MESSAGES", 7)
    monkeypatch.setattr(importing, "OPEN_FILES", 3)
    source = [arriving(b"%d\n" % number, uid=f"uid-{number}", where=str(number)) for number in range(20)]
    taken = take(tmp_path, *source)
    assert [(each.where, each.uid) for each in taken] == [(each.where, each.uid) for each in source]
    assert sorted(uids(tmp_path)) == sorted(each.uid for each in source)


UIDS = st.sampled_from(["", "one", "two", "1.a"])
UNIQUES = st.sampled_from(["", "1.a", "2.b", "one"])
ARRIVALS = st.lists(
    st.builds(arriving, st.sampled_from([b"1\n", b"2\n"]), uid=UIDS, unique=UNIQUES, seconds=st.sampled_from([1, 2])),
    max_size=7,
)


@settings(max_examples=80, deadline=None)
@given(first=ARRIVALS, second=ARRIVALS)
def test_no_two_messages_ever_have_one_uid(
    first: list[Arriving], second: list[Arriving], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("root")
    taken = take(root, *first)
    before = {entry.uid: entry.octets for entry in entries(root)}
    assert len(before) == len(first)
    assert sorted(before) == sorted(each.uid for each in taken)
    take(root, *second)
    after = {entry.uid: entry.octets for entry in entries(root)}
    assert before.items() <= after.items()  # nobody's UID changes
    assert len(after) == len(entries(root))
    assert all(each.was_there for each in (*take(root, *first), *take(root, *second)))


def test_a_full_disk(tmp_path: Path) -> None:
    faulty = FaultyDisk()
    with Imports(str(tmp_path), faulty.disk).opened(ALICE) as maildrop:
        faulty.always["write"] = fault(errno.ENOSPC)
        with pytest.raises(StoreFull, match="run it again when there is room"):
            list(maildrop.take([arriving()]))
        with pytest.raises(StoreFull, match="list of UIDs"):
            list(maildrop.take([arriving(uid="one")]))
    assert files_below(str(directory(tmp_path))) == []


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE])
def test_every_call_may_fail(tmp_path: Path, error: int) -> None:
    """Whatever fails: what is told as taken is there, under its UID, nothing is left over, and then it goes on."""
    number = 0
    descriptors = open_descriptors()
    while True:
        root = tmp_path / str(number)
        faulty = FaultyDisk()
        faulty.faults[number] = fault(error)
        try:
            taken = take(root, arriving(b"1\n", uid="one"), arriving(b"2\n"), imports=Imports(str(root), faulty.disk))
        except StoreError:
            taken = []
        assert {each.uid for each in taken if not each.trouble} <= set(uids(root))
        assert open_descriptors() == descriptors
        assert not (directory(root) / "tmp").is_dir() or os.listdir(directory(root) / "tmp") == []
        take(root, arriving(b"1\n", uid="one"), arriving(b"2\n"))
        assert len(uids(root)) == 2
        assert "one" in uids(root)
        if len(faulty.calls) <= number:
            break
        number += 1
    assert number > 20


def test_a_maildrop_in_use(tmp_path: Path) -> None:
    waits: list[float] = []
    session = result_of(a_store(tmp_path).open(ALICE))
    with (
        pytest.raises(InUse),
        Imports(str(tmp_path), sleep=waits.append).opened(ALICE),
    ):
        raise AssertionError("it is in use")
    assert sum(waits) == pytest.approx(WAIT_SECONDS, abs=1)
    imports = Imports(str(tmp_path), sleep=lambda _: session.release())
    with imports.opened(ALICE), pytest.raises(InUse):
        result_of(a_store(tmp_path).open(ALICE))
    result_of(a_store(tmp_path).open(ALICE)).release()


def test_a_bad_name(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not the name of a maildrop"), Imports(str(tmp_path)).opened("nobody"):
        raise AssertionError("it is no name")


def test_is_it_the_maildrop_itself(tmp_path: Path) -> None:
    with Imports(str(tmp_path)).opened(ALICE) as maildrop:
        assert maildrop.is_at(str(directory(tmp_path)))
        assert not maildrop.is_at(str(tmp_path))
        assert not maildrop.is_at(f"{tmp_path}/nowhere")
