"""The TRANSACTION and UPDATE states (RFC 1939 sections 5 and 6): one open maildrop, event to reply."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Final

from attrs import evolve
from twisted.internet.defer import CancelledError

from mailgate.failures import Gone, LockLost, NotRemoved, StoreError
from mailgate.interfaces import IContent, IMaildrop
from mailgate.mail import Entry, Session, Snapshot
from mailgate.pop3.events import Dele, Event, List, Noop, Retr, Rset, Stat, Top, Uidl
from mailgate.pop3.reply import Reply, negative, positive
from mailgate.pop3.report import MaildropReport
from mailgate.pop3.view import View
from mailgate.reporting import VisitReport
from mailgate.waits import to_the_end
from mailgate.wire.top import TopFilter

NO_SUCH_MESSAGE: Final = negative("no such message")
GONE: Final = negative("the message is gone: another program removed it")


class Transaction:
    """From the login to the end. It reads and removes; the lock is not its own, and it gives nothing back but `close`.

    What a reply's content meets on its way is reported before it is raised.
    """

    def __init__(
        self, maildrop: IMaildrop, snapshot: Snapshot, session: Session, visit: VisitReport, report: MaildropReport
    ) -> None:
        self.view = View(snapshot)
        self._maildrop = maildrop
        self._session = session
        self._visit = visit
        self._report = report
        self._content: IContent | None = None  # the message that is being sent

    async def answer(self, event: Event) -> Reply:
        """The reply to a command of the TRANSACTION state. Raises what the store raises, but for `Gone`."""
        match event:
            case Stat():
                return positive("{count} {octets}", count=self.view.count, octets=self.view.octets)
            case List(number):
                return self._list(number)
            case Uidl(number):
                return self._uidl(number)
            case Retr(number):
                return await self._send(number, None)
            case Top(number, lines):
                return await self._send(number, TopFilter(lines))
            case Dele(number):
                return self._dele(number)
            case Rset():
                self.view.unmark()
                return self.describe()
            case Noop():
                return positive("nothing done")
            case _:
                raise TypeError(f"not a command of the TRANSACTION state: {event!r}")

    async def update(self) -> int:
        """Remove what is marked; give how many messages could not be removed.

        The removal is one call, and once begun it is waited for, whatever becomes of the connection. Unmarked messages
        are not touched (RFC 1939 section 6).
        """
        marked = self.view.marked
        remaining: Sequence[Entry] = ()
        if not marked:
            return 0
        try:
            await to_the_end(self._maildrop.remove(marked))
        except NotRemoved as error:
            remaining = error.entries
            self._report.not_deleted(self._session, remaining, error)
        except LockLost as error:  # nothing was removed
            remaining = marked
            self._report.not_deleted(self._session, remaining, error)
        still_there = frozenset(remaining)
        for entry in marked:
            if entry not in still_there:
                self._report.deleted(self._session, entry)
        return len(remaining)

    def close(self) -> None:
        """Close the message that is being sent, if there is one. May be called any number of times."""
        if self._content is not None:
            self._content.close()

    def describe(self) -> Reply:
        """What the maildrop has."""
        if self.view.count == 1:
            return positive("1 message ({octets} octets)", octets=self.view.octets)
        return positive("{count} messages ({octets} octets)", count=self.view.count, octets=self.view.octets)

    def _list(self, number: int | None) -> Reply:
        if number is None:
            return evolve(self.describe(), lines=self.view.sizes())
        if (entry := self.view.entry(number)) is None:
            return NO_SUCH_MESSAGE
        return positive("{number} {octets}", number=number, octets=entry.octets)

    def _uidl(self, number: int | None) -> Reply:
        if number is None:
            return evolve(positive("unique ids follow"), lines=self.view.uids())
        if (entry := self.view.entry(number)) is None:
            return NO_SUCH_MESSAGE
        return positive("{number} {uid}", number=number, uid=entry.uid)

    def _dele(self, number: int) -> Reply:
        if not self.view.mark(number):
            return NO_SUCH_MESSAGE
        return positive("message {number} marked", number=number)

    async def _send(self, number: int, top: TopFilter | None) -> Reply:
        if (entry := self.view.entry(number)) is None:
            return NO_SUCH_MESSAGE
        self.close()
        try:
            content = await self._maildrop.read(entry)
        except Gone:
            return GONE
        self._content = content
        if top is not None:
            return evolve(positive("top of message follows"), content=self._blocks(entry, content, top))
        return evolve(positive("{octets} octets", octets=entry.octets), content=self._blocks(entry, content, None))

    async def _blocks(self, entry: Entry, content: IContent, top: TopFilter | None) -> AsyncGenerator[bytes, None]:
        """The content by block, or its top. An error ends the connection: half a message must not look whole."""
        where = f"sending {entry.uid}"
        try:
            while (top is None or not top.done) and (block := await _next_block(content)):
                yield block if top is None else top.feed(block)
        except CancelledError:
            raise
        except StoreError as error:
            self._visit.unavailable(self._session, self._session.user, where, error)
            raise CancelledError from error  # it is told: the connection has only to break off, without a traceback
        except Exception as error:
            self._visit.failed(self._session, where, error)
            raise
        finally:
            content.close()
        if top is None:
            self._report.fetched(self._session, entry)


async def _next_block(content: IContent) -> bytes:
    block = content.read_block()
    return block if isinstance(block, bytes) else await block
