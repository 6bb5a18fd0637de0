"""How long one client is borne with: deadlines and counts of a session, and the reply that ends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mailgate.mail import Reply
from mailgate.smtp.personality import Personality

TOO_MANY_ERRORS: Final = Reply(421, "4.7.0", "Too many wrong commands")
TOO_MANY_REFUSED: Final = Reply(421, "4.7.0", "Too many unknown recipients")
TOO_MANY_FAILURES: Final = Reply(421, "4.7.0", "Too many wrong passwords")
TOO_IDLE: Final = Reply(421, "4.7.0", "Too many commands and no message")
TOO_MANY_MESSAGES: Final = Reply(421, "4.7.0", "Enough messages for one session, open another")  # RFC 9422: MAILMAX


class Patience:
    """Of one session. Each count gives the reply that says goodbye, or None while there is patience left."""

    def __init__(self, personality: Personality, now: Callable[[], float]) -> None:
        """`now` is in seconds, and never goes back."""
        self._personality = personality
        self._now = now
        self._began = self._answered_at = now()
        self._greeted = False
        self._greeting_began = self._began
        self._errors = 0
        self._refused = 0
        self._failures = 0
        self._transactions = 0
        self._idle = 0

    @property
    def age_seconds(self) -> float:
        """How long the session has lasted."""
        return self._now() - self._began

    def seconds_left(self, silent_seconds: float | None) -> float:
        """How long the client may go on as it does. `silent_seconds` is for how long no content has come; None: it
        is not content that is waited for, but a command.

        Silence between blocks of content is measured from block to block; a command has its time as a whole, so that
        one octet a second is no sign of life (RFC 5321 4.5.3.2).
        """
        if silent_seconds is None:
            silent_seconds = self._now() - self._answered_at
        left = self._personality.session_seconds - self.age_seconds
        if not self._greeted:
            left = min(left, self._personality.greeting_seconds - (self._now() - self._greeting_began))
        return min(self._personality.idle_seconds - silent_seconds, left)

    def answered(self) -> None:
        """A command has had its answer; the next one's time begins."""
        self._answered_at = self._now()

    def begin_anew(self) -> None:
        """The client goes over to TLS: it is nobody yet, and has the time for that once more (RFC 3207 4.2)."""
        self._greeted = False
        self._greeting_began = self._now()

    def greeted(self) -> None:
        """The client has said who it is as far as it has to."""
        self._greeted = True

    def error(self) -> Reply | None:
        """A command was wrong."""
        self._errors += 1
        return TOO_MANY_ERRORS if self._errors > self._personality.max_errors else None

    def refused_recipient(self) -> Reply | None:
        """A recipient was refused, and not because the message has enough of them."""
        self._refused += 1
        return TOO_MANY_REFUSED if self._refused > self._personality.max_refused_recipients else None

    def login_failure(self) -> Reply | None:
        """A password was wrong."""
        self._failures += 1
        return TOO_MANY_FAILURES if self._failures >= self._personality.max_login_failures else None

    def idle_command(self) -> Reply | None:
        """A command came that brings no message further."""
        self._idle += 1
        return TOO_IDLE if self._idle > self._personality.max_idle_commands else None

    def transaction(self) -> Reply | None:
        """A transaction is to begin."""
        self._transactions += 1
        return TOO_MANY_MESSAGES if self._transactions > self._personality.max_transactions else None

    def message(self) -> None:
        """A message's content has come to its end: it was not for nothing."""
        self._idle = 0
