from __future__ import annotations

import pytest

from tests.crash.operations import ROOT, Made, Operation, Wrote
from tests.crash.promises import Delivered, Event, Promises, Removed, Removing
from tests.crash.syncs import ROOT_PATH
from tests.crash.volume import State, Volume

ALICE = "alice@example.org"
ID = "01hf7yatz80000000000000001"
COPY = (ALICE, ID)
NAME = f"1700000000.{ID}.node0001,S=7,W=7"
DELIVERED, REMOVING, REMOVED = Delivered((COPY,)), Removing((COPY,), False), Removed((COPY,), False)
TRASHING, TRASHED = Removing((COPY,), True), Removed((COPY,), True)


def broken(events: list[Event], **files: bytes) -> list[str]:
    """`files` are contents by folder; the trash is called `trash`."""
    promises = Promises({COPY: b"content"})
    for event in events:
        promises.hear(event)
    volume = Volume()
    for operation in _made(files):
        volume.apply(operation)
    picks = {place: versions[-1] for place, versions in volume.unsettled.items()}
    return list(promises.broken(State(volume, picks, {})))


def _made(files: dict[str, bytes]) -> list[Operation]:
    directory, operations = ROOT, list[Operation]()
    for name in (*ROOT_PATH, "example.org", "alice"):
        operations.append(Made((directory, name), directory + 1))
        directory += 1
    for number, (folder, content) in enumerate(files.items()):
        node = 10 + 2 * number
        name = f"1700000001~{NAME}" if folder == "trash" else NAME if folder == "new" else f"{NAME}:2,S"
        operations.append(Made((directory, "mailgate-removed" if folder == "trash" else folder), node))
        operations += [Made((node, name), node + 1), Wrote(node + 1, content)]
    return operations


@pytest.mark.parametrize(
    ("events", "files"),
    [
        ([], {}),
        ([], {"new": b"content"}),
        ([DELIVERED], {"new": b"content"}),
        ([DELIVERED], {"cur": b"content"}),
        ([DELIVERED, REMOVING], {"new": b"content"}),
        ([DELIVERED, REMOVING], {}),
        ([DELIVERED, REMOVING, REMOVED], {}),
        ([DELIVERED, TRASHING], {"trash": b"content"}),
        ([DELIVERED, TRASHING], {"cur": b"content"}),
        ([DELIVERED, TRASHING, TRASHED], {"trash": b"content"}),
        ([DELIVERED, TRASHING, REMOVING, REMOVED], {}),
        ([TRASHING], {}),
    ],
)
def test_what_is_promised_may_be(events: list[Event], files: dict[str, bytes]) -> None:
    assert broken(events, **files) == []


@pytest.mark.parametrize(
    ("events", "files", "what"),
    [
        ([DELIVERED], {}, "acknowledged and lost"),
        ([DELIVERED], {"trash": b"content"}, "acknowledged and lost"),
        ([], {"new": b"con"}, "half a message in new"),
        ([], {"cur": b"\0\0\0\0\0\0\0"}, "half a message in cur"),
        ([DELIVERED, REMOVING, REMOVED], {"new": b"content"}, "removed and back"),
        ([DELIVERED, TRASHING, TRASHED], {"trash": b"content", "cur": b"content"}, "removed and back"),
        ([DELIVERED, TRASHING], {}, "lost on its way to the trash"),
        ([TRASHING, TRASHED], {}, "lost from the trash"),
    ],
)
def test_what_is_not_as_promised_is_named(events: list[Event], files: dict[str, bytes], what: str) -> None:
    assert broken(events, **files) == [f"{what}: {ID} of {ALICE}"]


def test_where_renames_are_not_atomic_a_message_may_be_lost_on_its_way_to_the_trash() -> None:
    promises = Promises({COPY: b"content"}, atomic_renames=False)
    for event in (DELIVERED, TRASHING):
        promises.hear(event)
    assert list(promises.broken(State(Volume(), {}, {}))) == []
    promises.hear(TRASHED)
    assert list(promises.broken(State(Volume(), {}, {}))) == [f"lost from the trash: {ID} of {ALICE}"]
