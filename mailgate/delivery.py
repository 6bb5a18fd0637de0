"""The MDA: brings a message to its recipients' maildrops, all or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from zope.interface import implementer

from mailgate.facts import Bulletin, Delivered, NotDelivered
from mailgate.interfaces import IDelivery, IMailStore, IStaged, NotCommitted, StoreError, StoreFull
from mailgate.mail import Copy, Field, Local, Message, Outcome, Recipient, Reply
from mailgate.waits import to_the_end

DELIVERED: Final = Reply(250, "2.0.0", "Delivered")
DISCARDED: Final = Reply(250, "2.0.0", "Taken")
FULL: Final = Reply(452, "4.3.1", "No room for the message now, try again later")
FAILED: Final = Reply(451, "4.3.0", "Cannot keep the message now, try again later")


@implementer(IDelivery)
class Delivery:
    """Delivers into one store."""

    def __init__(self, store: IMailStore, bulletin: Bulletin) -> None:
        self._store = store
        self._bulletin = bulletin

    async def deliver(self, message: Message) -> tuple[Outcome, ...]:
        copies = _copies(message)
        if not copies:
            return _outcomes(message, DISCARDED)
        try:
            staged = await self._store.stage(message, copies)
        except StoreError as error:
            return self._undelivered(message, error)
        return await to_the_end(self._commit(message, copies, staged))

    async def _commit(self, message: Message, copies: Sequence[Copy], staged: IStaged) -> tuple[Outcome, ...]:
        try:
            names = await staged.commit()
        except StoreError as error:
            return self._undelivered(message, error)
        finally:
            staged.discard()
        where = {copy.maildrop: name for copy, name in zip(copies, names, strict=True)}
        for recipient in message.envelope.recipients:
            maildrops = _maildrops(recipient)
            self._bulletin.tell(
                Delivered(
                    message=message.id,
                    recipient=str(recipient.path),
                    maildrops=maildrops,
                    copies=tuple(where[maildrop] for maildrop in maildrops),
                )
            )
        return _outcomes(message, DELIVERED)

    def _undelivered(self, message: Message, error: StoreError) -> tuple[Outcome, ...]:
        visible = error.visible if isinstance(error, NotCommitted) else ()
        self._bulletin.tell(NotDelivered(message=message.id, reason=str(error), visible=visible))
        full = isinstance(error, StoreFull) or (isinstance(error, NotCommitted) and error.full)
        return _outcomes(message, FULL if full else FAILED)


def _copies(message: Message) -> list[Copy]:
    """One copy a maildrop, with the fields of the recipient that came first."""
    # RFC 5321 4.4: final delivery puts the reverse-path at the very top.
    return_path = Field("Return-Path", f"<{message.envelope.reverse_path}>")
    copies: dict[str, Copy] = {}
    for recipient in message.envelope.recipients:
        for place in recipient.destinations:
            if not isinstance(place, Local):
                raise TypeError(f"{place} leads to another system, and nothing here sends mail there")
            copies.setdefault(place.maildrop, Copy(place.maildrop, (return_path, *place.fields), place.folder))
    return list(copies.values())


def _maildrops(recipient: Recipient) -> tuple[str, ...]:
    return tuple(dict.fromkeys(place.maildrop for place in recipient.destinations if isinstance(place, Local)))


def _outcomes(message: Message, reply: Reply) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(recipient.path, reply if recipient.destinations else DISCARDED, _maildrops(recipient))
        for recipient in message.envelope.recipients
    )
