"""What every session tells of itself, whatever it speaks: one method a fact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.logger import Logger
from twisted.python.failure import Failure

from mailgate import facts
from mailgate.mail import Session

MAX_USER_CHARACTERS: Final = 320  # the longest name there can be (RFC 5321 4.5.3.1); a client may say anything
log: Final = Logger(namespace="mailgate.session")  # in a class, Logger would forget its namespace


class VisitReport:
    """Tells one session's facts. `user` is who the client says it is, where a login is not yet, or never, complete."""

    def __init__(self, bulletin: facts.Bulletin, new_id: Callable[[], str]) -> None:
        """`new_id` names unexpected errors."""
        self._tell = bulletin.tell
        self._new_id = new_id

    # The session.

    def connected(self, session: Session) -> None:
        """The connection stands."""
        self._tell(
            facts.Connected(session=session.id, listener=session.listener, client=session.client, port=session.port)
        )

    def secured(self, session: Session) -> None:
        """TLS is up."""
        self._tell(facts.Secured(session=session.id, tls=session.tls))

    def ended(
        self,
        session: Session,
        reason: str,
        commands: int,
        octets_in: int,
        octets_out: int,
        seconds: float,
        make: Callable[..., facts.Disconnected] = facts.Disconnected,
    ) -> None:
        """The connection is gone, after `seconds`. `make` makes the fact, where there is more to say."""
        self._tell(
            make(
                session=session.id,
                listener=session.listener,
                client=session.client,
                user=session.user,
                helo=session.helo,
                tls=session.tls,
                reason=reason,
                commands=commands,
                octets_in=octets_in,
                octets_out=octets_out,
                seconds=seconds,
            )
        )

    # The login.

    def logged_in(self, session: Session) -> None:
        """The maildrop of the session's user is open."""
        self._tell(
            facts.LoggedIn(session=session.id, listener=session.listener, client=session.client, user=session.user)
        )

    def login_failed(self, session: Session, user: str, error: Exception) -> None:
        """The login was wrong."""
        self._tell(
            facts.LoginFailed(
                session=session.id,
                listener=session.listener,
                client=session.client,
                user=user[:MAX_USER_CHARACTERS],
                reason=str(error) or type(error).__name__,
            )
        )

    def login_throttled(self, session: Session, user: str, error: Exception) -> None:
        """The login was refused before its password was looked at."""
        self._tell(
            facts.LoginThrottled(
                session=session.id,
                listener=session.listener,
                client=session.client,
                user=user[:MAX_USER_CHARACTERS],
                reason=str(error),
            )
        )

    def login_deferred(self, session: Session, user: str, error: Exception) -> None:
        """The login cannot be now, through no fault of the client."""
        self._tell(
            facts.LoginDeferred(
                session=session.id,
                listener=session.listener,
                client=session.client,
                user=user[:MAX_USER_CHARACTERS],
                reason=str(error),
            )
        )

    # Trouble.

    def unavailable(self, session: Session, user: str, where: str, error: Exception) -> None:
        """Store or accounts said that they cannot; their sentence says it all, so there is no traceback."""
        self._tell(facts.Unavailable(session=session.id, user=user, where=where, reason=str(error)))

    def failed(self, session: Session, where: str, error: BaseException) -> str:
        """Something unexpected happened; give the id under which the log has it, with its traceback."""
        failed = self._new_id()
        log.failure("error {error} in {where}", failure=Failure(error), error=failed, where=where)
        reason = f"{type(error).__name__}: {error}"
        self._tell(facts.Failed(error=failed, session=session.id, where=where, reason=reason))
        return failed
