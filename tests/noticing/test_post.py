"""One a day into our own maildrops; what fails is given back; a notice knows itself while it is on its way."""

from __future__ import annotations

from pathlib import Path as FilePath

import pytest
from twisted.internet.defer import Deferred

from mailgate.mail import Local, Message, Outcome, Path, Recipient, Relay
from mailgate.noticing.days import Days
from mailgate.noticing.post import NotSent, Post
from tests.noticing.office import Courier, Office, at_once
from tests.support import a_message, logged, outcome_of, recipient, result_of, started


@pytest.fixture
def office(tmp_path: FilePath) -> Office:
    return Office(tmp_path)


def a_post(office: Office) -> tuple[Post, Courier]:
    courier = office.courier
    return Post(Days(str(office.file), office.clock, at_once, office.now), courier), courier


NOTICE = a_message(recipient("a@b"), sender="")


def test_once_a_day(office: Office) -> None:
    post, courier = a_post(office)
    assert [result_of(post.send("a@b", NOTICE)) for _ in range(3)] == [True, False, False]
    assert courier.taken == [NOTICE]


def test_what_fails_is_not_counted(office: Office) -> None:
    post, courier = a_post(office)
    courier.fails = True
    with pytest.raises(NotSent, match=r"451 4\.3\.0"):
        result_of(post.send("a@b", NOTICE))
    courier.raises = RuntimeError("a bug")
    with logged() as events, pytest.raises(NotSent, match="unexpected"):
        result_of(post.send("a@b", NOTICE))
    assert "a bug" in str(events[0]["log_failure"])
    courier.fails, courier.raises = False, None
    assert result_of(post.send("a@b", NOTICE))
    assert not post.is_own(NOTICE.id)


def test_without_a_note_there_is_no_mail(office: Office) -> None:
    post, courier = a_post(office)
    office.file.mkdir()
    with pytest.raises(NotSent, match="noted"):
        result_of(post.send("a@b", NOTICE))
    assert courier.taken == []


def test_nothing_leaves_this_system(office: Office) -> None:
    post, courier = a_post(office)
    elsewhere = Path("a", "elsewhere.example")
    mixed = Recipient(elsewhere, (Local("a@b"), Relay(elsewhere)))
    with pytest.raises(ValueError, match="own maildrops"):
        result_of(post.send("a@b", a_message(mixed)))
    assert courier.taken == []


def test_for_nobody_the_day_counts_all_the_same(office: Office) -> None:
    post, courier = a_post(office)
    nobody = a_message(Recipient(Path("postmaster"), ()))
    assert [result_of(post.send("postmaster", nobody)) for _ in range(2)] == [True, False]
    assert courier.taken == []


def test_one_after_the_other_and_each_knows_itself(office: Office) -> None:
    waits: list[Deferred[tuple[Outcome, ...]]] = []

    class Slow(Courier):
        async def deliver(self, message: Message, *, partial: bool = False) -> tuple[Outcome, ...]:
            self.taken.append(message)
            waits.append(Deferred())
            return await waits[-1]

    courier = Slow(office.delivery)
    post = Post(Days(str(office.file), office.clock, at_once, office.now), courier)
    first, second = started(post.send("a@b", NOTICE)), started(post.send("a@b", NOTICE))
    assert post.is_own(NOTICE.id) and len(courier.taken) == 1
    waits[0].callback(())
    assert (outcome_of(first), outcome_of(second)) == (True, False)
    assert not post.is_own(NOTICE.id) and len(courier.taken) == 1
