"""A maildrop is opened for whom the portal lets in, and given back once, in time or late."""

from __future__ import annotations

import pytest
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import CancelledError, Deferred

from mailgate import facts
from mailgate.failures import InUse, StoreError
from mailgate.interfaces import IMaildrop, IThrottle
from mailgate.limits.throttled import Throttled
from mailgate.mail import Session
from mailgate.pop3.login import Login
from mailgate.reporting import VisitReport
from tests.limits.support import Refusing, Slow
from tests.pop3.support import House, house
from tests.support import result_of, started

SESSION = Session(id="s1", listener="pop3", client="192.0.2.1")


def made(place: House, throttle: IThrottle | None = None) -> Login:
    return Login(place.portal, VisitReport(place.facts, place.new_id), throttle)


def opening(login: Login) -> Deferred[IMaildrop]:
    return started(login.open("alice", b"correct horse", SESSION))


def abandoned(place: House) -> None:
    """The connection is lost while the realm takes its time."""
    place.realm.wait = Deferred()
    waiting = opening(made(place))
    waiting.cancel()
    with pytest.raises(CancelledError):
        result_of(waiting)
    place.realm.wait.callback(None)


def test_opens_and_gives_back_once() -> None:
    place = house()
    login = made(place)
    assert result_of(opening(login)) is place.maildrop
    assert place.realm.minds == [SESSION]
    login.log_out(SESSION)
    login.log_out(SESSION)
    assert (place.maildrop.opened, place.maildrop.released) == (1, 1)


def test_without_a_login_there_is_nothing_to_give_back() -> None:
    place = house()
    made(place).log_out(SESSION)
    assert place.maildrop.released == 0
    assert place.facts.told == []


def test_raises_what_the_portal_raises() -> None:
    place = house()
    place.realm.raises = InUse("busy")
    with pytest.raises(InUse):
        result_of(opening(made(place)))


def test_a_logout_that_fails_is_told() -> None:
    place = house()
    login = made(place)
    place.maildrop.release = lambda: 1 / 0  # type: ignore[assignment, method-assign]
    result_of(opening(login))
    login.log_out(SESSION)
    login.log_out(SESSION)
    assert place.facts.one(facts.Failed).where == "logout"


def test_what_is_opened_too_late_is_given_back_at_once() -> None:
    place = house()
    abandoned(place)
    assert (place.maildrop.opened, place.maildrop.released) == (1, 1)
    assert place.facts.told == []


@pytest.mark.parametrize(
    ("error", "told"), [(UnauthorizedLogin(), []), (StoreError(), []), (OSError("no"), ["a late login"])]
)
def test_a_late_failure_is_told_if_nobody_expected_it(error: Exception, told: list[str]) -> None:
    place = house()
    place.realm.raises = error
    abandoned(place)
    assert [fact.where for fact in place.facts.of(facts.Failed)] == told


# The throttle.


def test_the_throttle_is_asked_first_and_told_what_came_of_it() -> None:
    place, throttle = house(), Slow()
    throttle.gate = Deferred()
    waiting = opening(made(place, throttle))
    assert throttle.asked == [("192.0.2.1", "alice", b"correct horse")]
    assert place.checker.asked == []
    throttle.gate.callback(None)
    assert result_of(waiting) is place.maildrop
    assert throttle.attempt.told == ["right"]


def test_what_the_throttle_refuses_nobody_looks_at() -> None:
    place = house()
    with pytest.raises(Throttled):
        result_of(opening(made(place, Refusing())))
    assert place.checker.asked == []


def test_who_goes_while_the_throttle_waits_was_not_looked_at() -> None:
    place, throttle = house(), Slow()
    throttle.gate = Deferred()
    waiting = opening(made(place, throttle))
    waiting.cancel()
    with pytest.raises(CancelledError):
        result_of(waiting)
    assert place.checker.asked == [] and throttle.attempt.told == []


def test_who_goes_while_it_is_looked_at_is_counted_all_the_same() -> None:
    place, throttle = house(), Slow()
    place.checker.wait = Deferred()
    waiting = started(made(place, throttle).open("alice", b"wrong", SESSION))
    waiting.cancel()
    with pytest.raises(CancelledError):
        result_of(waiting)
    assert throttle.attempt.told == []
    place.checker.wait.callback(None)
    assert throttle.attempt.told == ["wrong"]


def test_a_maildrop_in_use_means_that_the_password_was_right() -> None:
    place, throttle = house(), Slow()
    place.realm.raises = InUse("busy")
    with pytest.raises(InUse):
        result_of(opening(made(place, throttle)))
    assert throttle.attempt.told == ["right"]
