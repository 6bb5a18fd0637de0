"""A delivery that tells what it delivered: around the real one, so that neither it nor the sessions know of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mailgate.control.letter import Letter, Reached
from mailgate.control.letters import Letters
from mailgate.interfaces import IDelivery, Offload
from mailgate.mail import Body, Field, Local, Message, Outcome
from mailgate.mime.fields import HEADER_OCTETS
from mailgate.waits import to_the_end

log = Logger(namespace="mailgate.control")


@implementer(IDelivery)
class Recorder:
    """Delivers through another, and has the letter known before it returns: before the client hears 250."""

    def __init__(self, delivery: IDelivery, letters: Letters, now: Callable[[], float], offload: Offload) -> None:
        """`now` gives Unix time in seconds; `offload` reads contents that are in files."""
        self._delivery = delivery
        self._letters = letters
        self._now = now
        self._offload = offload

    async def deliver(self, message: Message, *, partial: bool = False) -> tuple[Outcome, ...]:
        """See `IDelivery`. A letter is told of if a maildrop has it, with the recipients that have it."""
        with self._letters.expecting(message.id):
            outcomes = await self._delivery.deliver(message, partial=partial)
            reached = _reached(outcomes)
            if reached:
                try:
                    await self._tell(message, _letter(message, reached, self._now()))
                except Exception:  # noqa: BLE001 (the message is delivered: its sender must not hear otherwise)
                    log.failure("cannot tell of message {id}, which is delivered", Failure(), id=message.id)
        return outcomes

    async def _tell(self, message: Message, letter: Letter) -> None:
        if self._letters.keeps(letter):
            self._letters.add(letter, await self._beginning(message, letter.octets))
        else:  # the store has it for who asks; all of it in memory, if only for a moment, would be too much
            self._letters.add(letter, None, await self._beginning(message, HEADER_OCTETS))

    async def _beginning(self, message: Message, octets: int) -> bytes | None:
        """So many octets of what all copies have in common; None if it cannot be read."""
        fields = b"".join(map(bytes, message.fields))
        left = max(0, octets - len(fields))
        body = message.body
        if body.file is None:
            return fields + (body.content or b"")[:left]
        try:
            # The file is there until the session has its answer, so a client that goes away must not cut this short.
            return fields + await to_the_end(self._offload(lambda: _read(body, left)))
        except OSError as error:
            log.error("cannot read message {id} again: {error}", id=message.id, error=error)
            return None


def _read(body: Body, octets: int) -> bytes:
    with body.open() as stream:
        return stream.read(octets)


def _reached(outcomes: Sequence[Outcome]) -> tuple[Reached, ...]:
    """Who has it; with the same address twice it is one recipient."""
    having = (outcome for outcome in outcomes if outcome.reply.is_positive and outcome.maildrops)
    return tuple({str(each.path): Reached(str(each.path), each.maildrops) for each in having}.values())


def _letter(message: Message, reached: tuple[Reached, ...], at: float) -> Letter:
    envelope, session = message.envelope, message.envelope.session
    return Letter(
        id=message.id,
        at=at,
        sender=str(envelope.reverse_path),
        recipients=reached,
        listener=session.listener,
        client=session.client,
        helo=session.helo,
        tls=session.tls,
        user=session.user,
        smtputf8=envelope.smtputf8,
        octets=sum(len(bytes(field)) for field in message.fields) + message.body.octets,
        fronts=_fronts(message),
    )


def _fronts(message: Message) -> dict[str, bytes]:
    """What each maildrop's copy has in front, as `Delivery` puts it there: RFC 5321 4.4, and the destination's own."""
    return_path = bytes(Field("Return-Path", f"<{message.envelope.reverse_path}>"))
    fronts: dict[str, bytes] = {}
    for recipient in message.envelope.recipients:
        for place in recipient.destinations:
            if isinstance(place, Local):
                fronts.setdefault(place.maildrop, return_path + b"".join(map(bytes, place.fields)))
    return fronts
