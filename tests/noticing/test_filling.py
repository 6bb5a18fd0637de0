"""A user hears at 90 percent, once a day, while there is room for it; each maildrop is looked at now and then."""

from __future__ import annotations

from pathlib import Path as FilePath

import pytest
from twisted.internet.defer import Deferred

from mailgate.mail import Message, Outcome
from mailgate.noticing import filling
from mailgate.noticing.filling import AGAIN_SECONDS, LOOK_SECONDS, TICK_SECONDS
from mailgate.rules import DAY_SECONDS, Quota
from tests.noticing.office import ALICE, STORE_ERROR, Office
from tests.support import logged, started

OCTETS = 100_000
BOB = "bob@example.org"


@pytest.fixture
def office(tmp_path: FilePath) -> Office:
    office = Office(tmp_path)
    office.quotas[ALICE] = Quota(octets=OCTETS)
    return office


def deliver(office: Office, octets: int) -> None:
    """To alice, and let it be seen."""
    office.deliver(ALICE, octets=octets)
    office.wait(LOOK_SECONDS + TICK_SECONDS, step=TICK_SECONDS)


def test_below_ninety_percent_nobody_is_told(office: Office) -> None:
    deliver(office, OCTETS * 8 // 10)
    assert office.looked == [ALICE] and office.kept(ALICE) == []


def test_at_ninety_percent_the_user_is_told_soon(office: Office) -> None:
    office.deliver(ALICE, octets=OCTETS * 92 // 100)
    office.wait(TICK_SECONDS)
    (notice,) = office.kept(ALICE)
    assert b"Subject: Your mailbox is 92 % full\n" in notice
    assert notice.startswith(b"Return-Path: <>\nDelivered-To: alice@example.org\nFrom: mailgate <postmaster@")


def test_by_messages_as_well(office: Office) -> None:
    office.quotas[ALICE] = Quota(messages=10)
    for _ in range(8):
        office.deliver(ALICE)
    office.wait(TICK_SECONDS)
    assert office.kept(ALICE) == []
    deliver(office, 1)
    assert b"9 of 10 messages used" in office.kept(ALICE)[0]


def test_once_a_day_and_only_while_mail_comes_in(office: Office) -> None:
    deliver(office, OCTETS * 91 // 100)
    deliver(office, 10)
    office.wait(DAY_SECONDS)
    assert len(office.kept(ALICE)) == 1
    deliver(office, 10)
    assert len(office.kept(ALICE)) == 2


def test_a_notice_is_no_reason_to_look_again(office: Office) -> None:
    deliver(office, OCTETS * 92 // 100)
    office.wait(2 * LOOK_SECONDS)
    assert len(office.kept(ALICE)) == 1 and office.looked == [ALICE]
    assert office.clock.getDelayedCalls() == []


@pytest.mark.parametrize("quota", [Quota(octets=OCTETS), Quota(messages=1)])
def test_who_is_full_is_told_nothing_more(office: Office, quota: Quota) -> None:
    office.quotas[ALICE] = quota
    deliver(office, OCTETS - 300)  # a notice would not fit
    assert office.looked == [ALICE] and office.kept(ALICE) == []


def test_without_a_quota_nobody_looks(office: Office) -> None:
    office.deliver(BOB)
    office.wait(LOOK_SECONDS)
    assert office.looked == []


def test_a_maildrop_is_looked_at_now_and_then(office: Office) -> None:
    for _ in range(int(2 * LOOK_SECONDS / TICK_SECONDS)):  # ten minutes of it
        office.deliver(ALICE, octets=1)
        office.wait(TICK_SECONDS)
    office.wait(LOOK_SECONDS + TICK_SECONDS)
    assert len(office.looked) == 3
    assert office.clock.getDelayedCalls() == []


def test_a_store_that_cannot_tell(office: Office) -> None:
    office.unreadable = STORE_ERROR
    with logged() as events:
        deliver(office, OCTETS * 92 // 100)
    assert ["cannot see" in event["log_format"] for event in events] == [True]
    office.unreadable = None
    deliver(office, 1)
    assert len(office.kept(ALICE)) == 1


def test_a_bug_is_logged_and_costs_one_look(office: Office) -> None:
    office.unreadable = RuntimeError("a bug")
    with logged() as events:
        deliver(office, OCTETS * 92 // 100)
    assert "a bug" in str(next(event["log_failure"] for event in events if "log_failure" in event))
    office.unreadable = None
    deliver(office, 1)
    assert len(office.kept(ALICE)) == 1


def test_what_cannot_be_delivered_is_tried_again_in_an_hour(office: Office) -> None:
    office.courier.fails = True
    with logged() as events:
        deliver(office, OCTETS * 92 // 100)
        office.deliver(ALICE, octets=1)  # which makes it no sooner
        office.wait(AGAIN_SECONDS - LOOK_SECONDS - TICK_SECONDS, step=TICK_SECONDS)
    assert len([event for event in events if "cannot tell" in event["log_format"]]) == 1
    assert len(office.courier.taken) == 1
    office.courier.fails = False
    office.wait(2 * TICK_SECONDS, step=TICK_SECONDS)
    assert len(office.kept(ALICE)) == 1


def test_there_are_never_too_many_under_watch(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "MAX_MAILDROPS", 2)
    names = ["a@b", "c@d", "e@f"]
    office.quotas.update(dict.fromkeys(names, Quota(octets=1 << 20)))
    office.deliver(*names)
    office.wait(TICK_SECONDS)
    office.deliver("a@b")  # is known
    office.deliver("e@f")  # is not
    office.wait(LOOK_SECONDS + TICK_SECONDS)
    assert office.looked == ["a@b", "c@d", "a@b"]
    office.wait(LOOK_SECONDS)
    office.deliver("c@d")
    office.wait(TICK_SECONDS)
    office.deliver("e@f")
    office.wait(TICK_SECONDS)
    assert office.looked[3:] == ["c@d", "e@f"]


def test_a_stop_looks_at_nothing_more(office: Office) -> None:
    office.deliver(ALICE, octets=OCTETS * 92 // 100)
    office.stop()
    office.deliver(ALICE)
    office.wait(LOOK_SECONDS)
    assert office.looked == [] and office.clock.getDelayedCalls() == []


def test_a_stop_waits_for_the_look_under_way_and_begins_no_other(office: Office) -> None:
    office.quotas[BOB] = Quota(octets=OCTETS)
    waits: Deferred[None] = Deferred()
    deliver = office.courier.deliver

    async def slowly(message: Message, *, partial: bool = False) -> tuple[Outcome, ...]:
        await waits
        return await deliver(message, partial=partial)

    office.courier.deliver = slowly  # type: ignore[method-assign]
    office.deliver(ALICE, BOB, octets=OCTETS * 92 // 100)
    office.wait(TICK_SECONDS)
    office.deliver(ALICE)  # a notice is under way: there is no second look beside it
    office.wait(LOOK_SECONDS)
    stopped = started(office.notices.stop())
    assert not stopped.called
    waits.callback(None)
    assert stopped.called
    assert office.looked == [ALICE] and len(office.kept(ALICE)) == 1 and office.kept(BOB) == []
    assert office.clock.getDelayedCalls() == []
