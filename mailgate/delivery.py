"""The MDA: brings a message to its recipients' maildrops, all or none, or each by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from twisted.internet.defer import Deferred, DeferredList
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

    async def deliver(self, message: Message, *, partial: bool = False) -> tuple[Outcome, ...]:
        """See `IDelivery`."""
        copies = _copies(message)
        batches: list[_Batch] = []
        failures: dict[str, Reply] = {}
        try:
            for group in [[copy] for copy in copies] if partial else [copies] if copies else []:
                try:
                    batches.append(_Batch(group, await self._store.stage(message, group)))
                except StoreError as error:
                    failures |= self._undelivered(message, group, error)
        except BaseException:
            for batch in batches:
                batch.staged.discard()
            raise
        await to_the_end(self._commit(message, batches, failures))
        return tuple(_outcome(recipient, failures) for recipient in message.envelope.recipients)

    async def _commit(self, message: Message, batches: Sequence[_Batch], failures: dict[str, Reply]) -> None:
        """Commit all batches together; add the maildrops that have no copy to `failures`, and tell what came about."""
        commits = [Deferred.fromCoroutine(self._commit_batch(message, batch, failures)) for batch in batches]
        names: dict[str, str] = {}
        results: list[tuple[bool, Any]] = await DeferredList(commits, consumeErrors=True)
        for committed, result in results:
            if not committed:
                result.raiseException()
            names |= result
        for recipient in message.envelope.recipients:
            maildrops = _maildrops(recipient)
            if maildrops and not failures.keys() & set(maildrops):
                copies = tuple(names[maildrop] for maildrop in maildrops)
                self._bulletin.tell(
                    Delivered(message=message.id, recipient=str(recipient.path), maildrops=maildrops, copies=copies)
                )

    async def _commit_batch(self, message: Message, batch: _Batch, failures: dict[str, Reply]) -> dict[str, str]:
        try:
            names = await batch.staged.commit()
        except StoreError as error:
            failures |= self._undelivered(message, batch.copies, error)
            return {}
        finally:
            batch.staged.discard()
        return {copy.maildrop: name for copy, name in zip(batch.copies, names, strict=True)}

    def _undelivered(self, message: Message, copies: Sequence[Copy], error: StoreError) -> dict[str, Reply]:
        visible = error.visible if isinstance(error, NotCommitted) else ()
        self._bulletin.tell(NotDelivered(message=message.id, reason=str(error), visible=visible))
        full = isinstance(error, StoreFull) or (isinstance(error, NotCommitted) and error.full)
        return {copy.maildrop: FULL if full else FAILED for copy in copies}


@frozen
class _Batch:
    copies: Sequence[Copy]
    staged: IStaged


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


def _outcome(recipient: Recipient, failures: Mapping[str, Reply]) -> Outcome:
    maildrops = _maildrops(recipient)
    if not maildrops:
        return Outcome(recipient.path, DISCARDED)
    failed = [failures[maildrop] for maildrop in maildrops if maildrop in failures]
    return Outcome(recipient.path, failed[0] if failed else DELIVERED, maildrops)
