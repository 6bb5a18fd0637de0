"""Postmaster is told of all that is wrong in one mail a day, be there restarts; nobody there, and the log is told."""

from __future__ import annotations

from pathlib import Path as FilePath

import pytest
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from mailgate import facts
from mailgate.interfaces import IFactReader
from mailgate.mail import Message, Outcome, Path, Refused, Relay, Reply
from mailgate.noticing.notices import FIRST_SECONDS, LOOK_SECONDS
from mailgate.noticing.reasons import Reason
from mailgate.rules import DAY_SECONDS, Quota
from tests.noticing.office import ALICE, POSTMASTER, Office
from tests.support import logged, started

DISK = Reason("the disk is nearly full", "Make room.")
CLOCK = Reason("the clock is wrong", "Set it.")


@pytest.fixture
def office(tmp_path: FilePath) -> Office:
    office = Office(tmp_path)
    office.notices.start()
    return office


def test_it_reads_facts(office: Office) -> None:
    assert verifyObject(IFactReader, office.notices)


def test_all_is_well(office: Office) -> None:
    office.wait(2 * DAY_SECONDS)
    assert office.kept(POSTMASTER) == [] and not office.file.exists()


def test_one_mail_with_all_reasons_soon_after_the_start(office: Office) -> None:
    office.reasons = [DISK, CLOCK]
    office.wait(FIRST_SECONDS - 1)
    assert office.kept(POSTMASTER) == []
    with logged() as events:
        office.wait(1)
    (mail,) = office.kept(POSTMASTER)
    assert mail.startswith(b"Return-Path: <>\n") and b"2 things to see to" in mail
    assert all(text.encode() in mail for reason in office.reasons for text in (reason.what, reason.what_to_do))
    assert events[0]["who"] == POSTMASTER and DISK.what in events[0]["what"]


def test_one_mail_a_day_as_long_as_it_lasts(office: Office) -> None:
    office.reasons = [DISK]
    office.wait(FIRST_SECONDS + 3 * DAY_SECONDS - 1)
    assert len(office.kept(POSTMASTER)) == 3
    office.reasons = []
    office.wait(3 * DAY_SECONDS)
    assert len(office.kept(POSTMASTER)) == 3


def test_what_goes_wrong_later_is_seen_within_the_hour(office: Office) -> None:
    office.wait(FIRST_SECONDS + 5 * LOOK_SECONDS + 10)
    office.reasons = [DISK]
    office.wait(LOOK_SECONDS)
    assert len(office.kept(POSTMASTER)) == 1


def test_a_restart_tells_nothing_again(office: Office, tmp_path: FilePath) -> None:
    office.reasons = [DISK]
    office.wait(FIRST_SECONDS)
    office.stop()
    again = Office(tmp_path)
    again.reasons = [DISK]
    again.notices.start()
    again.wait(FIRST_SECONDS + LOOK_SECONDS)
    assert again.kept(POSTMASTER) == []
    again.wait(DAY_SECONDS)
    assert len(again.kept(POSTMASTER)) == 1


def test_a_clock_that_jumps_does_not_flood(office: Office) -> None:
    office.reasons = [DISK]
    office.wait(FIRST_SECONDS)
    for jump in (-1e6, 1e6, 0, -1e6, 5e6, -3.0):
        office.jump = jump
        office.wait(LOOK_SECONDS)
    assert len(office.kept(POSTMASTER)) == 1


def test_what_cannot_be_delivered_is_tried_again_in_an_hour(office: Office) -> None:
    office.reasons = [DISK]
    office.courier.fails = True
    with logged() as events:
        office.wait(FIRST_SECONDS + LOOK_SECONDS)
    assert [event["log_level"].name for event in events] == ["error", "error"]
    office.courier.fails = False
    office.wait(LOOK_SECONDS)
    assert len(office.kept(POSTMASTER)) == 1


@pytest.mark.parametrize("places", [(), (Relay(Path("postmaster", "elsewhere.example")),)])
def test_nobody_there_or_elsewhere(office: Office, places: tuple[Relay, ...]) -> None:
    office.reasons = [DISK]
    office.directory.places = places
    with logged() as events:
        office.wait(FIRST_SECONDS + 5 * LOOK_SECONDS)
    assert ["no postmaster" in event["log_format"] for event in events] == [True]
    assert events[0]["what"] == DISK.what
    assert office.courier.taken == []


def test_a_directory_that_cannot_tell_now(office: Office) -> None:
    office.reasons = [DISK]
    office.directory.raises = Refused(Reply(450, "4.3.5", "out of service"))
    with logged() as events:
        office.wait(FIRST_SECONDS)
    assert "cannot be told" in events[0]["log_format"]
    office.directory.raises = None
    office.wait(LOOK_SECONDS)
    assert len(office.kept(POSTMASTER)) == 1


def test_a_bug_is_logged_and_the_next_hour_comes(office: Office) -> None:
    office.reasons = [DISK]
    office.directory.raises = RuntimeError("a bug")
    with logged() as events:
        office.wait(FIRST_SECONDS)
    assert "a bug" in str(events[0]["log_failure"])
    office.directory.raises = None
    office.wait(LOOK_SECONDS)
    assert len(office.kept(POSTMASTER)) == 1


def test_a_delivery_is_a_reason_to_look_how_full_it_is(office: Office) -> None:
    office.quotas[ALICE] = Quota(octets=100_000)
    office.deliver(ALICE, octets=92_000)
    office.wait(FIRST_SECONDS)
    assert len(office.kept(ALICE)) == 1 and office.kept(POSTMASTER) == []


def test_other_facts_are_none_of_its_business(office: Office) -> None:
    office.facts.tell(facts.SweepHeld(reason="the clock"))
    office.wait(FIRST_SECONDS)
    assert office.looked == [] and office.courier.taken == []


def test_a_stop_before_the_first_look(office: Office) -> None:
    office.reasons = [DISK]
    office.stop()
    office.wait(DAY_SECONDS)
    assert office.courier.taken == [] and office.clock.getDelayedCalls() == []


def test_a_stop_without_a_start_and_a_second_stop(tmp_path: FilePath) -> None:
    office = Office(tmp_path)
    office.stop()
    office.notices.start()
    office.wait(FIRST_SECONDS)
    office.stop()
    office.stop()
    assert office.clock.getDelayedCalls() == []


def test_a_stop_waits_for_what_is_under_way(office: Office) -> None:
    waits: Deferred[None] = Deferred()
    deliver = office.courier.deliver

    async def slowly(message: Message, *, partial: bool = False) -> tuple[Outcome, ...]:
        await waits
        return await deliver(message, partial=partial)

    office.courier.deliver = slowly  # type: ignore[method-assign]
    office.reasons = [DISK]
    office.wait(FIRST_SECONDS)
    stopped = started(office.notices.stop())
    assert not stopped.called
    waits.callback(None)
    assert stopped.called and len(office.kept(POSTMASTER)) == 1
