"""One AUTH exchange of an SMTP session (RFC 4954), from the command to the reply that ends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import evolve
from twisted.cred.credentials import UsernamePassword
from twisted.cred.error import LoginDenied, UnauthorizedLogin
from twisted.cred.portal import Portal

from mailgate.interfaces import ISubmitter, StoreError
from mailgate.mail import Refused, Reply, Session
from mailgate.reporting import VisitReport
from mailgate.smtp import events
from mailgate.wire import sasl

OFFERED: Final = ", ".join(sasl.MECHANISMS)
CANCELLED: Final = Reply(501, "5.5.2", "Authentication cancelled")
WRONG: Final = Reply(535, "5.7.8", "User or password wrong")
TOO_LONG: Final = Reply(500, "5.5.6", "Authentication exchange line is too long")
UNAVAILABLE: Final = Reply(454, "4.7.0", "Cannot check this now, try again later")  # RFC 4954 6
WELCOME: Final = Reply(235, "2.7.0", "Welcome")


class Exchange:
    """The dialogue of one mechanism. `submitter` and `logout` are there after it has ended well."""

    def __init__(self, portal: Portal, session: Session, report: VisitReport) -> None:
        self._portal = portal
        self._session = session
        self._report = report
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
            credentials = UsernamePassword(said.authentication.encode(), said.password.encode())
            _, avatar, self.logout = await self._portal.login(credentials, self._session, ISubmitter)
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


def _decoded(line: bytes, decode: Callable[[bytes], bytes]) -> bytes:
    try:
        return decode(line)
    except sasl.SASLError as error:
        raise Refused(Reply(501, "5.5.2", f"Bad response: {error}")) from None
