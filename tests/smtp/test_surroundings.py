"""What a listener allows if nothing else is said."""

from __future__ import annotations

import time

from mailgate.mail import Envelope, Local, Session
from mailgate.smtp.surroundings import no_limit, no_quotas, plenty, strict
from tests.smtp.support import ALICE, World
from tests.support import path, result_of


def test_defaults() -> None:
    surroundings = World().surroundings()
    assert surroundings.may_name_recipient is no_limit and surroundings.normalises is strict
    assert no_limit("192.0.2.1") is True
    assert strict("192.0.2.1") is False
    assert surroundings.throttle is None
    assert surroundings.has_room is plenty and surroundings.check_quotas is no_quotas
    assert plenty() is True
    envelope = Envelope("id", Session("session", "smtp", "192.0.2.1"), path("a@example.org"), size=10**18)
    result_of(no_quotas(envelope, [Local(ALICE)]))  # refuses nobody


def test_sessions_are_timed_by_a_clock_that_cannot_be_set() -> None:
    fields = {field.name: field.default for field in type(World().surroundings()).__attrs_attrs__}
    assert fields["elapsed"] is time.monotonic
