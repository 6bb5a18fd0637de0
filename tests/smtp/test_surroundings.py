"""What a listener allows if nothing else is said."""

from __future__ import annotations

import time

from mailgate.smtp.surroundings import no_limit, strict
from tests.smtp.support import World


def test_defaults() -> None:
    surroundings = World().surroundings()
    assert surroundings.may_name_recipient is no_limit and surroundings.normalises is strict
    assert no_limit("192.0.2.1") is True
    assert strict("192.0.2.1") is False


def test_sessions_are_timed_by_a_clock_that_cannot_be_set() -> None:
    fields = {field.name: field.default for field in type(World().surroundings()).__attrs_attrs__}
    assert fields["elapsed"] is time.monotonic
