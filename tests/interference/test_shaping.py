"""Cut and slow: exactly so many octets, at exactly that speed, and everything is closed."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock

from mailgate.interference.rule import Action
from mailgate.interference.shaping import AS_IT_IS, Manner, Shaped, shape
from mailgate.wire.output import After, Output
from tests.support import outcome_of, result_of, started


class Body:
    """Blocks, and whether they were closed."""

    def __init__(self, *blocks: bytes) -> None:
        self.blocks = blocks
        self.closed = 0

    async def read(self) -> AsyncGenerator[bytes, None]:
        try:
            for block in self.blocks:
                yield block
        finally:
            self.closed += 1


class Reader:
    """What the connection does with a body."""

    def __init__(self, output: Output) -> None:
        self.heard = output.octets
        self.body = output.body
        self.done = started(self._read())

    async def _read(self) -> None:
        assert self.body is not None
        try:
            async for block in self.body:
                self.heard += block
        finally:
            await self.body.aclose()


def test_an_answer_that_is_sent_as_it_is() -> None:
    assert AS_IT_IS.shaped("answer") == "answer"
    assert Manner(drop_after_octets=0).shaped("answer") == Shaped("answer", Manner(drop_after_octets=0))


def test_an_action_changes_the_manner() -> None:
    slow = AS_IT_IS.changed(Action(octets_per_second=5.0))
    assert slow == Manner(5.0)
    assert slow.changed(Action(delay_seconds=1.0)) == slow
    assert slow.changed(Action(drop_after_octets=3)) == Manner(5.0, 3)
    assert Manner(5.0, 3).changed(Action(octets_per_second=7.0)) == Manner(7.0, 3)


@given(st.lists(st.binary(max_size=9), max_size=5), st.binary(max_size=9), st.integers(0, 60))
def test_so_many_octets_arrive(blocks: list[bytes], head: bytes, octets: int) -> None:
    body = Body(*blocks)
    output = shape(Output(head, After.GO_ON, body.read()), Manner(drop_after_octets=octets), Clock())
    reader = Reader(output)
    outcome_of(reader.done)
    assert reader.heard == (head + b"".join(blocks))[:octets]
    assert output.after is After.CLOSE
    assert body.closed <= 1 and (body.closed or octets <= len(head))  # one that was never begun has nothing to close


def test_a_reply_without_a_body() -> None:
    reader = Reader(shape(Output(b"250 OK\r\n"), Manner(drop_after_octets=3), Clock()))
    outcome_of(reader.done)
    assert reader.heard == b"250"


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 10.0), (5.0, 2.0), (100.0, 0.1), (1e9, 1e-8)])
def test_slowly(speed: float, seconds: float) -> None:
    clock = Clock()
    body = Body(b"3456", b"789")
    output = shape(Output(b"012", After.START_TLS, body.read()), Manner(speed), clock)
    assert output.after is After.START_TLS
    reader = Reader(output)
    waited = 0.0
    while not reader.done.called:
        assert len(reader.heard) <= waited * speed + 1e-6
        assert len(reader.heard) < 10  # what follows, follows at once: a client may begin its handshake now
        (pause,) = clock.getDelayedCalls()
        step = pause.getTime() - clock.seconds()
        waited += step
        clock.advance(step)
    assert reader.heard == b"0123456789"
    assert waited == pytest.approx(seconds)
    assert body.closed == 1


def test_slow_and_cut() -> None:
    clock = Clock()
    body = Body(b"3456", b"789")
    reader = Reader(shape(Output(b"012", body=body.read()), Manner(10.0, 5), clock))
    clock.pump([0.1] * 4)
    assert reader.heard == b"0123" and not reader.done.called
    clock.advance(0.1)
    outcome_of(reader.done)
    assert reader.heard == b"01234"
    assert body.closed == 1


def test_who_goes_away_in_between_is_not_waited_for() -> None:
    clock = Clock()
    body = Body(b"3456")
    reader = Reader(shape(Output(b"", body=body.read()), Manner(1.0), clock))
    reader.done.cancel()
    with pytest.raises(CancelledError):
        outcome_of(reader.done)
    assert clock.getDelayedCalls() == []
    assert (reader.heard, body.closed) == (b"", 1)


def test_a_body_that_breaks_off_is_not_made_whole() -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"a"
        raise OSError("the disk is broken")

    reader = Reader(shape(Output(b"", body=broken()), Manner(drop_after_octets=9), Clock()))
    with pytest.raises(OSError, match="broken"):
        outcome_of(reader.done)
    assert reader.heard == b"a"


def test_a_body_that_nobody_reads_can_be_closed() -> None:
    output = shape(Output(b"a", body=Body(b"b").read()), Manner(1.0, 1), Clock())
    assert output.body is not None
    result_of(output.body.aclose())
