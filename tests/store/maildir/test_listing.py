from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import Entry
from mailgate.store.maildir import filename, listing, uid_owners
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.listing import EXACT, NOTHING, Listing, place_in_order, scan
from tests.store.support import FaultyDisk, fault

Scan = Callable[..., Listing]


@pytest.fixture
def new(tmp_path: Path) -> Path:
    for folder in ("cur", "new", "tmp"):
        (tmp_path / folder).mkdir()
    return tmp_path / "new"


@pytest.fixture
def cur(new: Path) -> Path:
    return new.parent / "cur"


def _scan(folder: Path, disk: Disk | None = None, known: Listing = NOTHING) -> Listing:
    with Disk().opened(str(folder.parent), DIRECTORY) as maildrop:
        return scan(disk or Disk(), maildrop, known)


def _entries(folder: Path) -> tuple[Entry, ...]:
    return _scan(folder).entries


def test_nothing_is_opened_or_looked_at_where_the_name_tells_all(new: Path) -> None:
    (new / "1200000000.a.b,S=50,W=77").write_bytes(b"")
    faulty = FaultyDisk()
    (entry,) = _scan(new, faulty.disk).entries
    assert entry == Entry("1200000000.a.b", 77, "new/1200000000.a.b,S=50,W=77", "", 1_200_000_000, False)
    assert faulty.calls.count("open") == 4  # two folders, and two lists of UIDs that are not there
    assert faulty.calls.count("stat") == 2  # of cur


def test_order_is_seconds_then_name(new: Path, cur: Path) -> None:
    for folder, name in (
        (new, "900000000.z"),
        (cur, "1000000000.b:2,S"),
        (new, "1000000000.a"),
        (cur, "1000000000.c"),
        (new, "200000000.x"),
    ):
        (folder / name).write_bytes(b"x\n")
    assert [entry.uid.lstrip("0129.") for entry in _entries(new)] == ["x", "z", "a", "b", "c"]


def test_where_the_number_in_a_name_is_no_time_the_files_time_counts(new: Path) -> None:
    for number, name in enumerate(("1.eml", "2", "1700000003.real"), 1):
        (new / name).write_bytes(b"x\n")
        os.utime(new / name, (0, 1_700_000_000 + 9 * number))
    assert [(entry.uid, entry.seconds - 1_700_000_000) for entry in _entries(new)] == [
        ("1700000003.real", 3),
        ("1.eml", 9),
        ("2", 18),
    ]


OURS = "1700000000.06h1x1g0000000000000000001.node0001,S=9,W=10"


def test_our_own_names_among_others(new: Path, cur: Path) -> None:
    for folder, name in ((new, OURS), (cur, OURS.replace("170", "160") + ",U=1:2,S"), (new, "1650000000.x,S=1,W=3")):
        (folder / name).write_bytes(b"")
    first, second, third = _entries(new)
    unique = OURS.partition(",")[0]
    identity = unique.split(".")[1]
    key = f"cur/{OURS.replace('170', '160')},U=1:2,S"
    assert first == Entry(unique.replace("170", "160"), 10, key, identity, 1_600_000_000, True)
    assert second == Entry("1650000000.x", 3, "new/1650000000.x,S=1,W=3", "", 1_650_000_000, False)
    assert third == Entry(unique, 10, f"new/{OURS}", identity, 1_700_000_000, False)


def test_our_own_names_twice(new: Path, cur: Path) -> None:
    for place in (new / OURS, cur / f"{OURS}:2,S", cur / f"{OURS},U=1"):
        place.write_bytes(b"")
    entries = _entries(new)
    assert len({entry.uid for entry in entries}) == 3
    assert sorted(len(entry.uid) for entry in entries) == [len(OURS.partition(",")[0]), 64, 64]
    assert [entry.key.startswith(EXACT) for entry in entries] == [True, True, False]


def test_an_entrys_place_in_the_order_can_be_told(new: Path, cur: Path) -> None:
    names = (OURS, "1700000000.z", "hello", "9.a", f"{OURS}:2,S", "9.a,S=2,W=2", "1.ü", ",", "1.b:2,S")
    for number, name in enumerate(names):
        ((new, cur)[number % 2] / name).write_bytes(b"x\n")
    (cur / OURS).write_bytes(b"x\n")
    entries = _entries(new)
    assert len(entries) == 10 and list(entries) == sorted(entries, key=place_in_order)
    assert len(set(map(place_in_order, entries))) == 10


def test_foreign_files_are_counted(new: Path, cur: Path) -> None:
    (new / "1000000001.lf").write_bytes(b"a\nb\n")
    (cur / "1000000002.crlf:2,S").write_bytes(b"a\r\nb\r\n")
    (new / "1000000003.open").write_bytes(b"a\nb")
    (new / "1000000004.dovecot,S=4,W=9").write_bytes(b"a\nb\n")  # a name is believed
    (new / "hello").write_bytes(b"")
    (new / "sized,W=9").write_bytes(b"x\n")
    os.utime(new / "hello", (1_000_000_005, 1_000_000_005))
    os.utime(new / "sized,W=9", (1_000_000_006, 1_000_000_006))
    sizes = [(entry.octets, entry.seconds - 1_000_000_000) for entry in _entries(new)]
    assert sizes == [(6, 1), (6, 2), (6, 3), (9, 4), (0, 5), (9, 6)]


def test_sizes_are_remembered_until_the_file_changes(new: Path, cur: Path) -> None:
    (new / "1.x").write_bytes(b"a\n")
    first = _scan(new)
    os.rename(new / "1.x", cur / "1.x:2,S")
    faulty = FaultyDisk()
    second = _scan(new, faulty.disk, first)
    assert "read" not in faulty.calls and second.entries[0].octets == 3
    (cur / "1.x:2,S").write_bytes(b"a\nb\n")
    assert _scan(new, None, second).entries[0].octets == 6


def test_what_is_no_message_is_not_listed(new: Path) -> None:
    (new / "1.a").write_bytes(b"x\n")
    (new / ".hidden").write_bytes(b"x\n")
    (new / "folder").mkdir()
    (new / "2.link").symlink_to("1.a")
    (new / "3.dangling").symlink_to("nowhere")
    os.mkfifo(new / "4.fifo")
    (new.parent / ".Sent" / "cur").mkdir(parents=True)
    (new.parent / ".Sent" / "cur" / "5.sent").write_bytes(b"x\n")
    (new.parent / "tmp" / "6.tmp").write_bytes(b"x\n")
    assert [entry.uid for entry in _entries(new)] == ["1.a"]


@pytest.mark.parametrize("missing", ["new", "cur"])
def test_a_missing_folder_is_an_empty_one(new: Path, missing: str) -> None:
    (new.parent / ("cur" if missing == "new" else "new") / "1.a").write_bytes(b"x\n")
    (new.parent / missing).rmdir()
    assert len(_entries(new)) == 1


def test_a_folder_that_is_a_link_is_refused(new: Path) -> None:
    new.rmdir()
    new.symlink_to("cur")
    with pytest.raises(NotADirectoryError):
        _entries(new)


def test_uid_survives_flags_and_the_move_to_cur(new: Path, cur: Path) -> None:
    for name in ("1.a,S=1,W=1", "odd name", "x" * 90):
        (new / name).write_bytes(b"x\n")
    before = _entries(new)
    for name in ("1.a,S=1,W=1", "odd name", "x" * 90):
        os.rename(new / name, cur / f"{name}:2,FRS")
    after = _entries(new)
    assert [entry.uid for entry in before] == [entry.uid for entry in after]
    assert [entry.key for entry in before] != [entry.key for entry in after]


def test_a_name_that_makes_no_uid_is_hashed(new: Path) -> None:
    for made in (os.fsencode("1.ü"), b"2.a b", b"3." + b"x" * 69, b",S=1", b"4.\xff", b"5." + b"y" * 68):
        (new / os.fsdecode(made)).write_bytes(b"x\n")
    uids = {entry.key.removeprefix("new/"): entry.uid for entry in _entries(new)}
    assert uids["5." + "y" * 68] == "5." + "y" * 68
    for name, uid in uids.items():
        if not name.startswith("5."):
            assert uid == hashlib.sha256(os.fsencode(name)).hexdigest()


def test_names_that_differ_only_behind_the_comma(new: Path) -> None:
    for name in ("1.a,S=2", "1.a,S=3"):
        (new / name).write_bytes(b"x\n")
        os.utime(new / name, (5, 5))
    first, second = _entries(new)
    assert (first.uid, len(second.uid)) == ("1.a", 64)


def test_imported_uids_count_first(new: Path, cur: Path) -> None:
    for name in ("1000000001.a,S=2", "1000000002.b", "1000000003.c", "1000000004.d", "1000000005.e"):
        (new / name).write_bytes(b"x\n")
    (new / OURS).write_bytes(b"x\n")
    (new.parent / "dovecot-uidlist").write_bytes(
        b"3 V1 N9\n1 P0001 :1000000001.a,S=2:2,S\n2 Pwith\x01control :1000000002.b\n"
        b"3 Psame :1000000003.c\n4 Psame :1000000004.d\n5 P :1000000005.e\n"
        b"6 Pours :" + OURS.encode() + b":2,S\n"
    )
    first, second, third, fourth, fifth, sixth = (entry.uid for entry in _entries(new))
    assert (first, second, fifth, sixth) == ("0001", "1000000002.b", "1000000005.e", "ours")
    assert third == "same" and len(fourth) == 64


def test_a_message_that_moves_during_the_scan_is_listed_once(new: Path, cur: Path) -> None:
    (new / "1.a").write_bytes(b"x\n")
    seen = 0

    @contextmanager
    def scandir(descriptor: int) -> Iterator[Iterator[os.DirEntry[str]]]:
        nonlocal seen
        with os.scandir(descriptor) as entries:
            listed = list(entries)
        seen += 1
        if seen == 1:
            os.rename(new / "1.a", cur / "1.a:2,S")
        yield iter(listed)

    (entry,) = _scan(new, evolve(Disk(), scandir=scandir)).entries
    assert entry.key == "cur/1.a:2,S"


def test_a_cur_that_changes_during_the_scan_is_read_again_but_not_for_ever(new: Path, cur: Path) -> None:
    scans = 0

    def scandir(descriptor: int) -> AbstractContextManager[Iterator[os.DirEntry[str]]]:
        nonlocal scans
        scans += 1
        os.utime(cur, ns=(scans, scans))
        return os.scandir(descriptor)

    assert _scan(new, evolve(Disk(), scandir=scandir)).entries == ()
    assert scans == 6


def test_two_files_with_one_base_name_are_two_messages(new: Path, cur: Path) -> None:
    (new / "1.a").write_bytes(b"first\n")
    (cur / "1.a:2,S").write_bytes(b"second\n")
    one, other = _entries(new)
    assert one.uid != other.uid and {one.key, other.key} == {"=new/1.a", "=cur/1.a:2,S"}


def _locked_uids(folder: Path, known: Listing = NOTHING) -> dict[str, str]:
    """UIDs by content, as a session gives them, which writes down whose they are."""
    listing = _scan(folder, None, known)
    if listing.new_owners:
        with Disk().opened(str(folder.parent), DIRECTORY) as maildrop:
            assert uid_owners.add(Disk(), maildrop, listing.new_owners)
    return {(folder.parent / entry.key.removeprefix(EXACT)).read_text(): entry.uid for entry in listing.entries}


@pytest.mark.parametrize("base", ["1700000000.a", "odd näme", OURS])
def test_uids_depend_neither_on_other_files_nor_on_places(new: Path, cur: Path, base: str) -> None:
    (cur / f"{base}:2,S").write_text("first\n")
    ((plain),) = _locked_uids(new).values()
    (new / base).write_text("second\n")
    os.utime(cur / f"{base}:2,S", (5, 5))
    both = _locked_uids(new)
    assert both["first\n"] == plain != both["second\n"]
    os.rename(new / base, cur / f"{base}:2,F")
    os.rename(cur / f"{base}:2,S", new / base)
    assert _locked_uids(new) == both
    (new / f"{base},X=1").write_text("third\n")
    three = _locked_uids(new)
    assert {**three, **both} == three and len(set(three.values())) == 3
    (new / base).unlink()  # the first
    assert _locked_uids(new) == {content: uid for content, uid in three.items() if content != "first\n"}
    (new / f"{base},X=1").unlink()
    assert _locked_uids(new) == {"second\n": both["second\n"]}
    (new / base).write_text("first\n")  # it is restored
    assert _locked_uids(new) == both


def test_names_that_make_no_uid_clash_by_what_is_made_of_them(new: Path, cur: Path) -> None:
    (new / "ö").write_text("first\n")
    (cur / "ö:2,").write_text("second\n")
    assert hashlib.sha256("ö".encode()).hexdigest() in _locked_uids(new).values()


def test_contents_are_read_once_and_only_where_uids_are_contested(new: Path, cur: Path) -> None:
    (new / OURS).write_bytes(b"first\n")
    (cur / f"{OURS}:2,S").write_bytes(b"second\n")
    (new / _name(1, 1)).write_bytes(b"third\n")
    faulty = FaultyDisk()
    first = _scan(new, faulty.disk)
    assert faulty.calls.count("read") == 4  # each of the two, and its end
    faulty.calls.clear()
    assert _scan(new, faulty.disk, first) == first and "read" not in faulty.calls


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOENT, errno.EMFILE])
def test_trouble_with_one_whose_uid_is_contested(new: Path, cur: Path, number: int) -> None:
    (new / OURS).write_bytes(b"first\n")
    (cur / f"{OURS}:2,S").write_bytes(b"second\n")
    faulty = FaultyDisk()
    faulty.faults[_index_of_reading(new, "open")] = fault(number)
    if number == errno.EMFILE:
        with pytest.raises(OSError, match="Too many"):
            _scan(new, faulty.disk)
        return
    uids = [entry.uid for entry in _scan(new, faulty.disk).entries]
    assert OURS.partition(",")[0] in uids and len(set(uids)) == len(uids) == (1 if number == errno.ENOENT else 2)


def test_one_that_vanishes_during_the_scan_is_left_out(new: Path) -> None:
    (new / "1.a").write_bytes(b"x\n")
    (new / "2.b").write_bytes(b"x\n")

    def stat(path: str, **keywords: object) -> os.stat_result:
        if path == "1.a":
            os.unlink(new / "1.a")
        return os.stat(path, **keywords)  # type: ignore[arg-type]

    assert [entry.uid for entry in _scan(new, evolve(Disk(), stat=stat)).entries] == ["2.b"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
@pytest.mark.parametrize("call", ["open", "read"])
def test_one_bad_file_does_not_hide_the_others(new: Path, number: int, call: str) -> None:
    (new / "1.bad").write_bytes(b"abc\n")
    (new / "2.b,W=4").write_bytes(b"x\n")
    faulty = FaultyDisk()
    _scan(new, faulty.disk)
    faulty.calls.clear()
    at = _index_of_reading(new, call)
    faulty.faults[at] = fault(number)
    assert [entry.octets for entry in _scan(new, faulty.disk).entries] == [4, 4]


def test_want_of_descriptors_is_not_the_files_fault(new: Path) -> None:
    (new / "1.bad").write_bytes(b"abc\n")
    faulty = FaultyDisk()
    faulty.faults[_index_of_reading(new, "open")] = fault(errno.EMFILE)
    with pytest.raises(OSError, match="Too many"):
        _scan(new, faulty.disk)


def _index_of_reading(new: Path, call: str) -> int:
    rehearsal = FaultyDisk()
    _scan(new, rehearsal.disk)
    first_read = rehearsal.calls.index("read")
    return first_read if call == "read" else max(at for at in range(first_read) if rehearsal.calls[at] == "open")


def _name(seconds: int, number: int, extras: str = ",S=1,W=2") -> str:
    return f"{seconds}.{number:026d}.node0001{extras}"


_FILES = st.dictionaries(
    st.tuples(
        st.sampled_from(
            [_name(at, number) for at in (1, 2) for number in range(4)] + [_name(1, 0, ",S=1,W=2,U=1"), "1.x", "y z"]
        ),
        st.sampled_from(["new", "cur"]),
    ),
    st.sampled_from(["", ":2,", ":2,S"]),
)
_LISTS = st.dictionaries(
    st.sampled_from([_name(1, 0), _name(1, 1), "1.x"]), st.sampled_from(["u1", "u2", "", "no uid"])
)


@given(st.lists(st.tuples(_FILES, _LISTS), min_size=2, max_size=4))
def test_what_is_known_makes_no_difference(states: list[tuple[dict[tuple[str, str], str], dict[str, str]]]) -> None:
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patched:
        patched.setattr(listing, "FEW", 0)  # however many are new
        maildrop = Path(directory)
        for folder in ("new", "cur"):
            (maildrop / folder).mkdir()
        known = NOTHING
        for files, uids in states:
            for folder in ("new", "cur"):
                there = {base + info for (base, where), info in files.items() if where == folder}
                for gone in set(os.listdir(maildrop / folder)) - there:
                    (maildrop / folder / gone).unlink()
                for name in there:
                    (maildrop / folder / name).write_bytes(b"x\n")
            lines = [f"{number} P{uid} :{base}\n" for number, (base, uid) in enumerate(uids.items(), 1)]
            (maildrop / "dovecot-uidlist").write_text("3 V1 N9\n" + "".join(lines))
            known, anew = _scan(maildrop / "new", None, known), _scan(maildrop / "new")
            assert known == anew


def test_only_what_is_new_is_parsed(new: Path, cur: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 20):
        (new / _name(number, number)).write_bytes(b"")
    first = _scan(new)
    (new / _name(10, 3)).write_bytes(b"")
    os.rename(new / _name(5, 5), cur / f"{_name(5, 5)}:2,S")
    (new / _name(7, 7)).unlink()
    parsed: list[str] = []
    parse = filename.parse_composed

    def noted(base: str) -> tuple[str, int, str, int, bool] | None:
        parsed.append(base)
        return parse(base)

    monkeypatch.setattr(filename, "parse_composed", noted)
    second = _scan(new, None, first)
    assert sorted(parsed) == [_name(10, 3), _name(5, 5)]
    assert [entry.seconds for entry in second.entries] == sorted([*range(1, 7), *range(8, 20), 10])
    assert [entry.id[-2:] for entry in second.entries if entry.seconds == 10] == ["03", "10"]
    same = {entry.key: entry for entry in first.entries}
    assert sum(entry is same.get(entry.key) for entry in second.entries) == 17


def test_where_much_is_new_all_is_read_anew(new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 9):
        (new / _name(number, number)).write_bytes(b"")
    first = _scan(new)
    for number in (9, 10):
        (new / _name(number, number)).write_bytes(b"")
    second = _scan(new, None, first)
    assert len(second.entries) == 10 and not any(entry is first.entries[0] for entry in second.entries)


def test_a_foreign_file_among_known_ones_is_looked_at_again(new: Path) -> None:
    for number in range(1, 20):
        (new / _name(number, number)).write_bytes(b"")
    (new / "30.x").write_bytes(b"a\n")
    first = _scan(new)
    (new / "30.x").write_bytes(b"a\nb\n")
    second = _scan(new, None, first)
    assert [first.entries[-1].octets, second.entries[-1].octets] == [3, 6]
    assert second.entries[0] is first.entries[0] and second == _scan(new)


def test_a_large_maildrop_is_in_order(new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "SORTED_ROWS", 3)
    for number in (5, 3, 8, 1, 9, 2, 7, 4, 6):
        (new / _name(number, number)).write_bytes(b"")
    assert [entry.seconds for entry in _entries(new)] == list(range(1, 10))


def test_a_name_that_is_distrusted_is_measured(new: Path, cur: Path) -> None:
    base = _name(1_700_000_000, 1)
    (new / base).write_bytes(b"a\nb\n")
    for number in range(2, 20):
        (new / _name(number, number)).write_bytes(b"")
    first = _scan(new)
    known = evolve(first, distrusted=frozenset({base}), counted=frozenset({f"new/{base}"}))
    for listed in (_scan(new, None, known), _scan(new, None, evolve(NOTHING, distrusted=known.distrusted))):
        entry = listed.entries[-1]
        assert (entry.octets, entry.seconds, entry.uid) == (6, 1_700_000_000, first.entries[-1].uid)
        assert listed.counted == {entry.key} and listed.distrusted == {base}
    os.rename(new / base, cur / f"{base}:2,S")
    assert _scan(new, None, listed).entries[-1].octets == 6
