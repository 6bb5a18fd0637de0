"""Who waits for mail."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from mailgate.control import waiting
from mailgate.control.calls import Arguments, CallError
from mailgate.control.letter import Kept
from mailgate.control.letters import Letters
from mailgate.control.matching import Criteria, criteria_in
from mailgate.control.reading import LARGE_OCTETS, Reading
from mailgate.control.waiting import Wait
from tests.control.support import ALICE, BOB, CAROL, DAVE, kept
from tests.support import outcome_of, started


def wait_for(letters: Letters, count: int = 1, **values: str) -> Wait:
    return letters.waits.begin(criteria_in(Arguments({"namespace": "t1", **values})), count)


def numbers(wait: Wait) -> list[int]:
    return [each.letter.number for each in wait.found]


def test_it_is_over_the_moment_the_letter_arrives() -> None:
    letters = Letters()
    wait = wait_for(letters, to=ALICE)
    kept(letters, BOB)
    assert not wait.done.called
    kept(letters, ALICE)
    assert wait.done.called and numbers(wait) == [2]


def test_one_may_wait_for_several() -> None:
    letters = Letters()
    wait = wait_for(letters, 2)
    for address in (ALICE, CAROL, DAVE):
        kept(letters, address)
        assert not wait.done.called
    kept(letters, BOB)
    assert wait.done.called and numbers(wait) == [1, 4]
    kept(letters, BOB)
    assert numbers(wait) == [1, 4]


def test_what_was_there_before_counts_first() -> None:
    letters = Letters()
    early = kept(letters, ALICE)
    wait = wait_for(letters, 1)
    kept(letters, ALICE)
    wait.take([early])
    assert numbers(wait) == [1]


def test_a_letter_to_two_of_a_namespace_counts_once() -> None:
    letters = Letters()
    wait = wait_for(letters, 2)
    kept(letters, ALICE, BOB)
    assert not wait.done.called


def test_an_address_in_no_namespace_can_be_waited_for() -> None:
    letters = Letters()
    wait = wait_for(letters, to=DAVE)
    kept(letters, DAVE)
    assert wait.done.called


def test_nobody_is_shown_what_cannot_be_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = Letters()
    shown: list[Wait] = []
    monkeypatch.setattr(Wait, "show", lambda wait, *_: shown.append(wait))
    mine, one, _, _ = (
        wait_for(letters),
        wait_for(letters, to=ALICE),
        wait_for(letters, to=BOB),
        wait_for(letters, to=DAVE),
    )
    letters.waits.begin(criteria_in(Arguments({"namespace": "t2"})), 1)
    kept(letters, ALICE)
    assert set(shown) == {mine, one} and len(shown) == 2


def test_a_content_is_read_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    readings: list[bytes] = []
    fresh = Reading.__init__

    def noted(self: Reading, content: bytes) -> None:
        readings.append(content)
        fresh(self, content)

    monkeypatch.setattr(Reading, "__init__", noted)
    letters = Letters()
    waits = [wait_for(letters, body="world"), wait_for(letters, subject="hello"), wait_for(letters, to=ALICE)]
    kept(letters, ALICE)
    assert all(wait.done.called for wait in waits) and len(readings) == 1


def test_whoever_is_gone_waits_no_longer() -> None:
    letters = Letters()
    wait = wait_for(letters, to=ALICE)
    assert len(letters.waits) == 1
    letters.waits.end(wait)
    letters.waits.end(wait)
    assert len(letters.waits) == 0
    kept(letters, ALICE)
    assert not wait.done.called


def test_one_of_several_goes() -> None:
    letters = Letters()
    wait, other = wait_for(letters), wait_for(letters)
    letters.waits.end(wait)
    kept(letters, ALICE)
    assert other.done.called and not wait.done.called


def test_a_wait_can_be_cancelled() -> None:
    letters = Letters()
    wait = wait_for(letters)
    failures: list[object] = []
    wait.done.addErrback(failures.append)
    wait.done.cancel()
    assert isinstance(failures[0], Failure) and failures[0].check(CancelledError)
    kept(letters, ALICE)  # it is no error that nobody hears


def test_a_namespace_that_ends() -> None:
    letters = Letters()
    mine, foreign = wait_for(letters, to=ALICE), wait_for(letters, to=DAVE)
    other = letters.waits.begin(criteria_in(Arguments({"namespace": "t2"})), 1)
    letters.waits.end_namespace("t1")
    for wait in (mine, foreign):
        with pytest.raises(CallError, match="the namespace 't1' has ended") as caught:
            outcome_of(wait.done)
        assert caught.value.kind == "missing"
        letters.waits.end(wait)
    assert not other.done.called and len(letters.waits) == 1
    mine.fail(CallError("failed", "again"))


def test_trouble_with_one_question_is_not_that_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = Letters()
    bad, good = wait_for(letters, body="world"), wait_for(letters)

    def stumble(reading: Reading) -> str:
        raise RuntimeError("over a stone")

    monkeypatch.setattr(Reading, "text", property(stumble))
    kept(letters, ALICE)
    with pytest.raises(RuntimeError, match="stone"):
        outcome_of(bad.done)
    assert good.done.called


def test_there_are_so_many_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MAX_WAITS", 1)
    letters = Letters()
    wait = wait_for(letters)
    with pytest.raises(CallError) as caught:
        wait_for(letters)
    assert caught.value.kind == "unavailable"
    letters.waits.end(wait)
    wait_for(letters)


def test_the_server_stops() -> None:
    letters = Letters()
    waits = [wait_for(letters, to=ALICE), wait_for(letters), wait_for(letters, to=BOB)]
    letters.waits.end_all()
    for wait in waits:
        with pytest.raises(CallError, match="the server is stopping"):
            outcome_of(wait.done)


def test_what_has_to_be_read_first_is_judged_in_the_order_of_arrival() -> None:
    letters = Letters()
    wait = wait_for(letters, 2, body="world", **{"from": "app@example.test"})
    judged: list[tuple[int, Deferred[bool]]] = []

    async def fits(criteria: Criteria, kept: Kept) -> bool:
        assert criteria is wait.criteria
        judged.append((kept.letter.number, Deferred()))
        return await judged[-1][1]

    finishing = started(wait.finish(fits))
    kept(letters, ALICE, content=None)
    kept(letters, ALICE, content=None, sender="other@example.test")  # is nothing to this wait
    kept(letters, BOB)
    kept(letters, ALICE, content=b"Subject: x\n\n" + b"x" * LARGE_OCTETS)
    for number, answer in ((1, False), (3, True), (4, True)):
        assert not finishing.called and judged[-1][0] == number
        judged[-1][1].callback(answer)
    assert [each.letter.number for each in outcome_of(finishing)] == [3, 4]


def test_what_goes_wrong_with_reading_is_this_waits_trouble() -> None:
    letters = Letters()
    wait = wait_for(letters, body="world")

    async def fails(criteria: Criteria, kept: Kept) -> bool:
        raise CallError("unavailable", "the disk is on fire")

    finishing = started(wait.finish(fails))
    kept(letters, ALICE, content=None)
    with pytest.raises(CallError, match="on fire"):
        outcome_of(finishing)
    letters.waits.end(wait)


def test_a_wait_that_nobody_finishes_any_more_can_still_end() -> None:
    letters = Letters()
    wait = wait_for(letters)

    async def never(criteria: Criteria, kept: Kept) -> bool:
        raise AssertionError("there is nothing to be read")

    finishing = started(wait.finish(never))
    finishing.addErrback(lambda _: None).cancel()
    wait.fail(CallError("timeout", "too late"))
    letters.waits.end(wait)
