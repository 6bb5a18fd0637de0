"""Mail taken out of maildrops by a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from twisted.internet.defer import Deferred

from mailgate.control.calls import CallError
from mailgate.control.letters import Letters
from mailgate.control.removing import Removal
from mailgate.control.rendering import View
from mailgate.failures import LockLost, NotRemoved, StoreError
from mailgate.interfaces import IMaildrop
from mailgate.mail import Copy, Entry
from mailgate.rules import NO_RULES, Rules
from mailgate.store.memory import MemoryStore
from tests.control.support import ALICE, BOB, CAROL, DAVE, Bench, local, message_to
from tests.support import result_of, started


def removed_from(bench: Bench, message_id: str) -> set[str]:
    kept = bench.letters.find(message_id)
    assert kept is not None
    return kept.removed


def test_one_message_is_deleted_where_the_namespace_has_it() -> None:
    bench = Bench()
    one, two = bench.send(ALICE, BOB, CAROL), bench.send(ALICE)
    assert bench.call("delete", id=one, namespace="t1") == {"deleted": one}
    assert (bench.stored(ALICE), bench.stored(BOB), bench.stored(CAROL)) == ([two], [], [one])
    assert removed_from(bench, one) == {ALICE, BOB}
    bench.call("delete", id=one, namespace="t1")  # again, for nothing


def test_a_namespace_is_cleared() -> None:
    bench = Bench()
    one, both, other = bench.send(ALICE, BOB), bench.send(ALICE, CAROL), bench.send(DAVE)
    gone = bench.send(BOB)
    bench.call("delete", id=gone, namespace="t1")
    assert bench.call("clear", namespace="t1") == {"cleared": 2}
    assert (bench.stored(ALICE), bench.stored(BOB)) == ([], [])
    assert (bench.stored(CAROL), bench.stored(DAVE)) == ([both], [other])
    assert [each.letter.id for each in bench.letters.of("t1")] == []
    assert bench.letters.find(one) is bench.letters.find(gone) is None
    assert bench.ids(namespace="t2") == [both]
    assert bench.call("clear", namespace="t1") == {"cleared": 0}


def test_an_open_maildrop_is_named_and_all_others_are_cleared() -> None:
    bench = Bench()
    one, two = bench.send(ALICE), bench.send(BOB)
    session = result_of(bench.store.open(ALICE))
    error = bench.refused("clear", namespace="t1")
    assert (error.kind, error.details) == ("busy", {"maildrops": [ALICE]})
    assert ALICE in error.message and "QUIT" in error.message
    assert (bench.stored(ALICE), bench.stored(BOB)) == ([one], [])
    assert bench.ids(namespace="t1") == [one] and bench.letters.find(two) is None
    session.release()
    assert bench.call("clear", namespace="t1") == {"cleared": 1}


def test_what_is_older_than_the_letters_that_are_remembered_is_cleared_too() -> None:
    bench = Bench(Letters(max_letters=2))
    _, carols, daves, both = bench.send(ALICE, BOB), bench.send(CAROL), bench.send(DAVE), bench.send(ALICE, CAROL)
    put(bench, "ted@mail.t1.example.test")  # was there before the server
    assert bench.call("clear", namespace="t1") == {"cleared": 3}  # the forgotten one counts once
    assert [bench.stored(each) for each in (ALICE, BOB, "ted@mail.t1.example.test")] == [[], [], []]
    assert (bench.stored(CAROL), bench.stored(DAVE)) == ([carols, both], [daves])
    bench.call("clear", namespace="")
    put(bench, DAVE)
    assert bench.call("clear", namespace="") == {"cleared": 0}  # what is everybody's may have been somebody's before
    assert len(bench.stored(DAVE)) == 1


def put(bench: Bench, maildrop: str) -> None:
    """A message that no letter tells of."""
    message = message_to(local(maildrop))
    result_of(result_of(bench.store.stage(message, [Copy(maildrop)])).commit())


def test_the_whole_store_is_looked_through_once() -> None:
    bench = Bench(Letters(max_letters=1))
    looks: list[str] = []
    names = bench.store.names

    async def noted() -> Sequence[str]:
        looks.append("look")
        return await names()

    bench.store.names = noted  # type: ignore[method-assign]
    for _ in range(2):
        bench.send(ALICE)
        bench.send(ALICE)  # the first one is forgotten
        assert bench.call("clear", namespace="t1") == {"cleared": 2}
    assert looks == ["look"] and bench.letters.with_older("t1") == []


def test_what_a_session_held_when_its_namespace_ended_can_be_cleared_later() -> None:
    bench = Bench()
    bench.send(ALICE, CAROL)
    session = result_of(bench.store.open(ALICE))
    bench.refused("clear", namespace="t1")
    bench.letters.clear("t1")
    assert bench.refused("clear", namespace="t1").kind == "busy"
    session.release()
    assert bench.call("clear", namespace="t1") == {"cleared": 1}
    assert bench.stored(ALICE) == [] and len(bench.stored(CAROL)) == 1


def test_what_is_just_arriving_stays() -> None:
    bench = Bench()
    message = message_to(local(ALICE))
    with bench.letters.expecting(message.id):
        result_of(result_of(bench.store.stage(message, [Copy(ALICE)])).commit())
        assert bench.call("clear", namespace="t1") == {"cleared": 0}
    assert bench.stored(ALICE) == [message.id]


def test_a_maildrop_in_which_there_is_nothing_to_remove_may_be_open() -> None:
    bench = Bench()
    bench.call("delete", id=bench.send(ALICE), namespace="t1")
    bench.letters.note_older(ALICE)
    result_of(bench.store.open(ALICE))
    assert bench.call("clear", namespace="t1") == {"cleared": 0}
    assert bench.letters.with_older("t1") == []


def test_a_store_that_cannot_be_looked_into() -> None:
    bench = Bench()

    async def names() -> Sequence[str]:
        raise StoreError("on fire")

    bench.store.names = names  # type: ignore[method-assign]
    assert bench.refused("clear", namespace="t1").kind == "unavailable"


class Stubborn(MemoryStore):
    """A store whose maildrops do not do what they are told."""

    def __init__(self, remove: Callable[[Sequence[Entry]], Deferred[None]]) -> None:
        super().__init__()
        self._remove = remove
        self.opened: list[str] = []
        self.calls: list[list[str]] = []

    async def open(self, maildrop: str, rules: Rules = NO_RULES) -> IMaildrop:
        opened = await super().open(maildrop, rules)
        self.opened.append(maildrop)

        def remove(entries: Sequence[Entry], *, to_trash: bool = False) -> Deferred[None]:
            self.calls.append([entry.id for entry in entries])
            return self._remove(entries)

        opened.remove = remove  # type: ignore[method-assign]
        return opened


def stubborn(remove: Callable[[Sequence[Entry]], Deferred[None]]) -> tuple[Bench, Stubborn, Removal]:
    bench = Bench()
    store = Stubborn(remove)
    bench.delivery._delivery._store = bench.store = store  # type: ignore[attr-defined]
    return bench, store, Removal(store, bench.letters)


def test_a_maildrop_is_opened_once_and_asked_once() -> None:
    bench, store, removal = stubborn(lambda entries: Deferred.fromCoroutine(nothing()))
    ids = [bench.send(ALICE) for _ in range(3)]
    assert result_of(removal.clear("t1")) == 3
    assert (store.opened, store.calls) == ([ALICE], [ids])


async def nothing() -> None:
    """Done."""


async def fails(error: Exception) -> None:
    raise error


def test_what_could_not_be_removed_is_still_there() -> None:
    bench, _, removal = stubborn(lambda entries: Deferred.fromCoroutine(fails(NotRemoved("no", entries[1:]))))
    _one, two = bench.send(ALICE), bench.send(ALICE)
    with pytest.raises(CallError, match="not all could be removed") as caught:
        result_of(removal.clear("t1"))
    assert caught.value.kind == "unavailable"
    assert bench.ids(namespace="t1") == [two]
    result_of(bench.store.open(ALICE)).release()  # it was given back


@pytest.mark.parametrize("error", [LockLost("lost"), StoreError("on fire")])
def test_trouble_removes_nothing(error: StoreError) -> None:
    bench, _, removal = stubborn(lambda entries: Deferred.fromCoroutine(fails(error)))
    one = bench.send(ALICE)
    with pytest.raises(CallError, match=str(error)):
        result_of(removal.clear("t1"))
    assert bench.ids(namespace="t1") == [one]
    result_of(bench.store.open(ALICE)).release()


def test_who_goes_away_does_not_cut_it_short() -> None:
    waiting: Deferred[None] = Deferred()
    bench, _, removal = stubborn(lambda entries: waiting)
    one = bench.send(ALICE)
    kept = bench.letters.find(one)
    assert kept is not None
    deleting = started(removal.delete(View(kept, kept.letter.recipients)))
    outcomes: list[object] = []
    deleting.addBoth(outcomes.append)
    deleting.cancel()
    assert outcomes == []
    waiting.callback(None)
    assert outcomes == [None]
    assert kept.removed == {ALICE}


def test_what_another_has_removed_counts_as_removed() -> None:
    bench, store, removal = stubborn(lambda entries: Deferred.fromCoroutine(nothing()))
    one = bench.send(ALICE)
    maildrop = result_of(MemoryStore.open(store, ALICE))
    result_of(maildrop.remove(result_of(maildrop.snapshot()).entries))
    maildrop.release()
    kept = bench.letters.find(one)
    assert kept is not None
    result_of(removal.delete(View(kept, kept.letter.recipients)))
    assert kept.removed == {ALICE} and store.calls == []
