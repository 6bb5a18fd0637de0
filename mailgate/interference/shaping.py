"""How a reply goes out: cut off, or slowly. Closing in between is orderly: what was sent arrives."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final

from attrs import frozen
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from mailgate.interference.rule import Action
from mailgate.wire.output import After, Output

PIECES_PER_SECOND: Final = 10  # of a slow reply, unless it has fewer octets a second


@frozen
class Manner:
    """How a reply is to be sent."""

    octets_per_second: float | None = None
    drop_after_octets: int | None = None

    def changed(self, action: Action) -> Manner:
        """As the action wants it, and as before where it wants nothing."""
        slow, cut = action.octets_per_second, action.drop_after_octets
        if slow is None and cut is None:
            return self
        return Manner(self.octets_per_second if slow is None else slow, self.drop_after_octets if cut is None else cut)

    def shaped(self, answer: Any) -> Any:
        """The answer as it is, or with the word how to send it."""
        return answer if self == AS_IT_IS else Shaped(answer, self)


AS_IT_IS: Final = Manner()


@frozen
class Shaped:
    """An answer that is not sent as it is; None: there is none, and the connection is closed."""

    answer: Any
    manner: Manner = AS_IT_IS


DROPPED: Final = Shaped(None)


def shape(output: Output, manner: Manner, clock: IReactorTime) -> Output:
    """The same octets, as far as they go, in that manner."""
    body, after = _whole(output), output.after
    if manner.drop_after_octets is not None:
        body, after = _beginning(body, manner.drop_after_octets), After.CLOSE
    if manner.octets_per_second is not None:
        body = _slowly(body, manner.octets_per_second, clock)
    return Output(b"", after, body)


async def _whole(output: Output) -> AsyncGenerator[bytes, None]:
    try:
        yield output.octets
        if output.body is not None:
            async for block in output.body:
                yield block
    finally:
        if output.body is not None:
            await output.body.aclose()


async def _beginning(blocks: AsyncGenerator[bytes, None], octets: int) -> AsyncGenerator[bytes, None]:
    """So many octets, or all if there are fewer."""
    left = octets
    try:
        async for block in blocks:
            yield block[:left]
            left -= len(block)
            if left <= 0:
                return
    finally:
        await blocks.aclose()


async def _slowly(
    blocks: AsyncGenerator[bytes, None], octets_per_second: float, clock: IReactorTime
) -> AsyncGenerator[bytes, None]:
    """The same in pieces, each as late as it takes to send it. Behind the last one comes what follows at once: a client
    may begin its TLS handshake when it has read it (RFC 3207 4).
    """
    size = max(1, int(octets_per_second / PIECES_PER_SECOND))
    try:
        async for block in blocks:
            for start in range(0, len(block), size):
                piece = block[start : start + size]
                await deferLater(clock, len(piece) / octets_per_second)
                yield piece
    finally:
        await blocks.aclose()
