"""The letters that fit, among those that are known."""

from __future__ import annotations

import pytest

from mailgate.control.calls import Arguments
from mailgate.control.contents import Contents
from mailgate.control.matching import criteria_in
from mailgate.control.searching import Search
from tests.control.support import ALICE, BOB, CAROL, DAVE, Bench
from tests.support import result_of


class Counted(Contents):
    """Contents that count how often the store was asked."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.store)
        self.asked = 0

    async def of(self, kept):  # type: ignore[no-untyped-def]
        self.asked += 1
        return await super().of(kept)


class Place:
    """Letters to be searched."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.contents = Counted(self.bench)
        self.search = Search(self.bench.letters, self.contents)

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
    assert place.contents.asked == (6 if dropped else 0)


def test_the_store_is_asked_for_those_alone_that_may_fit(place: Place) -> None:
    place.bench.drop_contents()
    assert place.find(subject="one", body="body one") == [1]
    assert place.find(subject="none", body="body one") == []
    assert place.find(from_="x@y.test", body="body") == []
    assert place.contents.asked == 1


def test_what_is_gone_from_the_store_fits_no_question_about_its_content(place: Place) -> None:
    place.bench.drop_contents()
    assert place.bench.call("clear", namespace="t2") == {"cleared": 1}
    place.bench.letters.of("t1")[0].removed.add(ALICE)
    assert place.find(body="body one", removed=True) == []
    assert place.find(subject="one", removed=True) == [1]
    assert place.find(subject="one") == []
