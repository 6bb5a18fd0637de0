"""The MDA: brings a message to its recipients' maildrops and the smarthost, all or none, or each by itself."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from twisted.internet.defer import Deferred, DeferredList
from zope.interface import implementer

from mailgate.facts import Bulletin, Delivered, NotDelivered
from mailgate.failures import NotCommitted, StoreError, StoreFull
from mailgate.interfaces import IDelivery, IMailStore, ISmarthost, IStaged
from mailgate.mail import Copy, Field, Local, Message, Outcome, Path, Recipient, Refused, Relay, Reply
from mailgate.waits import to_the_end

DELIVERED: Final = Reply(250, "2.0.0", "Delivered")
DISCARDED: Final = Reply(250, "2.0.0", "Taken")
FULL: Final = Reply(452, "4.3.1", "No room for the message now, try again later")
FAILED: Final = Reply(451, "4.3.0", "Cannot keep the message now, try again later")


@implementer(IDelivery)
class Delivery:
    """Delivers into one store, and through one smarthost."""

    def __init__(self, store: IMailStore, bulletin: Bulletin, smarthost: ISmarthost | None = None) -> None:
        """Without a `smarthost` nobody may bring a message for another system."""
        self._store = store
        self._bulletin = bulletin
        self._smarthost = smarthost

    async def deliver(self, message: Message, *, partial: bool = False) -> tuple[Outcome, ...]:
        """See `IDelivery`.

        Local copies are staged first, so that what the store finds wrong by then (a full disk, say) is found before
        anything goes out; what is foreign is sent; and only then the local copies become visible. Should their commit
        fail after that, the sender hears 4xx and tries again, and the foreign recipients have the message twice:
        nothing that was sent can be called back.
        """
        copies, paths = _copies(message), _paths(message)
        if paths and self._smarthost is None:
            raise TypeError(f"{paths[0]} is on another system, and nothing here sends mail there")
        batches: list[_Batch] = []
        failures: dict[str, Reply] = {}
        sent: Reply | None = None
        try:
            for group in [[copy] for copy in copies] if partial else [copies] if copies else []:
                await self._stage(message, group, batches, failures)
            if paths:
                sent = await self._send(message, paths, None if partial else next(iter(failures.values()), None))
        except BaseException:
            _discard(batches)
            raise
        # From here on the smarthost may have the message, and nothing cuts us short.
        refusal = sent if sent is not None and not sent.is_positive else None
        if refusal is not None and not partial:
            _discard(batches)
            batches, failures = [], {copy.maildrop: refusal for copy in copies}
        went_out = paths if refusal is None else ()
        await to_the_end(self._commit(message, batches, failures, went_out))
        return tuple([_outcome(recipient, failures, sent) for recipient in message.envelope.recipients])

    async def _stage(
        self, message: Message, copies: Sequence[Copy], batches: list[_Batch], failures: dict[str, Reply]
    ) -> None:
        try:
            batches.append(_Batch(copies, await self._store.stage(message, copies)))
        except StoreError as error:
            failures |= self._undelivered(message, copies, error)

    async def _send(self, message: Message, paths: Sequence[Path], failure: Reply | None) -> Reply:
        """The smarthost's reply, whatever it is; or `failure`, if there is one: then nothing is sent.

        If the wait is cancelled, the smarthost decides: it stops, and nothing is sent, or it is too late for that.
        """
        if failure is not None:
            return failure
        assert self._smarthost is not None, "deliver() has seen to that"
        try:
            return await self._smarthost.send(message, paths)
        except Refused as refusal:
            return refusal.reply

    async def _commit(
        self, message: Message, batches: Sequence[_Batch], failures: dict[str, Reply], went_out: Sequence[Path]
    ) -> None:
        """Commit all batches together; add the maildrops that have no copy to `failures`, and tell what came about.
        `went_out`: who has the message already, by the smarthost.
        """
        commits = [self._commit_batch(message, batch, failures, went_out) for batch in batches]
        names = await (commits[0] if len(commits) == 1 else _all_of(commits))
        for recipient in message.envelope.recipients:
            maildrops = _maildrops(recipient)
            if maildrops and failures.keys().isdisjoint(maildrops):
                copies = tuple([names[maildrop] for maildrop in maildrops])
                self._bulletin.tell(
                    Delivered(message=message.id, recipient=str(recipient.path), maildrops=maildrops, copies=copies)
                )

    async def _commit_batch(
        self, message: Message, batch: _Batch, failures: dict[str, Reply], went_out: Sequence[Path]
    ) -> dict[str, str]:
        try:
            names = await batch.staged.commit()
        except StoreError as error:
            failures |= self._undelivered(message, batch.copies, error, went_out)
            return {}
        finally:
            batch.staged.discard()
        return {copy.maildrop: name for copy, name in zip(batch.copies, names, strict=True)}

    def _undelivered(
        self, message: Message, copies: Sequence[Copy], error: StoreError, went_out: Sequence[Path] = ()
    ) -> dict[str, Reply]:
        visible = error.visible if isinstance(error, NotCommitted) else ()
        already = f"; sent on already, to {', '.join(map(str, went_out))}" if went_out else ""
        self._bulletin.tell(NotDelivered(message=message.id, reason=f"{error}{already}", visible=visible))
        full = isinstance(error, StoreFull) or (isinstance(error, NotCommitted) and error.full)
        return {copy.maildrop: FULL if full else FAILED for copy in copies}


@frozen
class _Batch:
    copies: Sequence[Copy]
    staged: IStaged


async def _all_of(commits: Sequence[Coroutine[Any, Any, dict[str, str]]]) -> dict[str, str]:
    """The names that all of them give, side by side; when all are done, raises what one of them raised."""
    names: dict[str, str] = {}
    results: list[tuple[bool, Any]] = await DeferredList(map(Deferred.fromCoroutine, commits), consumeErrors=True)
    for committed, result in results:
        if not committed:
            result.raiseException()
        names |= result
    return names


def _copies(message: Message) -> list[Copy]:
    """One copy a maildrop, with the fields of the recipient that came first."""
    # RFC 5321 4.4: final delivery puts the reverse-path at the very top.
    return_path = Field("Return-Path", f"<{message.envelope.reverse_path}>")
    copies: dict[str, Copy] = {}
    for recipient in message.envelope.recipients:
        for place in recipient.destinations:
            if isinstance(place, Local):
                copies.setdefault(place.maildrop, Copy(place.maildrop, (return_path, *place.fields), place.folder))
    return list(copies.values())


def _paths(message: Message) -> tuple[Path, ...]:
    """Where the message is to be sent, each path once."""
    places = [place for recipient in message.envelope.recipients for place in recipient.destinations]
    return tuple(dict.fromkeys([place.path for place in places if isinstance(place, Relay)]))


def _discard(batches: Sequence[_Batch]) -> None:
    for batch in batches:
        batch.staged.discard()


def _maildrops(recipient: Recipient) -> tuple[str, ...]:
    return tuple(dict.fromkeys([place.maildrop for place in recipient.destinations if isinstance(place, Local)]))


def _outcome(recipient: Recipient, failures: Mapping[str, Reply], sent: Reply | None) -> Outcome:
    maildrops = _maildrops(recipient)
    replies = [failures.get(maildrop, DELIVERED) for maildrop in maildrops]
    if sent is not None and any(isinstance(place, Relay) for place in recipient.destinations):
        replies.insert(0, sent)
    failed = [reply for reply in replies if not reply.is_positive]
    return Outcome(recipient.path, (failed or replies or [DISCARDED])[0], maildrops)
