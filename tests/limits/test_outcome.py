"""What came of a login is noted, whoever waits for it."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.cred.error import LoginDenied, UnauthorizedLogin
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from mailgate.failures import InUse, StoreError, TooSoon
from mailgate.limits.outcome import note_outcome
from tests.limits.support import Noted
from tests.support import logged, outcome_of


class Login:
    """A login whose outcome is noted."""

    def __init__(self, attempt: Noted | None = None) -> None:
        self.attempt = attempt or Noted()
        self.given: Deferred[str] = Deferred()
        note_outcome(self.given, self.attempt)


def test_who_is_let_in_was_right() -> None:
    login = Login()
    login.given.callback("avatar")
    assert outcome_of(login.given) == "avatar"
    assert login.attempt.told == ["right"]


@pytest.mark.parametrize(
    ("error", "noted"),
    [
        (UnauthorizedLogin("wrong"), "wrong"),
        (LoginDenied("no"), "wrong"),
        (InUse("another session has it"), "right"),
        (TooSoon("a moment ago"), "right"),
        (StoreError("unreadable"), "undecided"),
        (RuntimeError("a bug"), "undecided"),
    ],
)
def test_what_an_error_says_of_the_password(error: Exception, noted: str) -> None:
    login = Login()
    login.given.errback(Failure(error))
    with pytest.raises(type(error)):
        outcome_of(login.given)
    assert login.attempt.told == [noted]


@pytest.mark.parametrize("result", ["avatar", Failure(UnauthorizedLogin("wrong"))])
def test_a_count_that_fails_changes_nothing_of_the_login(result: Any) -> None:
    class Broken(Noted):
        async def right(self) -> None:
            raise OSError("away")

        wrong = right

    login = Login(Broken())
    with logged() as lines:
        login.given.callback(result)
    assert len(lines) == 1
    if result == "avatar":
        assert outcome_of(login.given) == "avatar"
    else:
        with pytest.raises(UnauthorizedLogin):
            outcome_of(login.given)


def test_it_is_noted_before_anybody_hears_of_it() -> None:
    login = Login()
    told: list[str] = []
    login.given.addCallback(lambda _: told.extend(login.attempt.told))
    login.given.callback("avatar")
    assert told == ["right"]
