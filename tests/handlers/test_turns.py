"""Places are few, and clients take turns: nobody waits beside a free place, nobody is kept out by one with many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred

from mailgate.handlers.turns import BUSY, Place, Turns
from mailgate.mail import Refused
from tests.support import outcome_of

MANY, FEW = "192.0.2.66", "192.0.2.1"


class Bench:
    """Turns, and who has got one."""

    def __init__(self, places: int, max_waiting: int = 100) -> None:
        self.turns = Turns(places, max_waiting)
        self.served: list[str] = []  # in the order in which they were
        self.places: list[tuple[str, Place]] = []  # that are held
        self.lost: list[str] = []
        self.waiting: list[Deferred[Place]] = []

    def take(self, client: str) -> None:
        place = self.turns.take(client)
        if not isinstance(place, Deferred):
            self.serve(place, client)
            return
        self.waiting.append(place)
        place.addBoth(self.done, place, client)

    def done(self, place: object, waiting: Deferred[Place], client: str) -> None:
        self.waiting.remove(waiting)
        if callable(place):
            self.serve(place, client)
        else:
            self.lost.append(client)

    def serve(self, place: Place, client: str) -> None:
        self.served.append(client)
        self.places.append((client, place))

    def end(self, client: str) -> None:
        """The oldest place of a client becomes free."""
        one = next(held for held in self.places if held[0] == client)
        self.places.remove(one)
        one[1]()


def test_while_there_is_room_nobody_waits() -> None:
    bench = Bench(2)
    bench.take(MANY)
    bench.take(MANY)
    bench.take(MANY)
    assert bench.served == [MANY, MANY] and len(bench.waiting) == 1
    bench.end(MANY)
    bench.end(MANY)
    bench.end(MANY)
    bench.take(FEW)
    assert bench.served == [MANY, MANY, MANY, FEW] and not bench.waiting


def test_clients_are_served_in_a_circle_and_each_in_its_own_order() -> None:
    turns = Turns(1)
    first = turns.take("a")
    assert callable(first)
    served: list[str] = []
    places: list[Place] = [first]

    def note(place: Place, name: str) -> None:
        places.append(place)
        served.append(name)

    for name in ("a1", "a2", "a3", "b1", "b2", "c1"):
        waiting = turns.take(name[0])
        assert isinstance(waiting, Deferred)
        waiting.addCallback(note, name)
    while places:
        places.pop()()
    assert served == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_who_holds_fewest_is_served_first() -> None:
    bench = Bench(3)
    for client in (MANY, MANY, MANY, MANY, MANY, FEW, FEW):
        bench.take(client)
    bench.end(MANY)
    assert bench.served[3:] == [FEW]
    bench.end(MANY)
    assert bench.served[3:] == [FEW, MANY]  # they had one each
    bench.end(FEW)
    assert bench.served[3:] == [FEW, MANY, FEW]  # however slow its rival's are, they do not fill all places


def test_who_leaves_the_line_takes_no_place() -> None:
    bench = Bench(1)
    for client in (MANY, MANY, FEW):
        bench.take(client)
    bench.waiting[0].cancel()
    assert bench.lost == [MANY]
    bench.end(MANY)
    assert bench.served == [MANY, FEW]


def test_of_who_has_gone_nothing_is_kept() -> None:
    bench = Bench(2)
    for number in range(5):
        bench.take(f"192.0.2.{number}")
    for _ in range(5):
        bench.end(bench.places[0][0])
    assert not bench.turns._held and not bench.turns._lines


def test_leaving_the_line_says_so() -> None:
    turns = Turns(1)
    turns.take(MANY)
    waiting = turns.take(MANY)
    assert isinstance(waiting, Deferred)
    waiting.cancel()
    with pytest.raises(CancelledError):
        outcome_of(waiting)


def test_the_line_has_an_end() -> None:
    bench = Bench(1, max_waiting=2)
    for _ in range(3):
        bench.take(MANY)
    with pytest.raises(Refused) as refused:
        bench.take(MANY)
    assert refused.value.reply == BUSY and BUSY.is_temporary


def test_who_has_most_in_line_makes_room() -> None:
    turns = Turns(1, max_waiting=3)
    turns.take(MANY)
    waiting = [turns.take(MANY) for _ in range(3)]
    last = waiting[-1]
    assert isinstance(turns.take(FEW), Deferred) and isinstance(last, Deferred)
    with pytest.raises(Refused, match=r"4\.3\.2"):
        outcome_of(last)
    with pytest.raises(Refused):  # one each and two are as even as it gets
        turns.take(FEW)
    with pytest.raises(Refused):
        turns.take(MANY)


def test_a_place_that_is_given_back_at_once_does_not_recurse() -> None:
    turns = Turns(1, max_waiting=5_000)
    first = turns.take(MANY)
    done: list[Place] = []

    def give_back(place: Place) -> None:
        done.append(place)
        place()

    for _ in range(5_000):
        waiting = turns.take(MANY)
        assert isinstance(waiting, Deferred)
        waiting.addCallback(give_back)
    assert callable(first)
    first()
    assert len(done) == 5_000


def test_who_comes_while_others_are_served_waits_behind_them() -> None:
    bench = Bench(1)
    first = bench.turns.take(MANY)
    second = bench.turns.take(MANY)
    assert callable(first) and isinstance(second, Deferred)

    def come_again(place: Place) -> None:
        place()
        bench.take(FEW)

    third = bench.turns.take(MANY)
    assert isinstance(third, Deferred)
    third.addCallback(bench.serve, MANY)
    second.addCallback(come_again)
    first()
    assert bench.served == [MANY] and len(bench.waiting) == 1
    bench.end(MANY)
    assert bench.served == [MANY, FEW]


@given(st.integers(1, 3), st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["take", "end", "leave"]))))
def test_places_are_never_exceeded_and_never_idle(places: int, steps: list[tuple[str, str]]) -> None:
    bench = Bench(places, max_waiting=4)
    for client, what in steps:
        if what == "take":
            try:
                bench.take(client)
            except Refused:
                assert len(bench.waiting) == 4
        elif what == "end" and client in [holder for holder, _ in bench.places]:
            bench.end(client)
        elif what == "leave" and bench.waiting:
            bench.waiting[0].cancel()
        assert len(bench.places) <= places and len(bench.waiting) <= 4
        assert not bench.waiting or len(bench.places) == places


def test_one_subnet_is_one_client() -> None:
    bench = Bench(1)
    for client in ("2001:db8::1", "2001:db8::2", "2001:db8::3", FEW):
        bench.take(client)
    bench.end("2001:db8::1")
    bench.end("2001:db8::2")
    assert bench.served[-1] == FEW
