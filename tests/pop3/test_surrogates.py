"""Surrogates: what is sent instead of international mail, and its size, which is found out once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred

from mailgate.failures import Gone, LockLost, StoreError
from mailgate.interfaces import IContent
from mailgate.mail import Entry, Snapshot
from mailgate.pop3.surrogates import SurrogateContent, Surrogates, SurrogateSizes, next_block
from mailgate.wire.surrogate import Surrogate
from tests.pop3.support import FakeContent, FakeMaildrop, wire_octets
from tests.support import result_of, started

INTERNATIONAL = "Subject: grüße\n\nzwölf\n".encode()
PLAIN = b"Subject: hi\n\nzw\xc3\xb6lf\n"


def surrogate(message: bytes) -> bytes:
    maker = Surrogate()
    return maker.feed(message) + maker.finish()


class Room:
    """A maildrop whose messages are measured."""

    def __init__(self, *messages: bytes, international: set[int], sizes: SurrogateSizes | None = None) -> None:
        self.maildrop = FakeMaildrop(*messages)
        self.maildrop.international = international
        self.sizes = SurrogateSizes() if sizes is None else sizes
        self.troubles: list[tuple[str, str]] = []

    @property
    def snapshot(self) -> Snapshot:
        return result_of(self.maildrop.snapshot())

    def measure(self) -> Surrogates:
        return result_of(self.sizes.measure(self.maildrop, self.snapshot, self.trouble))

    def trouble(self, entry: Entry, error: Exception) -> None:
        self.troubles.append((entry.uid, str(error)))

    @property
    def reads(self) -> int:
        return len(self.maildrop.contents)


def test_only_international_messages_are_measured() -> None:
    room = Room(PLAIN, INTERNATIONAL, PLAIN, international={2})
    measured = room.measure()
    size = wire_octets(surrogate(INTERNATIONAL))
    assert size != wire_octets(INTERNATIONAL)
    assert measured == Surrogates({2: size}, size - wire_octets(INTERNATIONAL))
    assert (room.reads, room.maildrop.contents[0].closed) == (1, 1)


def test_the_same_snapshot_is_measured_once() -> None:
    room = Room(INTERNATIONAL, international={1})
    assert room.measure() is room.measure()
    assert room.reads == 1


def test_a_message_is_measured_once_whatever_else_comes() -> None:
    room = Room(INTERNATIONAL, international={1, 2})
    before = room.measure().octets[1]
    room.maildrop.messages[2] = INTERNATIONAL + b"more\n"
    assert room.measure().octets == {1: before, 2: before + 6}
    assert room.reads == 2


def test_maildrops_are_not_mixed_up() -> None:
    sizes = SurrogateSizes()
    alice = Room(INTERNATIONAL, international={1}, sizes=sizes)
    bob = Room(INTERNATIONAL + b"more\n", international={1}, sizes=sizes)
    bob.maildrop.name = "bob@example.test"
    assert bob.measure().octets[1] == alice.measure().octets[1] + 6


def test_a_message_that_another_program_has_replaced_is_measured_again() -> None:
    room = Room(INTERNATIONAL, international={1})
    before = room.measure().octets[1]
    room.maildrop.messages[1] = INTERNATIONAL + b"more\n"
    assert room.measure().octets[1] == before + 6


def test_what_is_remembered_is_bounded() -> None:
    room = Room(INTERNATIONAL, INTERNATIONAL, international={1, 2}, sizes=SurrogateSizes(limit=1))
    assert room.measure() == room.measure()
    assert room.reads == 4


def test_without_international_mail_nothing_is_read() -> None:
    room = Room(PLAIN, international=set())
    assert room.measure() == Surrogates()
    assert room.reads == 0


def test_a_message_that_is_gone_keeps_its_size_and_is_no_trouble() -> None:
    room = Room(INTERNATIONAL, INTERNATIONAL, international={1, 2})
    snapshot = room.snapshot
    gone = room.maildrop.messages.pop(1)
    measured = result_of(room.sizes.measure(room.maildrop, snapshot, room.trouble))
    assert (set(measured.octets), measured.complete, room.troubles) == ({2}, False, [])
    room.maildrop.messages[1] = gone
    measured = result_of(room.sizes.measure(room.maildrop, snapshot, room.trouble))
    assert (set(measured.octets), measured.complete) == ({1, 2}, True)
    assert room.reads == 2  # the second was known


@pytest.mark.parametrize("error", [StoreError("input/output error"), ZeroDivisionError("input/output error")])
@pytest.mark.parametrize("where", ["read", "block"])
def test_a_message_that_cannot_be_read_keeps_its_size_and_is_told(error: Exception, where: str) -> None:
    room = Room(INTERNATIONAL, international={1})
    room.maildrop.raises[where] = error
    measured = room.measure()
    assert measured == Surrogates(complete=False)
    assert room.troubles == [("uid-1", "input/output error")]
    assert [content.closed for content in room.maildrop.contents] == [1] * room.reads
    del room.maildrop.raises[where]
    assert room.measure().complete


def test_a_lost_lock_is_raised() -> None:
    room = Room(INTERNATIONAL, international={1})
    room.maildrop.raises["read"] = LockLost("the lease ran out")
    with pytest.raises(LockLost):
        room.measure()
    assert room.troubles == []


def test_it_may_be_cancelled_and_closes_what_it_reads() -> None:
    room = Room(INTERNATIONAL, international={1})
    content = FakeContent(b"", 7)
    content.read_block = lambda: Deferred()  # type: ignore[assignment, method-assign, return-value]

    async def read(entry: Entry) -> FakeContent:
        return content

    room.maildrop.read = read  # type: ignore[method-assign]
    measuring = started(room.sizes.measure(room.maildrop, room.snapshot, room.trouble))
    measuring.cancel()
    with pytest.raises(CancelledError):
        result_of(measuring)
    assert (content.closed, room.troubles) == (1, [])


# The content.


async def gather(content: IContent) -> bytes:
    blocks = []
    while block := await next_block(content):
        blocks.append(block)
    assert await next_block(content) == b""
    return b"".join(blocks)


HEADERS = st.lists(st.sampled_from([b"Subject: gr\xc3\xbc\xc3\x9fe\n", b"X: y\n", b"From: <\xc3\xa4@x>\n"])).map(
    b"".join
)


@given(HEADERS, st.binary(max_size=40), st.integers(1, 9))
def test_the_content_is_the_surrogate_however_it_is_cut(header: bytes, body: bytes, block_octets: int) -> None:
    message = header + b"\n" + body
    content = SurrogateContent(FakeContent(message, block_octets))
    assert result_of(gather(content)) == surrogate(message)


def test_the_content_is_closed() -> None:
    inner = FakeContent(INTERNATIONAL, 7)
    SurrogateContent(inner).close()
    assert inner.closed == 1


def test_an_error_of_the_content_goes_on() -> None:
    content = SurrogateContent(FakeContent(INTERNATIONAL, 7, Gone("it")))
    with pytest.raises(Gone):
        result_of(gather(content))
