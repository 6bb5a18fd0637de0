"""A wait: what is asked, with whose patience, and what comes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.control.caller import CallFailed
from mailgate.testing.no_mail import NoMail
from mailgate.testing.waiting import Waiting
from tests.testing.support import a_message, told, told_conversation


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_the_server_waits_for_what_it_can_decide() -> None:
    waiting = Waiting("t1", {"to": "a@b"}, 2, 5.0, Clock())
    call = waiting.next_call()
    assert call.name == "wait"
    assert call.arguments == {"namespace": "t1", "to": "a@b", "content": True, "count": 2, "timeout": 5.0}
    assert call.seconds == 5.0
    assert not waiting.is_over
    waiting.take(call.read({"messages": [told(1), told(2)]}))
    assert waiting.is_over
    assert waiting.found == [a_message(1), a_message(2)]


def test_where_we_have_a_say_they_are_looked_at_one_by_one_until_the_deadline() -> None:
    clock = Clock()
    waiting = Waiting("t1", {"subject": str.isupper}, 1, 5.0, clock)
    assert waiting.next_call().arguments["count"] == 1
    clock.seconds += 3
    waiting.take([a_message(7)])
    assert not waiting.is_over
    arguments = waiting.next_call().arguments
    assert (arguments["after"], arguments["timeout"]) == (7, 2.0)
    clock.seconds += 3
    assert waiting.next_call().arguments["timeout"] == 0.0
    waiting.take([a_message(9, subject="YES")])
    assert waiting.is_over
    assert [message.number for message in waiting.found] == [9]


@given(st.lists(st.booleans(), max_size=12), st.integers(1, 4))
def test_the_first_that_fit_are_found_in_order(fitting: list[bool], count: int) -> None:
    waiting = Waiting("t1", {"subject": str.isupper}, count, 5.0, Clock())
    arriving = [a_message(number, subject="YES" if fits else "no") for number, fits in enumerate(fitting, 1)]
    while arriving and not waiting.is_over:
        waiting.take([arriving.pop(0)])
    numbers = [number for number, fits in enumerate(fitting, 1) if fits]
    assert [message.number for message in waiting.found] == numbers[:count]
    assert waiting.is_over == (len(numbers) >= count)


def test_what_is_to_come_after_a_message_is_asked_for_so() -> None:
    waiting = Waiting("t1", {"after": a_message(4)}, 1, 5.0, Clock())
    assert waiting.next_call().arguments["after"] == 4


def test_a_time_out_is_no_mail() -> None:
    details = {"arrived": [told(content=None)], "conversations": [told_conversation("S: 220 hi")]}
    error = Waiting("t1", {"to": "a@b"}, 1, 5.0, Clock()).failed(CallFailed("timeout", "no", details))
    assert isinstance(error, NoMail)
    assert str(error).startswith("no message to a@b within 5 s\n\nArrived (1, ")
    assert "S: 220 hi" in str(error)


def test_what_others_said_before_is_not_told() -> None:
    conversations = [
        told_conversation("S: before", ended=1000.0),
        told_conversation("S: meanwhile", ended=2000.0),
        told_conversation("S: still", ended=None),
    ]
    failed = CallFailed("timeout", "no", {"conversations": conversations})
    error = Waiting("t1", {}, 1, 5.0, Clock(), since=1500.0).failed(failed)
    assert isinstance(error, NoMail)
    assert [one.lines[0].text for one in error.conversations] == ["meanwhile", "still"]


def test_how_many_were_found_of_several_is_told() -> None:
    waiting = Waiting("t1", {"subject": str.isupper}, 3, 0.5, Clock())
    waiting.take([a_message(subject="YES")])
    error = waiting.failed(CallFailed("timeout", "no", {}))
    assert str(error).startswith("1 of 3 messages with subject str.isupper within 0.5 s\n\nNothing arrived.")


def test_of_several_that_the_server_counts_nobody_says_how_many_there_were() -> None:
    error = Waiting("t1", {}, 3, 0.5, Clock()).failed(CallFailed("timeout", "no", {}))
    assert str(error).startswith("not 3 messages within 0.5 s\n")


def test_another_failure_stays_what_it_is() -> None:
    error = CallFailed("bad", "no such argument", {})
    assert Waiting("t1", {}, 1, 5.0, Clock()).failed(error) is error


def test_a_wait_for_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="not for 0; assert_no_mail is for none"):
        Waiting("t1", {}, 0, 5.0, Clock())
