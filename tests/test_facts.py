"""The Bulletin: every fact to every reader, stamped, and a reader's bug costs that reader only."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from mailgate import facts
from mailgate.facts import Bulletin, Fact, Reader, Secured


class Notes:
    def __init__(self) -> None:
        self.read_: list[Fact] = []

    def read(self, fact: Fact) -> None:
        self.read_.append(fact)


class Broken(Notes):
    def read(self, fact: Fact) -> None:
        super().read(fact)
        raise RuntimeError("broken reader")


def bulletin(reports: list[tuple[Reader, Exception]]) -> Bulletin:
    return Bulletin("node0001", lambda: 12.5, lambda reader, error: reports.append((reader, error)))


def test_every_reader_is_told_in_order_with_time_and_node() -> None:
    board = bulletin([])
    first, second = Notes(), Notes()
    board.add(first)
    board.tell(Secured(session="a", tls="TLSv1.3"))
    board.add(second)
    board.tell(Secured(session="b", tls="TLSv1.3"))
    assert first.read_ == [
        Secured(session="a", tls="TLSv1.3", at=12.5, node="node0001"),
        Secured(session="b", tls="TLSv1.3", at=12.5, node="node0001"),
    ]
    assert second.read_ == first.read_[1:]


def test_a_reader_that_raises_is_reported_and_told_no_more() -> None:
    reports: list[tuple[Reader, Exception]] = []
    board = bulletin(reports)
    before, broken, after = Notes(), Broken(), Notes()
    for reader in (before, broken, after):
        board.add(reader)
    board.tell(Secured(session="a", tls=""))
    board.tell(Secured(session="b", tls=""))
    assert [len(reader.read_) for reader in (before, broken, after)] == [2, 1, 2]
    assert [(reader, str(error)) for reader, error in reports] == [(broken, "broken reader")]


def test_a_reader_can_be_taken_away() -> None:
    board = bulletin([])
    reader = Notes()
    board.add(reader)
    board.remove(reader)
    board.remove(reader)
    board.tell(Secured(session="a", tls=""))
    assert reader.read_ == []


def test_a_reader_may_leave_while_it_reads() -> None:
    board = bulletin([])

    class Once(Notes):
        def read(self, fact: Fact) -> None:
            super().read(fact)
            board.remove(self)

    once, other = Once(), Notes()
    board.add(once)
    board.add(other)
    for session in "ab":
        board.tell(Secured(session=session, tls=""))
    assert (len(once.read_), len(other.read_)) == (1, 2)


KINDS = [kind for kind in vars(facts).values() if isinstance(kind, type) and issubclass(kind, Fact)]


@pytest.mark.parametrize("kind", KINDS)
def test_facts_are_plain_values(kind: type[Fact]) -> None:
    fields = attrs.fields_dict(kind)
    assert {"at", "node"} <= set(fields)
    assert {str(field.type) for field in fields.values()} <= {"str", "int", "float", "bool", "tuple[str, ...]"}
    values: dict[str, Any] = {name: "x" for name, field in fields.items() if field.default is attrs.NOTHING}
    fact = kind(**values)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        fact.node = "other"  # type: ignore[misc]
