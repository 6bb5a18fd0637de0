"""What came of a login, as `twisted.cred` tells it, told to the attempt that it was."""

from __future__ import annotations

from typing import Final, TypeVar

from twisted.cred.error import LoginDenied, UnauthorizedLogin
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from mailgate.failures import InUse, TooSoon
from mailgate.interfaces import IAttempt

T = TypeVar("T")
log: Final = Logger(namespace="mailgate.limits")


def note_outcome(login: Deferred[T], attempt: IAttempt) -> None:
    """Let `attempt` know what `login` gives, before anybody who adds a callback later; it gives the same all the same.

    `InUse` and `TooSoon` are of a maildrop, which only a right password comes to. What else is raised says nothing.
    """

    def noted(result: T | Failure) -> Deferred[T]:
        noting = Deferred.fromCoroutine(_note(result, attempt))
        noting.addErrback(lambda failure: log.failure("a login could not be counted", failure))
        return noting.addCallback(lambda _: result)

    login.addBoth(noted)


async def _note(result: object, attempt: IAttempt) -> None:
    if not isinstance(result, Failure) or result.check(InUse, TooSoon):
        await attempt.right()
    elif result.check(UnauthorizedLogin, LoginDenied):
        await attempt.wrong()
    else:
        attempt.undecided()
