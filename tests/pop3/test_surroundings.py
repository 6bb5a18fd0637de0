"""What sessions share."""

from __future__ import annotations

from attrs import evolve

from mailgate.rules import Promise
from tests.pop3.support import house


def test_each_listener_has_memories_of_its_own() -> None:
    one, other = house().surroundings, house().surroundings
    assert one.listings is not other.listings
    assert one.surrogate_sizes is not other.surrogate_sizes
    assert evolve(one).listings is one.listings


def test_by_default_nothing_is_promised() -> None:
    one = house().surroundings
    assert one.promise() == Promise()
    assert one.throttle is None
