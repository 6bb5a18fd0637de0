"""Contents that are not in memory any more, from the store."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from mailgate.control.calls import CallError
from mailgate.control.contents import Contents, read_whole
from mailgate.control.letter import Kept
from mailgate.failures import Gone, StoreError
from mailgate.interfaces import IContent
from mailgate.mail import BLOCK_OCTETS
from mailgate.store.memory import MemoryStore
from tests.control.support import ALICE, BOB, HELLO, Bench, a_letter
from tests.support import result_of

LARGE = b"Subject: large\n\n" + b"0123456789\n" * 20_000


@implementer(IContent)
class Blocks:
    """A content that comes block by block, one at once and one later."""

    whole = None

    def __init__(self, *blocks: bytes, error: Exception | None = None) -> None:
        self._blocks = [*blocks, b""]
        self._error = error
        self.closed = False

    def read_block(self) -> bytes | Deferred[bytes]:
        if self._error is not None:
            raise self._error
        block = self._blocks.pop(0)
        return succeed(block) if len(self._blocks) % 2 else block

    def close(self) -> None:
        self.closed = True


def sent(content: bytes, *recipients: str) -> tuple[Bench, Kept]:
    bench = Bench()
    kept = bench.letters.find(bench.send(*recipients, content=content))
    assert kept is not None
    return bench, kept


@pytest.mark.parametrize("content", [HELLO, LARGE])
def test_what_the_store_has_is_what_was_in_memory(content: bytes) -> None:
    assert len(LARGE) > BLOCK_OCTETS
    bench, kept = sent(content, ALICE)
    contents = Contents(bench.store)
    before = result_of(contents.of(kept))
    bench.drop_contents()
    assert kept.content is None
    assert result_of(contents.of(kept)) == before == b"Received: here\n" + content


def test_any_copy_will_do() -> None:
    bench, kept = sent(HELLO, ALICE, BOB)
    bench.drop_contents()
    contents = Contents(bench.store)
    bench.call("delete", id=bench.send(ALICE), namespace="t1")
    maildrop = result_of(bench.store.open(ALICE))
    result_of(maildrop.remove(result_of(maildrop.snapshot()).entries))
    assert result_of(contents.of(kept)) == b"Received: here\n" + HELLO
    kept.removed.add(BOB)
    assert result_of(contents.of(kept)) is None


class Broken(MemoryStore):
    """A store that cannot be read."""

    def __init__(self, error: StoreError) -> None:
        super().__init__()
        self._error = error

    async def browse(self, maildrop: str) -> None:  # type: ignore[override]
        raise self._error


def test_what_goes_meanwhile_is_gone() -> None:
    assert result_of(Contents(Broken(Gone("gone"))).of(Kept(a_letter(ALICE)))) is None


def test_a_store_in_trouble_is_told_of() -> None:
    with pytest.raises(CallError, match="cannot be read: the disk is on fire") as caught:
        result_of(Contents(Broken(StoreError("the disk is on fire"))).of(Kept(a_letter(ALICE))))
    assert caught.value.kind == "unavailable"


def test_a_content_is_closed_in_any_case() -> None:
    content, broken = Blocks(b"ab", b"c", b"def"), Blocks(error=StoreError("no"))
    assert result_of(read_whole(content)) == b"abcdef" and content.closed
    beginning = Blocks(b"ab", b"c", b"def")
    assert result_of(read_whole(beginning, 3)) == b"abc" and beginning.closed
    with pytest.raises(StoreError):
        result_of(read_whole(broken))
    assert broken.closed
