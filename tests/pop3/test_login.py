"""A maildrop is opened for whom the portal lets in, and given back once, in time or late."""

from __future__ import annotations

import pytest
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import CancelledError, Deferred

from mailgate import facts
from mailgate.failures import InUse, StoreError
from mailgate.interfaces import IMaildrop
from mailgate.mail import Session
from mailgate.pop3.login import Login
from mailgate.reporting import VisitReport
from tests.pop3.support import House, house
from tests.support import result_of, started

SESSION = Session(id="s1", listener="pop3", client="192.0.2.1")


def made(place: House) -> Login:
    return Login(place.portal, VisitReport(place.facts, place.new_id))


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
