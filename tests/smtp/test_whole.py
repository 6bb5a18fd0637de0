"""Machine and session together: any octets, however they are cut, are the same replies and the same mail."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from mailgate.connection import ConnectionFactory
from mailgate.delivery import Delivery
from mailgate.facts import Disconnected
from mailgate.mail import BLOCK_OCTETS
from mailgate.smtp.machine import MAX_COMMAND_OCTETS
from mailgate.smtp.personality import Personality
from mailgate.smtp.server import smtp_door
from mailgate.store.memory import MemoryStore
from mailgate.wire.output import After
from tests.smtp.support import ALICE, BOB, HOSTNAME, World, base64_of
from tests.support import Facts, result_of, splits

SMTP = Personality(
    hostname=HOSTNAME,
    max_message_octets=120,
    max_line_octets=40,
    max_recipients=3,
    max_errors=4,
    max_transactions=4,
    max_hops=2,
)
LISTENERS = [
    SMTP,
    evolve(SMTP, listener="lmtp", lmtp=True),
    evolve(SMTP, listener="submission", auth_required=True, allow_plaintext=True, max_login_failures=2),
]


@frozen
class Course:
    """What a client brought about."""

    said: bytes
    kept: tuple[tuple[str, tuple[bytes, ...]], ...]  # by maildrop
    closed: bool


def run(shown: Personality, blocks: list[bytes], *, normalise: bool = False) -> Course:
    """A client that sends `blocks`, and then goes."""
    facts, store = Facts(), MemoryStore(lambda: 0.0)
    limits = {"normalises": lambda client: normalise}
    world = World(shown, facts=facts, delivery=Delivery(store, facts), limits=limits)
    machine, session = smtp_door(world.surroundings())("192.0.2.1", 40_000)
    said, closed = b"", False
    for block in [b"", *blocks]:
        machine.receive(block)
        while (event := machine.next_event()) is not None:
            answer = result_of(session.answer(event))
            if answer is not None:
                output = machine.send(answer)
                said += output.octets
                closed = closed or output.after is After.CLOSE
        assert machine.buffered <= MAX_COMMAND_OCTETS
    session.lost()
    session.ended("lost", 0, 0)
    assert all(spool.closed for spool in world.spools.made)
    return Course(said, result_of(_kept(store)), closed)


async def _kept(store: MemoryStore) -> tuple[tuple[str, tuple[bytes, ...]], ...]:
    kept = []
    for name in await store.names():
        entries = (await store.browse(name)).entries
        kept.append((name, tuple([await _read(store, name, entry) for entry in entries])))
    return tuple(kept)


async def _read(store: MemoryStore, name: str, entry: Any) -> bytes:
    content = await store.read(name, entry)
    octets = b""
    while block := content.read_block():
        assert isinstance(block, bytes)
        octets += block
    return octets


def over_transport(shown: Personality, blocks: list[bytes], pauses: list[float]) -> bytes:
    """What a client on a connection hears that waits for so long before its blocks."""
    facts = Facts()
    world = World(shown, facts=facts, delivery=Delivery(MemoryStore(lambda: 0.0), facts))
    factory = ConnectionFactory(world.clock, None, smtp_door(world.surroundings()))
    connection, transport = factory.buildProtocol(None), StringTransport()
    connection.makeConnection(transport)  # type: ignore[no-untyped-call]
    for block, pause in zip(blocks, itertools.chain(pauses, itertools.repeat(0.0)), strict=False):
        world.clock.advance(pause)
        connection.dataReceived(block)
        while any(call.getTime() <= world.clock.seconds() for call in world.clock.getDelayedCalls()):
            world.clock.advance(0)  # others have their turn
    connection.connectionLost(Failure(ConnectionDone()))
    assert facts.one(Disconnected)
    said: bytes = transport.value()
    return said


def lines(*texts: str) -> bytes:
    return "".join(f"{text}\r\n" for text in texts).encode()


# The same, however it is cut.

AUTH = f"AUTH PLAIN {base64_of(f'{chr(0)}alice{chr(0)}correct horse').decode()}"
COMMANDS = st.sampled_from(
    [
        lines("EHLO x"),
        lines("HELO x"),
        lines("LHLO x"),
        lines(AUTH),
        lines("AUTH PLAIN", "*"),
        lines("AUTH LOGIN", "YQ==", "YQ=="),
        lines("MAIL FROM:<alice@example.test>"),
        lines("MAIL FROM:<> SIZE=99999"),
        lines("MAIL FROM:<grüße@example.test> SMTPUTF8"),
        lines("RCPT TO:<alice@example.test>"),
        lines("RCPT TO:<info@example.test>"),
        lines("RCPT TO:<nobody@example.test>"),
        lines("RCPT TO:<full@example.test>"),
        lines("DATA"),
        lines("DATA", "Subject: x", "", "..dots", "."),
        lines("DATA", "x" * 39, "."),
        lines("DATA", *["Received: x"] * 3, "."),
        lines("."),
        lines("BDAT 5") + b"a\r\nb\r",
        lines("BDAT 1") + b"\n",
        lines("BDAT 4 LAST") + b"QUIT",
        lines("BDAT 0 LAST"),
        lines("BDAT 121 LAST") + b"NOOP\r\n\n" * 15 + b"x",
        lines("BDAT x"),
        lines("RSET"),
        lines("NOOP"),
        lines("VRFY a"),
        lines("HELP"),
        lines("QUIT"),
        lines("XYZZY"),
        lines("STARTTLS"),
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"x" * (MAX_COMMAND_OCTETS + 1),
    ]
)
OPENING = lines(
    "EHLO x", "MAIL FROM:<alice@example.test>", "RCPT TO:<alice@example.test>", "RCPT TO:<bob@example.test>"
)
STREAMS = st.builds(
    lambda opening, commands, garbage: opening + b"".join(commands) + garbage,
    st.sampled_from([b"", OPENING, OPENING.replace(b"EHLO", b"LHLO"), OPENING.replace(b"x\r\n", lines("x", AUTH), 1)]),
    st.lists(COMMANDS, max_size=10),
    st.one_of(st.just(b""), st.binary(max_size=40)),
)


@settings(max_examples=200)
@given(st.data(), st.sampled_from(LISTENERS), STREAMS, st.booleans())
def test_cutting_changes_nothing(data: st.DataObject, shown: Personality, stream: bytes, normalise: bool) -> None:
    whole = run(shown, [stream], normalise=normalise)
    assert run(shown, data.draw(splits(stream)), normalise=normalise) == whole
    assert whole.said.isascii() and whole.said.endswith(b"\r\n")


@given(st.data(), st.sampled_from(LISTENERS), STREAMS, st.lists(st.sampled_from([0.0, 0.5, 1.0, 5.0]), max_size=8))
def test_pauses_change_nothing(data: st.DataObject, shown: Personality, stream: bytes, pauses: list[float]) -> None:
    assert over_transport(shown, data.draw(splits(stream)), pauses) == run(shown, [stream]).said


@given(st.sampled_from(LISTENERS), st.binary(max_size=300))
def test_any_octets(shown: Personality, stream: bytes) -> None:
    assert run(shown, [stream]) == run(shown, [stream[at : at + 1] for at in range(len(stream))])


# Chunks and DATA.

GREETING = "EHLO x"
CONTENTS = st.one_of(
    st.binary(max_size=100),
    st.lists(
        st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"\0", b"\r\n.\r\n", b"Subject: x", b"QUIT\r\n", b"x" * 30]),
        max_size=10,
    ).map(b"".join),
)


def by_data(shown: Personality, content: bytes, **kind: bool) -> Course:
    stuffed = (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]
    return run(shown, [_opening(shown) + b"DATA\r\n" + stuffed + b".\r\n"], **kind)


def by_chunks(shown: Personality, chunks: list[bytes], **kind: bool) -> Course:
    *first, last = chunks
    stream = b"".join(b"BDAT %d\r\n" % len(chunk) + chunk for chunk in first)
    return run(shown, [_opening(shown) + stream + b"BDAT %d LAST\r\n" % len(last) + last], **kind)


def _opening(shown: Personality) -> bytes:
    return OPENING.replace(b"EHLO", b"LHLO") if shown.lmtp else OPENING


@given(st.data(), st.sampled_from(LISTENERS[:2]), CONTENTS, st.booleans())
def test_chunks_are_kept_as_data_is(data: st.DataObject, shown: Personality, content: bytes, normalise: bool) -> None:
    content += b"\r\n"  # DATA cannot say content that ends otherwise
    shown = evolve(shown, max_message_octets=1000)  # a chunk that is too much is refused at once, DATA at its end
    with_data = by_data(shown, content, normalise=normalise)
    with_chunks = by_chunks(shown, data.draw(splits(content)) or [b""], normalise=normalise)
    assert with_chunks.kept == with_data.kept
    replies = 2 if shown.lmtp else 1
    assert with_chunks.said.splitlines()[-replies:] == with_data.said.splitlines()[-replies:]


@given(CONTENTS)
def test_what_is_kept_after_line_ends_were_put_right(content: bytes) -> None:
    for course in (by_data(SMTP, content + b"\r\n", normalise=True), by_chunks(SMTP, [content], normalise=True)):
        for _, copies in course.kept:
            for copy in copies:
                assert b"\r" not in copy and b"\0" not in copy
                assert copy.endswith(b"\n")


@pytest.mark.parametrize("shown", LISTENERS[:2], ids=lambda shown: shown.listener)
def test_everybody_who_was_told_so_has_it(shown: Personality) -> None:
    course = by_chunks(shown, [b"Subject: x\r\n", b"\r\nhel", b"lo"])
    assert [name for name, _ in course.kept] == [ALICE, BOB]
    assert all(copy.endswith(b"\nSubject: x\n\nhello\n") for _, (copy,) in course.kept)
    assert not course.closed


def test_a_content_of_any_size_takes_no_memory() -> None:
    block = b"x" * 30 + b"\r\n"
    blocks = [block * 2000] * 20  # more than what may be kept, and refused
    for start in (b"DATA\r\n", b"BDAT 1280000 LAST\r\n"):
        ending = [b".\r\nQUIT\r\n"] if start == b"DATA\r\n" else [b"QUIT\r\n"]
        course = run(SMTP, [OPENING, start, *blocks, *ending])
        assert [line[:3] for line in course.said.splitlines()[-2:]] == [b"552", b"221"]
    assert len(block * 2000) < BLOCK_OCTETS
