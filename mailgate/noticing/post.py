"""Brings a notice into maildrops of ours, unless whom it is for had one today."""

from __future__ import annotations

from twisted.internet.defer import DeferredLock
from twisted.logger import Logger

from mailgate.interfaces import IDelivery
from mailgate.mail import Local, Message
from mailgate.noticing.days import Days

log = Logger(namespace="mailgate.noticing")


class NotSent(Exception):
    """It could not be delivered, or not be noted; the message says why, for the log. Try again later."""


class Post:
    """One gateway's. Straight to the delivery: no listener, no handler, and nothing that leaves this system."""

    def __init__(self, days: Days, delivery: IDelivery) -> None:
        self._days = days
        self._delivery = delivery
        self._turn = DeferredLock()
        self._under_way: set[str] = set()

    def is_own(self, message: str) -> bool:
        """Is the message of that id a notice that is being delivered? Then it is no reason for another."""
        return message in self._under_way

    async def send(self, name: str, message: Message) -> bool:
        """Deliver `message`, if `name` had none today; was it? Raises `NotSent`.

        Raises ValueError for a message that would go to another system.
        """
        places = [place for recipient in message.envelope.recipients for place in recipient.destinations]
        if not all(isinstance(place, Local) for place in places):
            raise ValueError("a notice goes to our own maildrops only")
        return await self._turn.run(self._send, name, message, bool(places))

    async def _send(self, name: str, message: Message, has_places: bool) -> bool:
        try:
            if not await self._days.take(name):
                return False
        except OSError as error:
            raise NotSent(f"it cannot be noted who was written to: {error}") from error
        if has_places:
            await self._deliver(name, message)
        return True

    async def _deliver(self, name: str, message: Message) -> None:
        self._under_way.add(message.id)
        reason = "an unexpected error"
        try:
            outcomes = await self._delivery.deliver(message)
            reason = "; ".join(str(outcome.reply) for outcome in outcomes if not outcome.reply.is_positive)
        except Exception:  # noqa: BLE001 (whatever it is, the day must be given back)
            log.failure("a notice could not be delivered")
        finally:
            self._under_way.discard(message.id)
        if reason:
            await self._days.give_back(name)
            raise NotSent(reason)
