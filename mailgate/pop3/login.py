"""From a name and a password to an open maildrop, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from twisted.cred.credentials import UsernamePassword
from twisted.cred.error import LoginFailed
from twisted.cred.portal import Portal
from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure

from mailgate.failures import StoreError
from mailgate.interfaces import IMaildrop, IThrottle
from mailgate.limits.outcome import note_outcome
from mailgate.mail import Session
from mailgate.reporting import VisitReport
from mailgate.waits import uncut


class Login:
    """One session's: `open`, and `log_out` in the end."""

    def __init__(self, portal: Portal, report: VisitReport, throttle: IThrottle | None = None) -> None:
        """Without a throttle passwords may be guessed as fast as they are looked at."""
        self._portal = portal
        self._throttle = throttle
        self._report = report
        self._logout: Callable[[], None] | None = None

    async def open(self, user: str, password: bytes, session: Session) -> IMaildrop:
        """The maildrop, locked. Raises what checker and realm raise, and `Throttled`.

        Once it has begun, the login is never cancelled: a checker or store that works in a thread could not give back
        the lock of a maildrop whose opening nobody waits for. So it goes on, and is logged out when it comes.
        """
        # While it waits for leave, though, it may be: then nothing was looked at.
        attempt = await self._throttle.begin(session.client, user, password) if self._throttle is not None else None
        login = self._portal.login(UsernamePassword(user.encode(), password), session, IMaildrop)
        if attempt is not None:
            note_outcome(login, attempt)

        def late(failure: Failure) -> None:
            # The client has gone; a login that did not come about has nothing to give back.
            error = failure.value
            if error is not None and not isinstance(error, (LoginFailed, StoreError, CancelledError)):
                self._report.failed(session, "a late login", error)

        def log_out_late() -> None:
            login.addCallback(lambda opened: opened[2]()).addErrback(late)

        opened = await uncut(login, log_out_late)
        self._logout = opened[2]
        return cast(IMaildrop, opened[1])

    def log_out(self, session: Session) -> None:
        """Give the maildrop back. Any number of times; never raises."""
        logout, self._logout = self._logout, None
        try:
            if logout is not None:
                logout()
        except Exception as error:  # noqa: BLE001 (a lock that cannot be given back must not keep the connection)
            self._report.failed(session, "logout", error)
