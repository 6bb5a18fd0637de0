"""Logging in to an SMTP session (RFC 4954): one exchange from AUTH to the reply that ends it, and what it gave."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from attrs import evolve
from twisted.cred.credentials import UsernamePassword
from twisted.cred.error import LoginDenied, UnauthorizedLogin
from twisted.cred.error import LoginFailed as LoginError
from twisted.cred.portal import Portal
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from mailgate.failures import StoreError
from mailgate.interfaces import ISubmitter, IThrottle
from mailgate.limits.outcome import note_outcome
from mailgate.limits.throttled import Throttled
from mailgate.mail import Refused, Reply, Session
from mailgate.reporting import VisitReport
from mailgate.smtp import events
from mailgate.smtp.personality import Personality
from mailgate.waits import uncut
from mailgate.wire import sasl

OFFERED: Final = ", ".join(sasl.MECHANISMS)
CANCELLED: Final = Reply(501, "5.5.2", "Authentication cancelled")
WRONG: Final = Reply(535, "5.7.8", "User or password wrong")
TOO_LONG: Final = Reply(500, "5.5.6", "Authentication exchange line is too long")
UNAVAILABLE: Final = Reply(454, "4.7.0", "Cannot check this now, try again later")  # RFC 4954 6
THROTTLED: Final = Reply(454, "4.7.0", "Too many wrong passwords, try again later")  # the same: for now
NOT_HERE: Final = Reply(502, "5.5.1", "Not offered here")
TLS_FIRST: Final = Reply(530, "5.7.0", "Say STARTTLS first")
AGAIN: Final = Reply(503, "5.5.1", "You are logged in already")  # RFC 4954 4
WELCOME: Final = Reply(235, "2.7.0", "Welcome")


class Login:
    """Who the client is, once it has said so. `log_out` in the end."""

    def __init__(
        self,
        portal: Portal | None,
        personality: Personality,
        report: VisitReport,
        throttle: IThrottle | None = None,
    ) -> None:
        """Without a throttle passwords may be guessed as fast as they are looked at."""
        self._portal = portal
        self._personality = personality
        self._report = report
        self._throttle = throttle
        self._exchange: Exchange | None = None
        self._logout: Callable[[], object] = lambda: None
        self.submitter: ISubmitter | None = None

    async def begin(self, command: events.Auth, session: Session) -> Reply:
        """Answer AUTH. Raises `Refused`."""
        self._exchange = Exchange(self._open(session), session, self._report, self._throttle)
        return self._learn(self._exchange, await self._exchange.begin(command))

    async def go_on(self, response: events.Response) -> Reply:
        """Answer what came after a challenge. Raises `Refused`."""
        assert self._exchange is not None, "a response comes after a challenge"
        return self._learn(self._exchange, await self._exchange.go_on(response))

    def log_out(self, session: Session) -> None:
        """Forget who the client is. Any number of times."""
        logout, self._logout, self.submitter = self._logout, lambda: None, None
        try:
            logout()
        except Exception as error:  # noqa: BLE001 (an avatar's bug must not keep the connection)
            self._report.failed(session, "smtp logout", error)

    def _open(self, session: Session) -> Portal:
        if self._portal is None or not self._personality.auth_required:
            raise Refused(NOT_HERE)
        if not self._personality.takes_passwords(tls=bool(session.tls)):
            raise Refused(TLS_FIRST)
        if self.submitter is not None:
            raise Refused(AGAIN)
        return self._portal

    def _learn(self, exchange: Exchange, reply: Reply) -> Reply:
        if exchange.submitter is not None:
            self.submitter, self._logout = exchange.submitter, exchange.logout
        return reply


class Exchange:
    """The dialogue of one mechanism. `submitter` and `logout` are there after it has ended well."""

    def __init__(
        self, portal: Portal, session: Session, report: VisitReport, throttle: IThrottle | None = None
    ) -> None:
        self._portal = portal
        self._session = session
        self._report = report
        self._throttle = throttle
        self._mechanism: sasl.Mechanism | None = None
        self.submitter: ISubmitter | None = None
        self.logout: Callable[[], object] = lambda: None

    async def begin(self, command: events.Auth) -> Reply:
        """Answer AUTH: with a challenge, or with the end. Raises `Refused`."""
        make = sasl.MECHANISMS.get(command.mechanism)
        if make is None:
            raise Refused(Reply(504, "5.5.4", f"Mechanism not offered; {OFFERED} are"))
        self._mechanism = make()
        if command.initial is None:
            return await self._step(None)
        return await self._step(_decoded(command.initial, sasl.decode_initial))

    async def go_on(self, response: events.Response) -> Reply:
        """Answer the client's response to a challenge. Raises `Refused`."""
        if response.line is None:
            raise Refused(TOO_LONG)  # RFC 4954 4
        if response.line == b"*":
            raise Refused(CANCELLED)
        return await self._step(_decoded(response.line, sasl.decode))

    async def _step(self, response: bytes | None) -> Reply:
        assert self._mechanism is not None, "begin() comes first"
        try:
            answer = self._mechanism.step(response)
        except sasl.SASLError as error:
            raise Refused(Reply(501, "5.5.2", f"Bad response: {error}")) from None
        if isinstance(answer, sasl.Challenge):
            return Reply(334, "", sasl.encode(answer).decode())
        return await self._check(answer)

    async def _check(self, said: sasl.Credentials) -> Reply:
        try:
            if said.authorization:
                raise UnauthorizedLogin("wants to act for somebody else")
            _, avatar, self.logout = await self._look(said.authentication, said.password.encode())
        except Throttled as error:
            self._report.login_throttled(self._session, said.authentication, error)
            raise Refused(THROTTLED) from None
        except (UnauthorizedLogin, LoginDenied) as error:
            self._report.login_failed(self._session, said.authentication, error)
            raise Refused(WRONG) from None
        except StoreError as error:
            self._report.unavailable(self._session, said.authentication, "AUTH", error)
            self._report.login_deferred(self._session, said.authentication, error)
            raise Refused(UNAVAILABLE) from None
        self.submitter = submitter = ISubmitter(avatar)
        self._report.logged_in(evolve(self._session, user=submitter.user))
        return WELCOME

    async def _look(self, user: str, password: bytes) -> tuple[Any, object, Callable[[], object]]:
        """Interface, avatar, logout, as the portal has them. Raises what checker and realm raise, and `Throttled`.

        Once there is leave to look, the login goes on whoever waits for it: what came of it has to count.
        """
        client = self._session.client
        attempt = await self._throttle.begin(client, user, password) if self._throttle is not None else None
        login = self._portal.login(UsernamePassword(user.encode(), password), self._session, ISubmitter)
        if attempt is not None:
            note_outcome(login, attempt)
        return await uncut(login, partial(self._log_out_late, login))

    def _log_out_late(self, login: Deferred[Any]) -> None:
        login.addCallback(lambda opened: opened[2]()).addErrback(self._late)

    def _late(self, failure: Failure) -> None:
        # The client has gone; a login that did not come about has nothing to give back.
        error = failure.value
        if error is not None and not isinstance(error, (LoginError, StoreError, Refused, CancelledError)):
            self._report.failed(self._session, "a late login", error)


def _decoded(line: bytes, decode: Callable[[bytes], bytes]) -> bytes:
    try:
        return decode(line)
    except sasl.SASLError as error:
        raise Refused(Reply(501, "5.5.2", f"Bad response: {error}")) from None
