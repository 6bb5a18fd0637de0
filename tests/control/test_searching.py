"""The letters that fit, among those that are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from twisted.internet.defer import Deferred

from mailgate.control.calls import Arguments
from mailgate.control.contents import Contents
from mailgate.control.matching import criteria_in
from mailgate.control.reading import LARGE_OCTETS
from mailgate.control.searching import Search
from tests.control.support import ALICE, BOB, CAROL, DAVE, Bench, at_once
from tests.support import outcome_of, result_of, started

T = TypeVar("T")


class Counted(Contents):
    """Contents that count how often the store was asked."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.store)
        self.asked = self.headers = self.now = self.most = 0
        self.slowly: list[Deferred[None]] = []

    async def of(self, kept):  # type: ignore[no-untyped-def]
        self.asked += 1
        self.now += 1
        self.most = max(self.most, self.now)
        if self.slowly:
            await self.slowly.pop()
        content = await super().of(kept)
        self.now -= 1
        return content

    async def header_of(self, kept):  # type: ignore[no-untyped-def]
        self.headers += 1
        return await super().header_of(kept)


class Place:
    """Letters to be searched."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.contents = Counted(self.bench)
        self.search = Search(self.bench.letters, self.contents, at_once)

    def find(self, limit: int = 100, *, removed: bool = False, **values: str) -> list[int]:
        criteria = criteria_in(
            Arguments({"namespace": "t1", **{key.rstrip("_"): value for key, value in values.items()}})
        )
        return [each.letter.number for each in result_of(self.search.find(criteria, limit, removed=removed))]


@pytest.fixture
def place() -> Place:
    place = Place()
    for to, subject in ((ALICE, "one"), (BOB, "two"), (CAROL, "three"), (DAVE, "four"), (ALICE, "five")):
        place.bench.send(to, content=f"Subject: {subject}\n\nbody {subject}\n".encode())
    return place


def test_oldest_first_and_no_more_than_wanted(place: Place) -> None:
    assert place.find() == [1, 2, 5]
    assert place.find(2) == [1, 2]
    assert place.find(to=ALICE) == [1, 5]
    assert place.find(to=DAVE) == [4]


@pytest.mark.parametrize("dropped", [False, True])
def test_contents_may_be_in_the_store(place: Place, dropped: bool) -> None:
    if dropped:
        place.bench.drop_contents()
    assert place.find(body="body two") == [2]
    assert place.find(header="Subject: five") == [5]
    assert place.find(subject="one") == [1]
    assert (place.contents.asked, place.contents.headers) == ((3, 3) if dropped else (0, 0))


def test_the_store_is_asked_for_those_alone_that_may_fit(place: Place) -> None:
    place.bench.drop_contents()
    assert place.find(subject="one", body="body one") == [1]
    assert place.find(subject="none", body="body one") == []
    assert place.find(from_="x@y.test", body="body") == []
    assert place.contents.asked == 1


def test_of_contents_that_have_to_be_read_one_is_held_at_a_time(place: Place) -> None:
    place.bench.drop_contents()
    waits: list[Deferred[None]] = [Deferred() for _ in range(9)]
    place.contents.slowly = list(waits)
    criteria = criteria_in(Arguments({"namespace": "t1", "body": "body"}))
    searches = [started(place.search.find(criteria, 9, removed=False)) for _ in range(3)]
    for wait in reversed(waits):
        wait.callback(None)
    assert [len(outcome_of(search)) for search in searches] == [3, 3, 3]
    assert (place.contents.asked, place.contents.most) == (9, 1)


def test_who_goes_away_in_his_turn_lets_the_next_one_have_it(place: Place) -> None:
    place.bench.drop_contents()
    place.contents.slowly = [Deferred()]
    criteria = criteria_in(Arguments({"namespace": "t1", "body": "body"}))
    first, second, third = (started(place.search.find(criteria, 9, removed=False)) for _ in range(3))
    for each in (second, first):
        each.addErrback(lambda _: None).cancel()
    assert len(outcome_of(third)) == 3


@pytest.mark.parametrize("dropped", [False, True])
def test_large_contents_are_taken_apart_off_the_reactor(place: Place, dropped: bool) -> None:
    works: list[Deferred[None]] = []

    async def later(work: Callable[[], T], /) -> T:
        works.append(Deferred())
        await works[-1]
        return work()

    search = Search(place.bench.letters, place.contents, later)
    place.bench.send(ALICE, content=b"Subject: large\n\n" + b"x" * LARGE_OCTETS + b" the end\n")
    if dropped:
        place.bench.drop_contents()
    by_head = criteria_in(Arguments({"namespace": "t1", "subject": "large", "header": "subject: large"}))
    assert len(result_of(search.find(by_head, 9, removed=False))) == 1 and works == []
    by_body = criteria_in(Arguments({"namespace": "t1", "body": "the end"}))
    searches = [started(search.find(by_body, 9, removed=False)) for _ in range(2)]
    assert len(works) == 1
    works[0].callback(None)
    assert len(works) == 2
    works[1].callback(None)
    assert [len(outcome_of(each)) for each in searches] == [1, 1]


def test_what_is_gone_from_the_store_fits_no_question_about_its_content(place: Place) -> None:
    place.bench.drop_contents()
    assert place.bench.call("clear", namespace="t2") == {"cleared": 1}
    place.bench.letters.of("t1")[0].removed.add(ALICE)
    assert place.find(body="body one", removed=True) == []
    assert place.find(subject="one", removed=True) == [1]
    assert place.find(subject="one") == []
