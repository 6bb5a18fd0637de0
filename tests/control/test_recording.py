"""A delivery that tells what it delivered."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from twisted.internet.defer import Deferred
from zope.interface import implementer
from zope.interface.verify import verifyObject

from mailgate.control.contents import read_whole
from mailgate.control.letters import Letters
from mailgate.control.recording import Recorder
from mailgate.delivery import DELIVERED, DISCARDED, FAILED
from mailgate.interfaces import IDelivery
from mailgate.mail import Field, Local, Message, Outcome, Recipient, Relay
from mailgate.mime.fields import HEADER_OCTETS
from tests.control.support import ALICE, BOB, CAROL, NOW, Bench, at_once, local, message_to, with_file
from tests.support import logged, path, result_of, started

T = TypeVar("T")


@implementer(IDelivery)
class Said:
    """A delivery with outcomes of the test's."""

    def __init__(self, *outcomes: Outcome) -> None:
        self._outcomes = outcomes
        self.partial: bool | None = None

    async def deliver(self, message: Message, *, partial: bool = False) -> tuple[Outcome, ...]:
        self.partial = partial
        return self._outcomes


def recorded(letters: Letters, message: Message, *outcomes: Outcome) -> tuple[Outcome, ...]:
    return result_of(Recorder(Said(*outcomes), letters, lambda: NOW, at_once).deliver(message))


def test_a_letter_says_what_is_known() -> None:
    bench = Bench()
    verifyObject(IDelivery, bench.delivery)
    message_id = bench.send(ALICE, BOB)
    kept = bench.letters.find(message_id)
    assert kept is not None
    letter = kept.letter
    assert (letter.id, letter.at, letter.sender) == (message_id, NOW, "app@example.test")
    assert [(each.address, each.maildrops) for each in letter.recipients] == [(ALICE, (ALICE,)), (BOB, (BOB,))]
    assert (letter.listener, letter.client, letter.helo) == ("smtp", "127.0.0.1", "client.test")
    assert (letter.tls, letter.user, letter.smtputf8) == ("TLSv1.3", "app@example.test", False)
    assert kept.content is not None and letter.octets == len(kept.content)


@pytest.mark.parametrize("sender", ["app@example.test", ""])
def test_content_and_front_are_the_copy_as_stored(sender: str) -> None:
    bench = Bench()
    kept = bench.letters.find(bench.send(ALICE, BOB, sender=sender))
    assert kept is not None and kept.content is not None
    for maildrop in (ALICE, BOB):
        entry = result_of(bench.store.browse(maildrop)).entries[0]
        stored = result_of(read_whole(result_of(bench.store.read(maildrop, entry))))
        assert stored == kept.letter.fronts[maildrop] + kept.content


def test_one_copy_has_the_fields_of_who_came_first() -> None:
    bench = Bench()
    alias = Recipient(path(BOB), (Local(ALICE, (Field("Delivered-To", BOB),)),))
    message = message_to(local(ALICE), alias)
    result_of(bench.delivery.deliver(message))
    kept = bench.letters.find(message.id)
    assert kept is not None and b"Delivered-To: alice@" in kept.letter.fronts[ALICE]
    assert bench.stored(ALICE) == [message.id]


def test_who_is_elsewhere_has_no_copy_here() -> None:
    letters, message = Letters(), message_to(Recipient(path(BOB), (Relay(path(BOB)),)), local(ALICE))
    recorded(letters, message, Outcome(path(BOB), DELIVERED), Outcome(path(ALICE), DELIVERED, (ALICE,)))
    kept = letters.find(message.id)
    assert kept is not None and list(kept.letter.fronts) == [ALICE]
    assert [each.address for each in kept.letter.recipients] == [ALICE]


def test_only_who_has_it_is_a_recipient() -> None:
    letters, message = Letters(), message_to(local(ALICE), local(BOB), local(CAROL))
    outcomes = (
        Outcome(path(ALICE), DELIVERED, (ALICE,)),
        Outcome(path(BOB), FAILED, (BOB,)),
        Outcome(path(CAROL), DISCARDED),
        Outcome(path(ALICE), DELIVERED, (ALICE,)),
    )
    assert recorded(letters, message, *outcomes) == outcomes
    kept = letters.find(message.id)
    assert kept is not None and [each.address for each in kept.letter.recipients] == [ALICE]


def test_what_nobody_has_is_no_letter() -> None:
    letters = Letters()
    recorded(letters, message_to(local(ALICE)), Outcome(path(ALICE), FAILED, (ALICE,)))
    recorded(letters, message_to(local(ALICE)), Outcome(path(ALICE), DISCARDED))
    assert len(letters) == 0


def test_partial_is_handed_on() -> None:
    said = Said()
    recorder = Recorder(said, Letters(), lambda: NOW, at_once)
    for partial in (True, False):
        result_of(recorder.deliver(message_to(local(ALICE)), partial=partial))
        assert said.partial is partial


def in_a_file(directory: pathlib.Path) -> Message:
    message = message_to(local(ALICE))
    file = directory / "body"
    file.write_bytes(message.body.content or b"")
    return with_file(message, str(file))


def test_a_body_in_a_file_is_read_off_the_reactor(tmp_path: pathlib.Path) -> None:
    letters, message = Letters(), in_a_file(tmp_path)
    works: list[tuple[Callable[[], Any], Deferred[Any]]] = []

    def later(work: Callable[[], T], /) -> Deferred[T]:
        works.append((work, Deferred()))
        return works[-1][1]

    recorder = Recorder(Said(Outcome(path(ALICE), DELIVERED, (ALICE,))), letters, lambda: NOW, later)
    delivering = started(recorder.deliver(message))
    results: list[tuple[Outcome, ...]] = []
    delivering.addCallback(results.append)
    delivering.cancel()  # the client goes; the message is delivered all the same, and the outcomes say so
    assert results == [] and len(letters) == 0
    work, done = works[0]
    done.callback(work())
    assert results[0][0].reply == DELIVERED
    kept = letters.find(message.id)
    assert kept is not None and kept.content == b"Received: here\nSubject: hello\n\nworld\n"


@pytest.mark.parametrize("in_file", [False, True])
def test_what_is_not_kept_is_not_read(tmp_path: pathlib.Path, in_file: bool) -> None:
    letters = Letters(content_octets=0)
    content = b"Subject: large\n\n" + b"x" * 2 * HEADER_OCTETS
    message = message_to(local(ALICE), content=content)
    if in_file:
        (tmp_path / "body").write_bytes(content)
        message = with_file(message, str(tmp_path / "body"))
    read: list[int] = []

    async def measured(work: Callable[[], T], /) -> T:
        done = work()
        assert isinstance(done, bytes)
        read.append(len(done))
        return done

    recorder = Recorder(Said(Outcome(path(ALICE), DELIVERED, (ALICE,))), letters, lambda: NOW, measured)
    result_of(recorder.deliver(message))
    kept = letters.find(message.id)
    assert kept is not None and kept.content is None and kept.head is not None
    assert (kept.head.subject, kept.letter.octets) == ("large", len(b"Received: here\n") + len(content))
    assert read == ([HEADER_OCTETS - len(b"Received: here\n")] if in_file else [])


def test_a_body_that_cannot_be_read_again_is_only_in_the_store(tmp_path: pathlib.Path) -> None:
    letters, message = Letters(), with_file(message_to(local(ALICE)), str(tmp_path / "none"))
    with logged() as events:
        recorded(letters, message, Outcome(path(ALICE), DELIVERED, (ALICE,)))
    kept = letters.find(message.id)
    assert kept is not None and kept.content is None
    assert [event["log_level"].name for event in events] == ["error"]


def test_trouble_with_the_letter_is_not_the_senders() -> None:
    letters, message = Letters(), message_to(local(ALICE))
    outcome = Outcome(path(ALICE), DELIVERED, (ALICE,))
    with logged() as events:
        for _ in range(2):  # the same message twice is more than there can be
            assert recorded(letters, message, outcome) == (outcome,)
    assert [event["log_level"].name for event in events] == ["critical"]


def test_while_it_is_delivered_it_is_expected() -> None:
    letters, message = Letters(), message_to(local(ALICE))
    older: list[bool] = []

    class Looking(Said):
        async def deliver(self, message: Message, *, partial: bool = False) -> tuple[Outcome, ...]:
            older.append(letters.is_older(message.id, "t1"))
            return ()

    result_of(Recorder(Looking(), letters, lambda: NOW, at_once).deliver(message))
    assert older == [False] and letters.is_older(message.id, "t1")
