"""Of a flood, a few facts; of the rest, the number."""

from __future__ import annotations

from mailgate.facts import Fact, TurnedAway
from mailgate.limits.sparing import IN_ALL, WINDOW_SECONDS, Sparing


class Room:
    """A sparing teller, what it told, and its clock."""

    def __init__(self) -> None:
        self.told: list[Fact] = []
        self.seconds = 1000.0
        self.sparing = Sparing(self.told.append, lambda: self.seconds)

    def tell(self, client: str, reason: str = "full", listener: str = "smtp") -> None:
        self.sparing.tell(TurnedAway(listener=listener, client=client, reason=reason))


def test_one_a_client_and_reason_is_told_and_the_rest_is_counted() -> None:
    room = Room()
    for _ in range(10):
        room.tell("2001:db8::1")
        room.tell("2001:db8::2")
    assert room.told == [TurnedAway(listener="smtp", client="2001:db8::1", reason="full")]
    assert room.sparing.untold == 19
    room.tell("2001:db8::1", "too often")
    room.tell("2001:db8::1", listener="pop3")
    room.tell("192.0.2.1")
    assert len(room.told) == 4


def test_it_is_told_again_when_time_has_passed() -> None:
    room = Room()
    room.tell("192.0.2.1")
    room.seconds += 2 * WINDOW_SECONDS
    room.tell("192.0.2.1")
    assert len(room.told) == 2


def test_many_clients_are_a_flood_as_well() -> None:
    room = Room()
    for number in range(IN_ALL + 10):
        room.tell(f"192.0.2.{number}")
    assert len(room.told) == IN_ALL
    assert room.sparing.untold == 10
