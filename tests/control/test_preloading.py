"""Messages put into maildrops as they are."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from zope.interface import implementer

from mailgate.control import preloading
from mailgate.control.calls import CallError
from mailgate.control.contents import read_whole
from mailgate.control.letters import Letters
from mailgate.control.preloading import Preload
from mailgate.failures import NotCommitted, StoreError
from mailgate.interfaces import IDirectory, IStaged
from mailgate.mail import Copy, Destination, Message, Path, Refused, Relay, Reply
from mailgate.store.memory import MemoryStore
from tests.control.support import ALICE, BOB, NOW, Everybody, new_id
from tests.support import result_of


class Bed:
    """What is put into a store in memory."""

    def __init__(self, store: MemoryStore | None = None, directory: object | None = None) -> None:
        self.store = store if store is not None else MemoryStore(lambda: NOW)
        self.letters = Letters()
        known = directory if directory is not None else Everybody()
        self.preload = Preload(self.store, known, self.letters, lambda: NOW, new_id)  # type: ignore[arg-type]

    def stored(self, maildrop: str) -> list[bytes]:
        entries = result_of(self.store.browse(maildrop)).entries
        return [result_of(read_whole(result_of(self.store.read(maildrop, entry)))) for entry in entries]

    def refused(self, to: str = ALICE, content: bytes = b"x\n") -> CallError:
        with pytest.raises(CallError) as caught:
            result_of(self.preload.put(to, content))
        assert len(self.letters) == 0
        return caught.value


def test_it_is_there_as_it_is_but_for_crlf() -> None:
    bed = Bed()
    kept = result_of(bed.preload.put(ALICE, b"Subject: a\r\n\r\nb\rc\nno end"))
    assert bed.stored(ALICE) == [b"Subject: a\n\nb\rc\nno end"] == [kept.content]
    assert kept.letter.octets == 22 and kept.letter.fronts == {}
    assert (kept.letter.sender, kept.letter.listener, kept.letter.at) == ("", "preload", NOW)
    assert result_of(bed.store.browse(ALICE)).entries[0].id == kept.letter.id
    assert bed.letters.find(kept.letter.id) is kept


def test_it_may_have_a_time_of_its_own() -> None:
    assert result_of(Bed().preload.put(ALICE, b"x\n", 5.0)).letter.at == 5.0


@pytest.mark.parametrize(("content", "smtputf8"), [("Subject: ä\n\nb\n", True), ("Subject: a\n\nä\n", False)])
def test_a_header_beyond_ascii_is_of_smtputf8(content: str, smtputf8: bool) -> None:
    bed = Bed()
    assert result_of(bed.preload.put(ALICE, content.encode())).letter.smtputf8 is smtputf8
    assert result_of(bed.store.browse(ALICE)).entries[0].smtputf8 is smtputf8


def test_who_is_nobody() -> None:
    assert Bed().refused("alice@nobody.test").kind == "bad"
    assert "to has to be an address" in Bed().refused("alice").message


@implementer(IDirectory)
class Away:
    """A directory that knows nobody here."""

    async def resolve(self, path: Path) -> tuple[Destination, ...]:
        if path.local_part == "alice":
            raise Refused(Reply(450, "4.3.5", "Out of service"))
        return (Relay(path),)


def test_who_is_elsewhere_or_out_of_service() -> None:
    assert Bed(directory=Away()).refused(BOB).kind == "bad"
    error = Bed(directory=Away()).refused(ALICE)
    assert error.kind == "unavailable" and "450 4.3.5" in error.message


def test_there_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preloading, "MAX_OCTETS", 1)
    assert Bed().refused().kind == "too large"


@implementer(IStaged)
class Uncommitted:
    discards = 0

    async def commit(self) -> tuple[str, ...]:
        raise NotCommitted("the disk is full")

    def discard(self) -> None:
        self.discards += 1


class Full(MemoryStore):
    """A store without room, found out early or late."""

    def __init__(self, staged: Uncommitted | None) -> None:
        super().__init__()
        self._staged = staged

    async def stage(self, message: Message, copies: Sequence[Copy]) -> IStaged:
        if self._staged is None:
            raise StoreError("the disk is full")
        return self._staged


def test_a_store_in_trouble_is_told_of() -> None:
    staged = Uncommitted()
    for error in (Bed(Full(None)).refused(), Bed(Full(staged)).refused()):
        assert (error.kind, error.message) == ("unavailable", "the message cannot be kept: the disk is full")
    assert staged.discards == 1
