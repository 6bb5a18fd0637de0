"""Events are values: equal where they say the same, and silent about secrets and content."""

from __future__ import annotations

import pytest

from mailgate.mail import Reply
from mailgate.smtp import events

SECRET = b"c2VjcmV0"


@pytest.mark.parametrize("event", [events.Auth("PLAIN", SECRET), events.Response(SECRET), events.Content(SECRET)])
def test_what_may_be_secret_is_not_shown(event: events.Event) -> None:
    assert SECRET.decode() not in repr(event)


def test_a_fault_is_neither_excused_nor_repeated_unless_it_says_so() -> None:
    fault = events.Fault(Reply(500, "5.5.1", "No such command"))
    assert (fault.excused, fault.times) == (False, 1)
    assert fault == events.Fault(fault.reply) != events.Fault(fault.reply, excused=True)
