"""Guessed passwords wait and are refused; users get in."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from zope.interface.verify import verifyObject

from mailgate.interfaces import IAttempt, IThrottle
from mailgate.limits.ledger import EXEMPT_SECONDS, HOUR_SECONDS
from mailgate.limits.logins import LOOKS, NEWCOMERS, UNKNOWN_USERS, WRONG_PASSWORDS
from mailgate.limits.throttled import Throttled
from tests.limits.support import ALICE, CAFE, EVIL, HOME, Door
from tests.support import outcome_of, result_of

REFUSED = f"{WRONG_PASSWORDS} wrong passwords for the account"


@pytest.fixture
def door() -> Door:
    return Door()


def test_it_is_a_throttle(door: Door) -> None:
    verifyObject(IThrottle, door.throttle)
    verifyObject(IAttempt, result_of(door.throttle.begin(HOME, "alice", b"x")))


def test_first_guesses_wait_then_they_are_refused(door: Door) -> None:
    assert door.guess(EVIL, "alice", 12) == [0, 0, 0, 1, 2, 4, 8, 8, 8, 8, REFUSED, REFUSED]
    assert (door.throttle.looked_at, door.throttle.refused, door.throttle.under_way) == (10, 2, 0)


def test_the_limits_are_for_who_makes_it_to_say() -> None:
    door = Door(wrong_passwords=4, unknown_users=3)
    assert [type(each) for each in door.guess(EVIL, "alice", 5)] == [float] * 4 + [str]
    assert [type(door.log_in(CAFE, f"nobody{number}", "wrong")) for number in range(6)] == [float] * 5 + [str]


def test_what_was_wrong_counts_for_an_hour(door: Door) -> None:
    door.guess(EVIL, "alice", 10)
    door.clock.advance(HOUR_SECONDS - 39.5)  # they took 39 seconds
    assert door.log_in(EVIL, "alice", "wrong x") == REFUSED
    door.clock.advance(1)
    assert door.log_in(EVIL, "alice", "wrong x") == 8  # the first few are forgiven
    door.clock.advance(HOUR_SECONDS)
    assert door.log_in(EVIL, "alice", "wrong y") == 0


def test_the_same_wrong_password_counts_once_however_often_it_comes(door: Door) -> None:
    assert [door.log_in(HOME, "alice", "wrong") for _ in range(100)] == [0.0] * 100  # a telephone that was not told
    assert door.log_in(CAFE, "alice", "right") == 0


def test_in_every_spelling_it_is_the_same_account(door: Door) -> None:
    for number in range(10):
        door.log_in(EVIL, ("alice", "ALICE", ALICE)[number % 3], f"wrong {number}")
    assert door.log_in(EVIL, ALICE, "wrong x") == REFUSED


def test_from_wherever_it_comes_it_counts_for_the_account(door: Door) -> None:
    for number in range(10):
        assert isinstance(door.log_in(f"203.0.113.{number}", "alice", f"wrong {number}"), float)
    assert door.log_in("203.0.113.0", "alice", "wrong x") == REFUSED


# The pair that logged in lately.


def test_who_logged_in_lately_gets_in_at_once_whatever_others_do(door: Door) -> None:
    assert door.log_in(HOME, "alice", "right") == 0
    door.guess(EVIL, "alice", 20)
    assert [door.log_in(HOME, "alice", "right") for _ in range(3)] == [0.0] * 3
    door.clock.advance(EXEMPT_SECONDS - 1)
    assert door.log_in(HOME, "alice", "right") == 0  # the day begins anew with every login
    door.clock.advance(EXEMPT_SECONDS - HOUR_SECONDS)
    door.guess(EVIL, "alice", 20)
    assert door.log_in(HOME, "alice", "right") == 0


def test_who_logged_in_longer_ago_is_somebody_new(door: Door) -> None:
    door.log_in(HOME, "alice", "right")
    door.clock.advance(EXEMPT_SECONDS)
    door.guess(EVIL, "alice", 10)
    assert door.log_in(HOME, "alice", "right") == 8


def test_nobody_behind_an_exempt_address_has_a_free_day(door: Door) -> None:
    door.log_in(HOME, "alice", "right")
    told = door.guess(HOME, "alice", 20)
    assert told[:10] == [0, 0, 0, 1, 2, 4, 8, 8, 8, 8]
    assert set(told[10:]) == {"10 wrong passwords for the account from this network"}
    assert door.log_in(HOME, "alice", "right") == 0  # alice behind the same address does not notice
    assert door.guess(HOME, "bob", 11)[10] == REFUSED  # other accounts tried from there count as from anywhere


def test_the_wrong_passwords_of_an_exempt_pair_count_for_all_others(door: Door) -> None:
    door.log_in(HOME, "alice", "right")
    door.guess(HOME, "alice", 10)
    assert door.guess(EVIL, "alice", 1, first=50) == [8]  # heard as somebody new, once
    assert door.guess(EVIL, "alice", 1, first=60) == ["11 wrong passwords for the account"]


def test_another_password_that_is_right_is_known_from_then_on(door: Door) -> None:
    door.log_in(HOME, "alice", "right")
    door.guess(EVIL, "alice", 10)
    assert door.log_in(HOME, "alice", "right, an application's") == 0
    door.guess(HOME, "alice", 10, first=100)
    assert [door.log_in(HOME, "alice", word) for word in ("right", "right, an application's")] == [0, 0]


def test_a_password_that_was_right_and_is_wrong_now_has_no_privilege(door: Door) -> None:
    door.log_in(HOME, "alice", "right")
    door.guess(HOME, "alice", 9)
    attempt = result_of(door.throttle.begin(HOME, "alice", b"right"))
    result_of(attempt.wrong())  # it was changed
    with pytest.raises(Throttled):
        result_of(door.throttle.begin(HOME, "alice", b"another"))
    with pytest.raises(Throttled):
        result_of(door.throttle.begin(HOME, "alice", b"right"))


def test_after_a_restart_who_is_exempt_is_known_and_the_counts_are_too(door: Door) -> None:
    door.log_in(HOME, "alice", "right")
    door.guess(EVIL, "alice", 10)
    door.throttle = door.made()
    assert door.log_in(HOME, "alice", "right") == 0
    assert door.log_in(EVIL, "alice", "wrong x") == REFUSED


# Who is new.


def test_a_user_from_a_new_network_gets_in_while_the_account_is_guessed_at(door: Door) -> None:
    door.guess(EVIL, "alice", 20)
    assert door.log_in(CAFE, "alice", "right") == 8
    assert door.log_in(CAFE, "alice", "right") == 0


def test_each_network_is_new_once_and_so_many_an_hour(door: Door) -> None:
    door.guess(EVIL, "alice", 10)
    assert [type(each) for each in door.guess(CAFE, "alice", 3, first=100)] == [float, str, str]
    told = [door.log_in(f"198.51.100.{number}", "alice", f"guess {number}") for number in range(100, 120)]
    assert [type(each) for each in told] == [float] * (NEWCOMERS - 1) + [str] * (20 - NEWCOMERS + 1)


def test_what_is_known_to_be_wrong_takes_nobodys_place(door: Door) -> None:
    door.guess(EVIL, "alice", 10)
    for number in range(100, 150):
        assert door.log_in(f"198.51.100.{number}", "alice", "wrong 3") == REFUSED
    assert door.log_in(CAFE, "alice", "right") == 8


def test_a_site_of_ipv6_is_new_once(door: Door) -> None:
    door.guess(EVIL, "alice", 10)
    told = [door.log_in(f"2001:db8:1:{number:x}::1", "alice", f"guess {number}") for number in range(5)]
    assert [type(each) for each in told] == [float, str, str, str, str]


# Names in vain.


def spray(door: Door, client: str, names: Sequence[str]) -> list[float | str]:
    return [door.log_in(client, name, "wrong") for name in names]


NAMES = [f"nobody{number}" for number in range(30)]


def test_names_that_nobody_has_are_few_from_one_network(door: Door) -> None:
    told = spray(door, EVIL, NAMES)
    assert told[:10] == [0, 0, 0, 1, 2, 4, 8, 8, 8, 8]
    assert set(filter(lambda each: isinstance(each, str), told)) <= {
        f"{count} names in vain from this network" for count in range(10, 30)
    }
    assert sum(isinstance(each, str) for each in told[10:]) >= 15
    assert door.log_in(CAFE, "nobody99", "wrong") == 0


def test_a_network_with_too_many_is_heard_a_few_times_a_minute(door: Door) -> None:
    spray(door, EVIL, NAMES[:10])
    assert [isinstance(each, str) for each in spray(door, EVIL, NAMES[10:18])] == [False] * LOOKS + [True] * 6
    door.clock.advance(70)
    assert door.log_in(EVIL, "bob", "right") == 8  # a user who was never there before


def test_one_name_tried_again_and_again_is_one(door: Door) -> None:
    assert door.guess(EVIL, "nobody", 11)[10] == REFUSED
    assert spray(door, EVIL, ["other"]) == [0]


def test_who_is_exempt_does_not_notice_what_others_try_from_the_same_address(door: Door) -> None:
    door.log_in(HOME, "alice", "right")
    spray(door, HOME, NAMES)
    assert door.log_in(HOME, "alice", "right") == 0
    assert door.log_in(HOME, "alice", "right, and new") == 0


def test_a_name_that_logs_in_was_not_in_vain(door: Door) -> None:
    for name in ("alice", "bob"):
        door.log_in(HOME, name, "wrong")
        door.log_in(HOME, name, "right")
    assert spray(door, HOME, NAMES[:3]) == [0, 0, 0]


def test_a_site_of_ipv6_has_four_times_as_many(door: Door) -> None:
    addresses = [f"2001:db8:1:{number:x}::1" for number in range(4 * UNKNOWN_USERS + 5)]
    told = [door.log_in(address, f"nobody{number}", "wrong") for number, address in enumerate(addresses)]
    assert told[: 4 * UNKNOWN_USERS] == [0.0] * 40
    assert [isinstance(each, str) for each in told[40:]] == [False] * LOOKS + [True] * (5 - LOOKS)


# What must not be told.


PLANS = st.lists(st.tuples(st.sampled_from([HOME, CAFE, EVIL]), st.integers(0, 12), st.integers(0, 40)), max_size=40)


@given(PLANS)
def test_a_name_that_nobody_has_is_treated_as_one_that_somebody_has(plan: list[tuple[str, int, int]]) -> None:
    heard = []
    for name in ("alice", "nobody"):
        door = Door()
        told = []
        for client, number, seconds in plan:
            told.append(door.log_in(client, name, f"wrong {number}"))
            told.append(door.log_in(client, f"filler{number}", "wrong"))
            door.clock.advance(seconds)
        heard.append(told)
    assert heard[0] == heard[1]


@given(PLANS)
def test_however_it_is_done_an_account_has_so_many_wrong_passwords_looked_at(plan: list[tuple[str, int, int]]) -> None:
    door = Door()
    for client, number, seconds in plan:
        door.log_in(client, "alice", f"wrong {number} {seconds}")
    wrong = result_of(door.accounts.members(f"wrong\n{ALICE}\n"))
    assert len(wrong) <= WRONG_PASSWORDS + 3  # each of the networks was new once


# At the same time.


def test_many_at_a_time_are_not_looked_at_for_the_count_of_one(door: Door) -> None:
    attempts = [door.begin(EVIL, "alice", f"wrong {number}") for number in range(50)]
    door.clock.advance(100)
    begun = [is_begun(attempt) for attempt in attempts]
    assert begun == [True] * 10 + [False] * 40


def is_begun(attempt: Deferred[IAttempt]) -> bool:
    try:
        return IAttempt.providedBy(outcome_of(attempt))
    except Throttled:
        return False


def test_the_same_password_many_times_at_once_is_one(door: Door) -> None:
    attempts = [door.begin(HOME, "alice", "right") for _ in range(20)]  # a program that opens many connections
    assert all(is_begun(attempt) for attempt in attempts)


def test_who_gives_up_waiting_was_not_looked_at(door: Door) -> None:
    door.guess(EVIL, "alice", 5)
    waiting = door.begin(EVIL, "alice", "wrong x")
    assert door.throttle.under_way == 1
    waiting.cancel()
    with pytest.raises(CancelledError):
        outcome_of(waiting)
    assert (door.throttle.under_way, door.throttle.looked_at, door.clock.getDelayedCalls()) == (0, 5, [])


def test_what_could_not_be_found_out_is_neither(door: Door) -> None:
    for number in range(20):
        result_of(door.throttle.begin(EVIL, "alice", f"wrong {number}".encode())).undecided()
    assert door.log_in(EVIL, "alice", "wrong") == 0
    assert door.throttle.under_way == 0
