from __future__ import annotations

from random import Random

import pytest

from tests.crash.operations import ROOT, Made, Moved, Operation, Synced, SyncedAll, Unlinked, Wrote
from tests.crash.states import states
from tests.crash.volume import Fate, State, Version, Volume

TMP, NEW, FILE = 1, 2, 3
FOLDERS = (Made((ROOT, "tmp"), TMP), Made((ROOT, "new"), NEW), Synced(ROOT))


def volume(*operations: Operation, atomic_renames: bool = True) -> Volume:
    made = Volume(atomic_renames=atomic_renames)
    for operation in operations:
        made.apply(operation)
    return made


def possible(made: Volume) -> set[str]:
    """All that may be after a power cut: the files in tmp and new, each with its content."""
    return {shown(state) for state in states(made, 10_000, Random(1))}


def shown(state: State) -> str:
    found = []
    for folder in ("tmp", "new"):
        directory = state.find(ROOT, folder)
        for name, node in state.list(directory) if directory is not None else ():
            found.append(f"{folder}/{name}={state.content(node).replace(bytes(1), b'0').decode()}")
    return " ".join(found)


def test_before_anything_is_done_there_is_one_state() -> None:
    assert possible(volume()) == {""}


def test_what_is_synced_can_be_in_one_state_only() -> None:
    file = (Made((NEW, "a"), FILE), Wrote(FILE, b"hello"))
    assert possible(volume(*FOLDERS, *file, Synced(FILE), Synced(NEW))) == {"new/a=hello"}
    assert possible(volume(*FOLDERS, *file, SyncedAll())) == {"new/a=hello"}


def test_a_name_is_as_durable_as_the_directory_that_has_it() -> None:
    made = volume(*FOLDERS, Made((NEW, "a"), FILE), Wrote(FILE, b"hello"), Synced(FILE))
    assert possible(made) == {"", "new/a=hello"}


def test_a_directory_is_as_durable_as_its_own_name() -> None:
    made = volume(Made((ROOT, "new"), NEW), Made((NEW, "a"), FILE), Synced(NEW))
    assert possible(made) == {"", "new/a="}


def test_a_content_is_missing_zero_cut_or_holed_until_it_is_synced() -> None:
    made = volume(*FOLDERS, Made((NEW, "a"), FILE), Synced(NEW), Wrote(FILE, b"ab"), Synced(FILE), Wrote(FILE, b"cd"))
    seen = {shown(state) for seed in range(20) for state in states(made, 100, Random(seed))}
    assert seen == {"new/a=ab", "new/a=ab00", "new/a=abc", "new/a=ab0d", "new/a=abcd"}


def test_a_name_may_be_as_it_was_at_any_moment_since_it_was_durable() -> None:
    made = volume(
        *FOLDERS, Made((NEW, "a"), FILE), Unlinked((NEW, "a")), Made((NEW, "a"), 4), Wrote(4, b"x"), Synced(4)
    )
    assert possible(made) == {"", "new/a=", "new/a=x"}


def test_names_of_one_directory_do_not_depend_on_each_other() -> None:
    made = volume(*FOLDERS, Made((NEW, "a"), FILE), Made((NEW, "b"), 4))
    assert possible(made) == {"", "new/a=", "new/b=", "new/a= new/b="}


def test_an_unlinked_name_may_come_back_until_its_directory_is_synced() -> None:
    removed = (*FOLDERS, Made((NEW, "a"), FILE), SyncedAll(), Unlinked((NEW, "a")))
    assert possible(volume(*removed)) == {"", "new/a="}
    assert possible(volume(*removed, Synced(TMP))) == {"", "new/a="}
    assert possible(volume(*removed, Synced(NEW))) == {""}


MOVED = (*FOLDERS, Made((TMP, "a"), FILE), SyncedAll(), Moved((TMP, "a"), (NEW, "b")))
OLD, ARRIVED, BOTH = "tmp/a=", "new/b=", "tmp/a= new/b="


def test_a_rename_leaves_the_old_name_the_new_one_or_both_but_never_neither() -> None:
    assert possible(volume(*MOVED)) == {OLD, ARRIVED, BOTH}


def test_a_rename_may_leave_neither_if_nothing_ties_them() -> None:
    assert possible(volume(*MOVED, atomic_renames=False)) == {OLD, ARRIVED, BOTH, ""}
    assert possible(volume(*MOVED, Synced(TMP), atomic_renames=False)) == {ARRIVED, ""}


def test_to_sync_the_new_directory_of_a_rename_leaves_the_old_name_open() -> None:
    assert possible(volume(*MOVED, Synced(NEW))) == {ARRIVED, BOTH}


def test_to_sync_the_old_directory_of_a_rename_makes_the_new_name_durable_too() -> None:
    assert possible(volume(*MOVED, Synced(TMP))) == {ARRIVED}


def test_what_a_rename_made_durable_may_have_gone_on_since() -> None:
    assert possible(volume(*MOVED, Unlinked((NEW, "b")), Synced(TMP))) == {ARRIVED, ""}


def test_a_file_that_is_moved_twice_is_never_in_no_place() -> None:
    again = Moved((NEW, "b"), (NEW, "c"))
    assert all(possible(volume(*MOVED, again)))
    assert possible(volume(*MOVED, again, Synced(NEW))) == {"new/c=", "tmp/a= new/c="}


def test_a_rename_replaces_what_had_the_name() -> None:
    made = volume(*FOLDERS, Made((NEW, "b"), 4), Made((TMP, "a"), FILE), SyncedAll(), Moved((TMP, "a"), (NEW, "b")))
    assert made.now() == {(ROOT, "tmp"): TMP, (ROOT, "new"): NEW, (NEW, "b"): FILE}


def test_nothing_can_be_moved_that_is_not_there() -> None:
    with pytest.raises(AssertionError, match="not there"):
        volume(*FOLDERS, Moved((TMP, "a"), (NEW, "b")))


def test_a_state_follows_paths_as_far_as_they_lead() -> None:
    made = volume(*FOLDERS, Made((NEW, "a"), FILE))
    state = State(made, {(NEW, "a"): Version(4, FILE)}, {FILE: Fate(0, 0, 0)})
    assert state.find(ROOT, "new", "a") == FILE
    assert state.find(ROOT, "old", "a") is None
    assert list(state.list(FILE)) == []
