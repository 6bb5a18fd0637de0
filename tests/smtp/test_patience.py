"""Patience: every deadline and every count, at its limit and past it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from mailgate.mail import Reply
from mailgate.smtp.patience import (
    TOO_IDLE,
    TOO_MANY_ERRORS,
    TOO_MANY_FAILURES,
    TOO_MANY_MESSAGES,
    TOO_MANY_REFUSED,
    Patience,
)
from mailgate.smtp.personality import Personality
from tests.smtp.support import HOSTNAME


def patience(clock: Clock | None = None, **settings: Any) -> Patience:
    return Patience(Personality(hostname=HOSTNAME, **settings), (clock or Clock()).seconds)


# Counts.


@pytest.mark.parametrize(
    ("setting", "count", "borne", "goodbye"),
    [
        ("max_errors", Patience.error, 3, TOO_MANY_ERRORS),
        ("max_refused_recipients", Patience.refused_recipient, 3, TOO_MANY_REFUSED),
        ("max_idle_commands", Patience.idle_command, 3, TOO_IDLE),
        ("max_transactions", Patience.transaction, 3, TOO_MANY_MESSAGES),
        ("max_login_failures", Patience.login_failure, 2, TOO_MANY_FAILURES),  # the last one is not answered with 535
    ],
)
def test_counts(setting: str, count: Callable[[Patience], Reply | None], borne: int, goodbye: Reply) -> None:
    counting = patience(None, **{setting: 3})
    assert [count(counting) for _ in range(borne)] == [None] * borne
    assert count(counting) == count(counting) == goodbye
    assert (goodbye.code, goodbye.status) == (421, "4.7.0")


def test_each_count_stands_by_itself() -> None:
    counting = patience(max_errors=1, max_refused_recipients=1, max_idle_commands=1, max_transactions=1)
    counts = [counting.error, counting.refused_recipient, counting.idle_command, counting.transaction]
    assert [count() for count in counts] == [None] * 4
    assert len({count() for count in counts}) == 4


def test_a_message_makes_up_for_idle_commands() -> None:
    counting = patience(max_idle_commands=2, max_errors=1)
    assert [counting.idle_command(), counting.idle_command()] == [None, None]
    counting.error()
    counting.message()
    assert [counting.idle_command(), counting.idle_command(), counting.idle_command()] == [None, None, TOO_IDLE]
    assert counting.error() == TOO_MANY_ERRORS  # and for nothing else


# Deadlines.


def test_age() -> None:
    clock = Clock()
    clock.advance(100)
    counting = patience(clock)
    clock.advance(2.5)
    assert counting.age_seconds == 2.5


def test_a_command_has_its_time_as_a_whole() -> None:
    clock = Clock()
    counting = patience(clock, idle_seconds=10.0)
    clock.advance(4)
    assert counting.seconds_left(None) == 6.0
    counting.answered()
    assert counting.seconds_left(None) == 10.0


def test_content_is_measured_from_block_to_block() -> None:
    clock = Clock()
    counting = patience(clock, idle_seconds=10.0)
    clock.advance(20)
    assert counting.seconds_left(3.0) == 7.0
    assert counting.seconds_left(10.0) <= 0


def test_the_greeting_has_a_deadline_of_its_own() -> None:
    clock = Clock()
    counting = patience(clock, idle_seconds=100.0, greeting_seconds=10.0, session_seconds=50.0)
    clock.advance(9)
    counting.answered()
    assert counting.seconds_left(None) == counting.seconds_left(0.0) == 1.0  # whatever else the client says
    counting.greeted()
    assert counting.seconds_left(None) == counting.seconds_left(0.0) == 41.0


def test_a_session_ends() -> None:
    clock = Clock()
    counting = patience(clock, session_seconds=20.0, greeting_seconds=100.0)
    clock.advance(15)
    assert counting.seconds_left(0.0) == 5.0  # greeted or not
    counting.greeted()
    counting.answered()
    assert counting.seconds_left(None) == 5.0
    clock.advance(5)
    counting.answered()
    assert counting.seconds_left(None) <= 0


@given(
    st.lists(st.sampled_from([0.0, 0.5, 1.0, 7.0]), min_size=1, max_size=10),
    st.booleans(),
    st.one_of(st.none(), st.just(0.0)),
)
def test_while_nothing_happens_time_only_runs_out(steps: list[float], greeted: bool, silent: float | None) -> None:
    clock = Clock()
    counting = patience(clock, idle_seconds=10.0, greeting_seconds=8.0, session_seconds=12.0)
    if greeted:
        counting.greeted()
    left = counting.seconds_left(silent)
    for step in steps:
        clock.advance(step)
        silent = None if silent is None else silent + step
        assert counting.seconds_left(silent) == pytest.approx(left - step)
        left = counting.seconds_left(silent)


def test_tls_gives_the_time_for_the_greeting_once_more() -> None:
    clock = Clock()
    counting = patience(clock, idle_seconds=100.0, greeting_seconds=10.0, session_seconds=50.0)
    counting.greeted()
    clock.advance(30)
    counting.begin_anew()  # RFC 3207 4.2
    assert counting.seconds_left(None) == 10.0
    clock.advance(9)
    counting.answered()
    assert counting.seconds_left(None) == 1.0
    counting.greeted()
    assert counting.seconds_left(None) == 11.0
