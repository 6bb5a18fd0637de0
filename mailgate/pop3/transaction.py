"""The TRANSACTION and UPDATE states (RFC 1939 sections 5 and 6): one open maildrop, event to reply."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Final, cast

from twisted.internet.defer import CancelledError

from mailgate.failures import Gone, LockLost, NotRemoved, StoreError
from mailgate.interfaces import IContent, IFetchLog, IMaildrop
from mailgate.mail import Entry, Session
from mailgate.pop3.events import Dele, Event, List, Noop, Retr, Rset, Stat, Top, Uidl
from mailgate.pop3.reply import Reply, negative, positive
from mailgate.pop3.report import MaildropReport
from mailgate.pop3.surrogates import AS_THEY_ARE, SurrogateContent, next_block
from mailgate.pop3.surroundings import Surroundings
from mailgate.pop3.view import View
from mailgate.reporting import VisitReport
from mailgate.rules import Rules
from mailgate.waits import to_the_end
from mailgate.wire.top import TopFilter

COMMANDS: Final = frozenset({Stat, List, Uidl, Retr, Top, Dele, Rset, Noop})
NO_SUCH_MESSAGE: Final = negative("no such message")
GONE: Final = negative("the message is gone: another program removed it")
TOLD_AT_A_TURN: Final = 256  # facts of removals; each takes some 10 µs of the reactor's time
NOTHING_DONE: Final = positive("nothing done")


class Transaction:
    """From the login to the end. It reads and removes; the lock is not its own, and it gives nothing back but `close`.

    What a reply's content meets on its way is reported before it is raised.
    """

    def __init__(
        self,
        maildrop: IMaildrop,
        view: View,
        session: Session,
        visit: VisitReport,
        report: MaildropReport,
        clock: Callable[[], float],
        pause: Callable[[], Awaitable[None]],
    ) -> None:
        """`clock` gives Unix time in seconds; `pause` waits until others have had their turn."""
        self.view = view
        self._maildrop = maildrop
        self._session = session
        self._visit = visit
        self._report = report
        self._clock = clock
        self._pause = pause
        self._content: IContent | None = None  # the message that is being sent
        self._fetch_log = _fetch_log(maildrop)
        self._has_fetched = False

    @property
    def rules(self) -> Rules:
        """What was decided for the maildrop."""
        return self._maildrop.rules

    def answer(self, event: Event) -> Reply | Awaitable[Reply]:
        """The reply to one of `COMMANDS`. Raises, then or now, what the store raises, but for `Gone`."""
        match event:  # what comes for each message is asked for first
            case Retr(number):
                return self._send(number, None)
            case Dele(number):
                return self._dele(number)
            case Top(number, lines):
                return self._send(number, TopFilter(lines))
            case Stat():
                return positive("{count} {octets}", count=self.view.count, octets=self.view.octets)
            case List(number):
                return self._list(number)
            case Uidl(number):
                return self._uidl(number)
            case Rset():
                self.view.unmark()
                return self.describe()
            case Noop():
                return NOTHING_DONE
            case _:
                raise TypeError(f"not a command of the TRANSACTION state: {event!r}")

    async def update(self) -> int:
        """Remove what is marked; give how many messages could not be removed.

        The removal is one call, and once begun it is waited for and told, whatever becomes of the connection. Unmarked
        messages are not touched (RFC 1939 section 6).
        """
        marked = self.view.marked
        remaining = await to_the_end(self._remove(marked)) if marked else ()
        if self._fetch_log is not None and self._has_fetched:
            await to_the_end(self._fetch_log.remember())
        return len(remaining)

    def close(self) -> None:
        """Close the message that is being sent, if there is one. May be called any number of times."""
        if self._content is not None:
            self._content.close()

    def describe(self, lines: bytes | None = None) -> Reply:
        """What the maildrop has."""
        count, octets = self.view.count, self.view.octets
        if count == 1:
            return positive("1 message ({octets} octets)", octets=octets, lines=lines)
        return positive("{count} messages ({octets} octets)", count=count, octets=octets, lines=lines)

    def _list(self, number: int | None) -> Reply:
        if number is None:
            return self.describe(self.view.sizes())
        if self.view.entry(number) is None:
            return NO_SUCH_MESSAGE
        self.view.note_listed(number)
        return positive("{number} {octets}", number=number, octets=self.view.octets_of(number))

    def _uidl(self, number: int | None) -> Reply:
        if number is None:
            return positive("unique ids follow", lines=self.view.uids())
        if (entry := self.view.entry(number)) is None:
            return NO_SUCH_MESSAGE
        self.view.note_listed(number)
        return positive("{number} {uid}", number=number, uid=entry.uid)

    def _dele(self, number: int) -> Reply:
        if not self.view.mark(number):
            return NO_SUCH_MESSAGE
        return positive("message {number} marked", number=number)

    # A message on its way.

    async def _send(self, number: int, top: TopFilter | None) -> Reply:
        if (entry := self.view.entry(number)) is None:
            return NO_SUCH_MESSAGE
        self.close()
        try:
            content = await self._maildrop.read(entry)
        except Gone:
            return GONE
        if self.view.is_surrogate(number):
            content = SurrogateContent(content)
        octets = self.view.octets_of(number)
        sent: bytes | AsyncGenerator[bytes, None]
        if content.whole is not None:  # most messages are in memory, and go without the way by blocks
            content.close()
            self._note_sent(entry, octets, top)
            sent = content.whole if top is None else top.feed(content.whole)
        else:
            self._content = content
            sent = self._blocks(entry, octets, content, top)
        if top is not None:
            return positive("top of message follows", content=sent)
        return positive("{octets} octets", octets=octets, content=sent)

    async def _blocks(
        self, entry: Entry, octets: int, content: IContent, top: TopFilter | None
    ) -> AsyncGenerator[bytes, None]:
        """The content by block, or its top. An error ends the connection: half a message must not look whole."""
        where = f"sending {entry.uid}"
        try:
            while (top is None or not top.done) and (block := await next_block(content)):
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
        self._note_sent(entry, octets, top)

    def _note_sent(self, entry: Entry, octets: int, top: TopFilter | None) -> None:
        if top is not None:
            self._report.topped()
            return
        self._report.fetched(self._session, entry, octets)
        if self._fetch_log is not None:
            self._fetch_log.fetched(entry, int(self._clock()))
            self._has_fetched = True

    # UPDATE.

    async def _remove(self, marked: Sequence[Entry]) -> Sequence[Entry]:
        """Remove `marked`; give those that remain."""
        remaining: Sequence[Entry] = ()
        try:
            await self._maildrop.remove(marked, to_trash=self._maildrop.rules.dele == "trash")
        except NotRemoved as error:
            remaining = error.entries
            self._report.not_deleted(self._session, remaining, error)
        except LockLost as error:  # nothing was removed
            remaining = marked
            self._report.not_deleted(self._session, remaining, error)
        still_there = frozenset(remaining)
        removed = [entry for entry in marked if entry not in still_there] if still_there else marked
        for start in range(0, len(removed), TOLD_AT_A_TURN):
            if start:
                await self._pause()
            for entry in removed[start : start + TOLD_AT_A_TURN]:
                self._report.deleted(self._session, entry)
        return remaining


async def begin_transaction(
    maildrop: IMaildrop,
    session: Session,
    surroundings: Surroundings,
    visit: VisitReport,
    report: MaildropReport,
    *,
    utf8: bool,
) -> Transaction:
    """See what is in a maildrop that `session`'s user has opened, and what of it goes to the client as a surrogate.

    Nothing does if the client has said UTF8. Raises what the store raises, but not for single messages.
    """

    def trouble(entry: Entry, error: Exception) -> None:
        where = f"measuring {entry.uid}"
        if isinstance(error, StoreError):
            visit.unavailable(session, session.user, where, error)
        else:
            visit.failed(session, where, error)

    snapshot = await maildrop.snapshot()
    surrogates = AS_THEY_ARE if utf8 else await surroundings.surrogate_sizes.measure(maildrop, snapshot, trouble)
    view = View(snapshot, surroundings.listings, surrogates)
    return Transaction(maildrop, view, session, visit, report, surroundings.clock, surroundings.pause)


def _fetch_log(maildrop: IMaildrop) -> IFetchLog | None:
    """Where to note what is fetched, if it matters there for how long that is kept."""
    if maildrop.rules.retention.fetched_days and IFetchLog.providedBy(maildrop):
        return cast(IFetchLog, maildrop)
    return None
