"""POP3's decisions: an event in, a reply out. The AUTHORIZATION state, and whom each event is for.

No transport: `connection` has that. Where accounts and maildrops are kept is not known here; a `Portal` gives the one
for the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from attrs import evolve
from twisted.cred.error import LoginDenied, UnauthorizedLogin
from twisted.internet.defer import CancelledError

from mailgate.connection import Ending
from mailgate.facts import Disconnected
from mailgate.failures import InUse, LockLost, StoreError, TooSoon
from mailgate.interfaces import IMaildrop
from mailgate.limits.throttled import Throttled
from mailgate.mail import Session
from mailgate.pop3.authentication import UNKNOWN_MECHANISM, Answer, Exchange, begin_exchange
from mailgate.pop3.capabilities import capabilities, commands_not_there, may_log_in, may_start_tls
from mailgate.pop3.commands import UNKNOWN
from mailgate.pop3.events import (
    Auth,
    Capa,
    Connected,
    Event,
    Fault,
    Lang,
    Mechanisms,
    Pass,
    Quit,
    Response,
    Stls,
    User,
    Utf8,
)
from mailgate.pop3.excuses import TOO_MANY_WRONG, excuse, not_removed
from mailgate.pop3.login import Login
from mailgate.pop3.manner import Manner
from mailgate.pop3.reply import Reply, negative, positive
from mailgate.pop3.report import MaildropReport
from mailgate.pop3.surroundings import Surroundings
from mailgate.pop3.transaction import COMMANDS, Transaction, begin_transaction
from mailgate.reporting import VisitReport
from mailgate.wire import sasl

BEGIN_TLS: Final = positive("begin TLS negotiation")
MECHANISMS: Final = positive("mechanisms follow", lines=tuple(sasl.MECHANISMS))
NO_TLS: Final = negative("no TLS to begin here")
STLS_FIRST: Final = negative("STLS comes before UTF8")
SEND_PASSWORD: Final = positive("send the password")  # the same for a name that nobody has
TLS_FIRST: Final = negative("no password in clear: begin TLS first")
WRONG_LOGIN: Final = negative("wrong name or password", code="AUTH")  # RFC 3206 section 5
NOTHING_HIDDEN: Final[frozenset[type[Event]]] = frozenset()
STOPPING: Final = negative("the server is stopping", code="SYS/TEMP")  # RFC 3206 section 4


class POP3Session:
    """One client's session. Implements `connection.Session`."""

    def __init__(self, surroundings: Surroundings, session: Session) -> None:
        self._surroundings = surroundings
        self._personality = surroundings.personality
        self._not_there = commands_not_there(self._personality) if self._personality.hidden else NOTHING_HIDDEN
        self._session = session
        self._report = VisitReport(surroundings.bulletin, surroundings.new_id)
        self._login = Login(surroundings.portal, self._report, surroundings.throttle)
        self._maildrop_report = MaildropReport(surroundings.bulletin)
        self._now = surroundings.now
        self._began = surroundings.now()
        self._manner = Manner(self._personality.language)
        self._name = ""  # what USER or AUTH said
        self._exchange: Exchange | None = None  # while AUTH is under way
        self._transaction: Transaction | None = None  # once somebody has logged in
        self._commands = 0
        self._errors = 0
        self._login_failures = 0
        self._shown_out = False
        self._lost = False

    # What the connection asks.

    def seconds_left(self, silent_seconds: float) -> float:
        """How long the peer may go on so: until the login, what is left of the time for it."""
        if self._transaction is not None:
            return self._personality.idle_seconds - silent_seconds
        return max(0.0, self._began + self._personality.login_seconds - self._now())

    @property
    def at_rest(self) -> bool:
        """Always: POP3 takes no content."""
        return True

    async def answer(self, event: Event) -> Reply:
        """The reply to an event. Raises nothing but CancelledError, when the connection is lost."""
        try:
            reply = self._decide(event)
            if not isinstance(reply, Reply):
                reply = await reply
        except Exception as error:
            if self._lost and isinstance(error, CancelledError):
                raise
            reply = self._excuse(event, error)
        return self._manner.say(reply)

    def secured(self, tls: str) -> None:
        """TLS is up: what was said in clear is forgotten (RFC 2595 section 4, RFC 6856 section 7)."""
        self._name = ""
        self._manner = Manner(self._personality.language)
        self._session = evolve(self._session, tls=tls)
        self._report.secured(self._session)

    def farewell(self, ending: Ending) -> Reply | None:
        """Nothing on a time-out (RFC 1939 section 3: without sending any response)."""
        return None if ending == "time-out" else self._manner.say(STOPPING)

    def lost(self) -> None:
        """What is waited for is cancelled next; only a removal outlives that, and it tells what it did."""
        self._lost = True

    def ended(self, reason: str, octets_in: int, octets_out: int) -> None:
        """The connection is gone: nothing is removed, the maildrop is given back."""
        self._release()
        if self._shown_out and reason == "quit":
            reason = "refused"
        seconds = self._now() - self._began
        make: Callable[..., Disconnected] = Disconnected
        if self._transaction is not None:
            view = self._transaction.view
            make = self._maildrop_report.closing(messages=view.messages, listed=view.listed)
        self._report.ended(self._session, reason, self._commands, octets_in, octets_out, seconds, make)

    # Whom an event is for.

    def _decide(self, event: Event) -> Reply | Awaitable[Reply]:
        if isinstance(event, Connected):
            return self._greet()
        self._commands += 1
        if self._not_there and type(event) in self._not_there:
            return self._count_error(UNKNOWN.reply)
        if self._transaction is not None and type(event) in COMMANDS:
            return self._transaction.answer(event)
        match event:
            case Fault(reply):
                return self._count_error(reply)
            case User(name):
                return self._note_name(name)
            case Pass(password):
                return self._log_in(self._name, password)
            case Quit():
                return self._quit()
            case Capa():
                return self._tell_capabilities()
            case Stls():
                return self._begin_tls()
            case Utf8():
                return self._manner.begin_utf8()
            case Lang(wanted):
                return self._manner.answer_lang(wanted)
            case Mechanisms():
                return MECHANISMS if may_log_in(self._personality, self._session) else TLS_FIRST
            case Auth(mechanism, initial):
                return self._begin_exchange(mechanism, initial)
            case Response(line):
                assert self._exchange is not None, "a response comes after a challenge"
                return self._go_on(self._exchange.go_on(line))
            case _:
                raise TypeError(f"the machine let a command pass before the login: {event!r}")

    def _excuse(self, event: Event, error: Exception) -> Reply:
        """What to say when it could not be decided."""
        where = "AUTH" if isinstance(event, Response) else type(event).__name__.upper()
        if isinstance(error, StoreError):
            self._report.unavailable(self._session, self._session.user or self._name, where, error)
            return self._show_out(excuse(error)) if isinstance(error, LockLost) else excuse(error)
        failed = self._report.failed(self._session, where, error)  # the one place for the unexpected
        return negative("internal error, id {error}", code="SYS/TEMP", error=failed)

    def _greet(self) -> Reply:
        self._report.connected(self._session)
        if self._personality.banner:
            return Reply(True, "{banner}", values={"banner": self._personality.banner})
        return positive("{hostname} POP3 server ready", hostname=self._personality.hostname)

    def _count_error(self, reply: Reply) -> Reply:
        self._errors += 1
        return self._show_out(reply) if self._errors >= self._personality.max_errors else reply

    def _show_out(self, reply: Reply) -> Reply:
        self._shown_out = True
        return evolve(reply, close=True)

    def _tell_capabilities(self) -> Reply:
        lines = capabilities(
            self._personality,
            self._session,
            self._surroundings.promise(),
            None if self._transaction is None else self._transaction.rules,
            utf8=self._manner.utf8,
        )
        return positive("capabilities follow", lines=lines)

    def _begin_tls(self) -> Reply:
        if may_start_tls(self._personality, self._session, utf8=self._manner.utf8):
            return BEGIN_TLS
        # RFC 6856 section 2.1: the client must not, and the server may say so
        return STLS_FIRST if may_start_tls(self._personality, self._session, utf8=False) else NO_TLS

    # The login.

    def _note_name(self, name: str) -> Reply:
        if not may_log_in(self._personality, self._session):
            return TLS_FIRST
        self._name = name
        return SEND_PASSWORD

    async def _begin_exchange(self, mechanism: str, initial: bytes | None) -> Reply:
        if not may_log_in(self._personality, self._session):
            return TLS_FIRST
        self._exchange = begin_exchange(mechanism)
        if self._exchange is None:
            return self._count_error(UNKNOWN_MECHANISM)
        return await self._go_on(self._exchange.begin(initial))

    async def _go_on(self, answer: Answer) -> Reply:
        if isinstance(answer, Reply):
            return answer if answer.ok else self._count_error(answer)
        self._name = answer.authentication
        if answer.authorization:  # RFC 4616 section 2; what is the same as the user's name is empty here
            return self._refuse_login(self._name, UnauthorizedLogin("wants to act for somebody else"))
        return await self._log_in(self._name, answer.password.encode())

    async def _log_in(self, user: str, password: bytes) -> Reply:
        if not may_log_in(self._personality, self._session):
            return TLS_FIRST
        try:
            return await self._begin(await self._login.open(user, password, self._session))
        except (UnauthorizedLogin, LoginDenied) as error:
            return self._refuse_login(user, error)
        except Throttled as error:
            self._report.login_throttled(self._session, user, error)
            return self._count_login_failure(TOO_MANY_WRONG)
        except StoreError as error:
            self._report.login_deferred(self._session, user, error)
            if isinstance(error, (InUse, TooSoon)):
                return excuse(error)  # it is as it should be, and nobody has to see to it
            raise

    async def _begin(self, maildrop: IMaildrop) -> Reply:
        session = evolve(self._session, user=maildrop.name)  # which is not always what was typed
        try:
            transaction = await begin_transaction(
                maildrop, session, self._surroundings, self._report, self._maildrop_report, utf8=self._manner.utf8
            )
            await self._check_delay(maildrop)
        except Exception:
            self._release()  # RFC 1939 section 4: the lock is released before the login is refused
            raise
        self._session = session
        self._transaction = transaction
        self._report.logged_in(session)
        return transaction.describe()

    async def _check_delay(self, maildrop: IMaildrop) -> None:
        """Raises `TooSoon`. The delay counts from a +OK (RFC 2449 section 6.5): so this is the last that is asked, with
        the lock held, of a client who is still there.
        """
        tally, delay = self._surroundings.tally, maildrop.rules.login_delay_seconds
        if tally is not None and delay and not await tally.once(f"login/{maildrop.name}", delay):
            raise TooSoon(f"not {delay} seconds after the last login")

    def _refuse_login(self, user: str, error: Exception) -> Reply:
        self._report.login_failed(self._session, user, error)
        return self._count_login_failure(WRONG_LOGIN)

    def _count_login_failure(self, reply: Reply) -> Reply:
        self._login_failures += 1
        enough = self._login_failures >= self._personality.max_login_failures
        return self._show_out(reply) if enough else reply

    # The end.

    async def _quit(self) -> Reply:
        try:
            remaining = await self._transaction.update() if self._transaction is not None else 0
        finally:
            self._release()  # before the reply: who comes back at once finds the maildrop free
        if remaining:
            return not_removed(remaining)
        return positive("{hostname} POP3 server signing off", hostname=self._personality.hostname)

    def _release(self) -> None:
        if self._transaction is not None:
            self._transaction.close()
        self._login.log_out(self._session)
