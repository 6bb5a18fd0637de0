"""Quotas: who is looked at, who is full, what is said of it, and by how much a quota may be overrun."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path as FilePath
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mailgate import facts
from mailgate.abilities import IUsage
from mailgate.failures import StoreError
from mailgate.mail import Copy, Destination, Envelope, Local, Refused, Relay, Reply, Session, make_id
from mailgate.quotas import FULL, FULL_FOR_NOW, UNKNOWN, Quotas
from mailgate.rules import NO_QUOTA, Quota
from mailgate.store.maildir.store import MaildirStore
from mailgate.store.memory import MemoryStore
from tests.store.support import at_once
from tests.support import Facts, a_message, path, recipient, result_of

ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"
SESSION = Session("session", "smtp", "192.0.2.1")


class House:
    """Quotas by maildrop, and what is in each: (messages, octets)."""

    def __init__(self, *, permanent: bool = False, **quotas: Quota) -> None:
        self.contents: dict[str, tuple[int, int]] = {}
        self.looked: list[str] = []
        self.error: Exception | None = None
        self.facts = Facts()
        known = {f"{name}@example.test": quota for name, quota in quotas.items()}
        self.quotas = Quotas(lambda name: known.get(name, NO_QUOTA), self._usage, self.facts, permanent=permanent)

    async def _usage(self, maildrop: str) -> tuple[int, int]:
        self.looked.append(maildrop)
        if self.error is not None:
            raise self.error
        return self.contents.get(maildrop, (0, 0))

    def ask(self, *names: str, size: int | None = None) -> Reply | None:
        """The refusal of a message for a recipient that leads to these maildrops; None: it may come."""
        return self.ask_for([Local(name) for name in names], size)

    def ask_for(self, destinations: Sequence[Destination], size: int | None = None) -> Reply | None:
        envelope = Envelope("id", SESSION, path("sender@example.org"), size=size)
        try:
            result_of(self.quotas.check(envelope, destinations))
        except Refused as refusal:
            return refusal.reply
        return None


def test_nobody_without_a_quota_is_looked_at() -> None:
    house = House(bob=Quota(octets=10))
    assert house.ask(ALICE, CAROL, size=10**9) is None
    assert house.ask_for([Relay(path("x@elsewhere.test"))], size=10**9) is None
    assert house.ask() is None
    assert house.looked == []
    assert house.ask(ALICE, BOB, BOB, size=1) is None
    assert house.looked == [BOB]  # once, however often it is named


@pytest.mark.parametrize(
    ("quota", "there", "size", "fits"),
    [
        (Quota(octets=1_000), (5, 900), 100, True),
        (Quota(octets=1_000), (5, 900), 101, False),
        (Quota(octets=1_000), (5, 900), None, True),
        (Quota(octets=1_000), (5, 1_000), 0, True),  # RFC 1870 5: 0 is no promise
        (Quota(octets=1_000), (5, 1_000), None, True),
        (Quota(octets=1_000), (5, 1_001), None, False),
        (Quota(octets=1_000), (0, 0), 1_001, False),
        (Quota(messages=3), (2, 10**9), 10**9, True),
        (Quota(messages=3), (3, 0), None, False),
        (Quota(octets=1_000, messages=3), (3, 0), None, False),
        (Quota(octets=1_000, messages=3), (2, 1_000), 1, False),
        (Quota(octets=1_000, messages=3), (2, 999), 1, True),
    ],
)
def test_one_message_more(quota: Quota, there: tuple[int, int], size: int | None, fits: bool) -> None:
    house = House(bob=quota)
    house.contents[BOB] = there
    assert house.ask(BOB, size=size) == (None if fits else FULL_FOR_NOW)
    assert (FULL_FOR_NOW.code, FULL_FOR_NOW.status) == (452, "4.2.2")


def test_for_good_by_choice() -> None:
    house = House(permanent=True, bob=Quota(messages=1))
    assert house.ask(BOB) is None
    house.contents[BOB] = (1, 1)
    assert house.ask(BOB) == house.ask(BOB, BOB) == FULL
    assert (FULL.code, FULL.status) == (552, "5.2.2")


@pytest.mark.parametrize("permanent", [False, True])
def test_of_several_one_is_enough_to_put_it_off_and_none_to_send_it_back(permanent: bool) -> None:
    house = House(permanent=permanent, alice=Quota(messages=9), bob=Quota(messages=1))
    house.contents = {ALICE: (2, 1), BOB: (1, 1)}
    for names in [(ALICE, BOB), (BOB, ALICE), (CAROL, BOB)]:
        assert house.ask(*names) == FULL_FOR_NOW
    assert house.ask_for([Local(BOB), Relay(path("x@elsewhere.test"))]) == (FULL if permanent else FULL_FOR_NOW)
    house.contents = {ALICE: (9, 1), BOB: (1, 1)}
    assert house.ask(ALICE, BOB) == FULL_FOR_NOW


def test_a_store_that_cannot_tell() -> None:
    house = House(bob=Quota(messages=1))
    house.error = StoreError("cannot list the maildrop: permission denied; repair it")
    assert house.ask(BOB) == UNKNOWN
    assert (UNKNOWN.code, UNKNOWN.status) == (451, "4.3.0")
    told = house.facts.one(facts.Unavailable)
    assert (told.session, told.user, told.reason) == ("session", BOB, str(house.error))
    assert house.ask(ALICE) is None  # whom nobody has to look at


def test_what_is_not_expected_of_a_store_goes_on() -> None:
    house = House(bob=Quota(messages=1))
    house.error = RuntimeError("a bug")
    with pytest.raises(RuntimeError):
        house.ask(BOB)
    assert house.facts.told == []


@pytest.mark.parametrize("kind", ["memory", "maildir"])
def test_what_was_delivered_a_moment_ago_counts(kind: str, tmp_path: FilePath) -> None:
    store = MemoryStore() if kind == "memory" else MaildirStore(str(tmp_path), "node", at_once)
    quotas = Quotas(lambda name: Quota(messages=20), store.usage, Facts())
    envelope = Envelope("id", SESSION, path("sender@example.org"))
    for number in range(20):
        result_of(quotas.check(envelope, [Local(ALICE)]))
        message = evolve(a_message(recipient(ALICE)), id=make_id(0, number))
        result_of(result_of(store.stage(message, [Copy(ALICE)])).commit())
    with pytest.raises(Refused, match=FULL_FOR_NOW.status):
        result_of(quotas.check(envelope, [Local(ALICE)]))


# Nothing is reserved, and still nobody's maildrop grows without end.


class Mail:
    """Sessions that deliver into one store, each its own message after message."""

    def __init__(self, quotas: dict[str, Quota], sessions: int) -> None:
        self.limits = quotas
        self.store = MemoryStore(lambda: 1.0)
        assert IUsage.providedBy(self.store)
        self.quotas = Quotas(lambda name: quotas[name], self.store.usage, Facts())
        self.accepted: list[list[str]] = [[] for _ in range(sessions)]  # maildrops of the transaction under way
        self.sizes: list[int | None] = [None] * sessions
        self.beyond: dict[str, list[int]] = {name: [] for name in quotas}  # who brought it further beyond

    def send(self, session: int, size: int | None, names: Sequence[str], octets: int) -> None:
        self.begin(session, size, names)
        self.content(session, octets)

    def begin(self, session: int, size: int | None, names: Sequence[str]) -> None:
        self.accepted[session], self.sizes[session] = [], size
        self.rcpt(session, names)

    def rcpt(self, session: int, names: Sequence[str]) -> None:
        envelope = Envelope("id", SESSION, path("sender@example.org"), size=self.sizes[session])
        with suppress(Refused):
            result_of(self.quotas.check(envelope, [Local(name) for name in names]))
            self.accepted[session] += [name for name in names if name not in self.accepted[session]]

    def content(self, session: int, octets: int) -> None:
        names, self.accepted[session] = self.accepted[session], []
        if not names:
            return
        message = evolve(a_message(recipient(names[0], *names), content=b"x" * octets + b"\n"), fields=())
        result_of(result_of(self.store.stage(message, [Copy(name) for name in names])).commit())
        for name in names:
            if self.is_beyond(name):
                self.beyond[name].append(session)

    def remove(self, name: str) -> None:
        maildrop = result_of(self.store.open(name))
        result_of(maildrop.remove(result_of(maildrop.snapshot()).entries[:1]))
        maildrop.release()
        if not self.is_beyond(name):
            self.beyond[name].clear()

    def is_beyond(self, name: str) -> bool:
        return not self.limits[name].allows(*result_of(self.store.usage(name)))


LIMITS = st.sampled_from([Quota(messages=1), Quota(messages=3), Quota(octets=20), Quota(octets=20, messages=3)])
NAMES = st.sampled_from([(ALICE,), (ALICE,), (BOB,), (ALICE, BOB)])
SESSIONS = st.integers(0, 1)
SIZES = st.sampled_from([None, None, 0, 5, 30])
OCTETS = st.integers(0, 15)
STEPS = st.one_of(
    st.tuples(st.just("send"), SESSIONS, SIZES, NAMES, OCTETS),
    st.tuples(st.just("begin"), SESSIONS, SIZES, NAMES),
    st.tuples(st.just("rcpt"), SESSIONS, NAMES),
    st.tuples(st.just("content"), SESSIONS, OCTETS),
    st.tuples(st.just("remove"), st.sampled_from([ALICE, BOB])),
)


@given(LIMITS, LIMITS, st.lists(STEPS, min_size=5, max_size=30))
def test_each_session_overruns_a_quota_by_one_message_at_most(
    alice: Quota, bob: Quota, steps: list[tuple[Any, ...]]
) -> None:
    mail = Mail({ALICE: alice, BOB: bob}, sessions=2)
    for step, *arguments in steps:
        getattr(mail, step)(*arguments)
        for sessions in mail.beyond.values():
            # While a maildrop is beyond its quota, whoever has brought it there, or further, brings nothing more.
            assert len(sessions) == len(set(sessions))


@given(LIMITS, st.lists(st.integers(0, 15), max_size=20))
def test_one_session_that_says_the_size_overruns_nothing(alice: Quota, sizes: list[int]) -> None:
    mail = Mail({ALICE: alice}, sessions=1)
    for octets in sizes:
        mail.send(0, octets + len("\r\n"), [ALICE], octets)  # as it is on the wire, before there are trace fields
        assert not mail.is_beyond(ALICE)
