"""A sweep: what goes, what stays, what is spared, and what it tells; with the store in memory."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import evolve

from mailgate import facts
from mailgate.failures import NotRemoved, StoreError
from mailgate.interfaces import IMaildrop
from mailgate.mail import Copy, Entry
from mailgate.rules import DAY_SECONDS, NO_RULES, Retention, Rules
from mailgate.store.memory import MemoryStore
from mailgate.sweeping import sweeper as sweeper_module
from mailgate.sweeping.sweeper import Sweeper, Swept
from tests.support import Facts, a_message, result_of

ALICE, BOB = "alice@example.test", "bob@example.test"
TEN_DAYS = Rules(retention=Retention(days=10))


class House:
    """Alice and Bob, their mail, what was decided for them, and a clock in days."""

    def __init__(self) -> None:
        self.day = 0.0
        self.store = MemoryStore(self.now)
        self.rules: dict[str, Rules | None] = {ALICE: TEN_DAYS, BOB: NO_RULES}
        self.facts = Facts()
        self.sweeper = Sweeper(self.store, self.rules.get, self.facts, self.now)

    def now(self) -> float:
        return 1_000_000 + self.day * DAY_SECONDS

    def receive(self, maildrop: str, *days: float) -> None:
        """A message on each of these days."""
        for self.day in days:
            message = evolve(a_message(content=b"x\n"), fields=())
            result_of(result_of(self.store.stage(message, [Copy(maildrop)])).commit())

    def left(self, maildrop: str) -> int:
        return len(result_of(self.store.browse(maildrop)).entries)

    def sweep(self, *, rehearse: bool = False, unlimited: bool = False) -> dict[str, Swept]:
        async def collect() -> dict[str, Swept]:
            return {each.maildrop: each async for each in self.sweeper.sweep(rehearse=rehearse, unlimited=unlimited)}

        return result_of(collect())


@pytest.fixture
def house() -> House:
    return House()


def test_what_is_too_old_goes_and_it_is_told(house: House) -> None:
    house.receive(ALICE, 0, 1, *[20] * 6)
    house.receive(BOB, 0)
    house.day = 20
    assert house.sweep() == {
        ALICE: Swept(maildrop=ALICE, messages=2, octets=6),
        BOB: Swept(maildrop=BOB),
    }
    assert (house.left(ALICE), house.left(BOB)) == (6, 1)
    assert [(fact.user, fact.uid, fact.to_trash) for fact in house.facts.of(facts.Expired)] == [
        (ALICE, "memory-1", False),
        (ALICE, "memory-2", False),
    ]
    told = house.facts.one(facts.Swept)
    assert (told.user, told.messages, told.octets, told.spared, told.emptied) == (ALICE, 2, 6, 0, 0)


def test_a_rehearsal_removes_and_tells_nothing(house: House) -> None:
    house.receive(ALICE, 0, 1, *[20] * 6)
    assert house.sweep(rehearse=True)[ALICE] == Swept(maildrop=ALICE, messages=2, octets=6)
    assert house.left(ALICE) == 8
    assert house.facts.told == []


@pytest.mark.parametrize(("count", "most"), [(1, 1), (3, 1), (4, 1), (5, 2), (8, 2)])
def test_one_sweep_removes_no_more_than_a_fourth(house: House, count: int, most: int) -> None:
    house.receive(ALICE, *range(count))
    house.day = 100
    assert house.sweep()[ALICE] == Swept(maildrop=ALICE, messages=most, octets=3 * most, spared=count - most)
    oldest_left = result_of(house.store.browse(ALICE)).entries[:1]
    assert [entry.uid for entry in oldest_left] == [f"memory-{most + 1}"][: count - most]


def test_unless_it_is_told_to(house: House) -> None:
    house.receive(ALICE, *range(8))
    house.day = 100
    assert house.sweep(unlimited=True)[ALICE].messages == 8
    assert house.left(ALICE) == 0


def test_large_removals_go_in_slices(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper_module, "SLICE_MESSAGES", 3)
    house.receive(ALICE, *range(8))
    house.day = 100
    assert house.sweep(unlimited=True)[ALICE].messages == 8
    assert house.left(ALICE) == 0


def test_what_was_fetched_goes_after_its_time_and_the_rest_stays(house: House) -> None:
    rules = Rules(retention=Retention(fetched_days=2))
    house.rules[ALICE] = rules
    house.receive(ALICE, *[0] * 8)
    maildrop = result_of(house.store.open(ALICE, rules))
    snapshot = result_of(maildrop.snapshot())
    maildrop.fetched(snapshot.entries[3], int(house.now()))  # type: ignore[attr-defined]
    maildrop.release()
    house.day = 1
    assert house.sweep()[ALICE].messages == 0
    house.day = 2
    assert house.sweep()[ALICE].messages == 1
    assert snapshot.entries[3] not in result_of(house.store.browse(ALICE)).entries


def test_a_store_that_remembers_no_fetches_removes_nothing_for_them(house: House) -> None:
    class Forgetful(MemoryStore):
        async def open(self, maildrop: str, rules: Rules = NO_RULES) -> IMaildrop:
            return Unable(await super().open(maildrop, rules))  # type: ignore[return-value]

    class Unable:
        def __init__(self, maildrop: IMaildrop) -> None:
            self.snapshot = maildrop.snapshot
            self.release = maildrop.release
            self.rules = maildrop.rules

    house.store = Forgetful(house.now)
    house.sweeper = Sweeper(house.store, house.rules.get, house.facts, house.now)
    house.rules[ALICE] = Rules(retention=Retention(fetched_days=2))
    house.receive(ALICE, 0)
    house.day = 9
    assert house.sweep()[ALICE] == Swept(maildrop=ALICE)


def test_with_a_trash_it_goes_there_first_and_for_good_later(house: House) -> None:
    house.rules[ALICE] = Rules(retention=Retention(days=10), removed_days=5)
    house.receive(ALICE, 0, *[20] * 3)
    assert house.sweep()[ALICE] == Swept(maildrop=ALICE, messages=1, octets=3)
    assert house.facts.one(facts.Expired).to_trash
    house.day = 24.9
    assert house.sweep()[ALICE].emptied == 0
    house.day = 25.1
    assert house.sweep()[ALICE] == Swept(maildrop=ALICE, emptied=1)
    assert [fact.emptied for fact in house.facts.of(facts.Swept)] == [0, 1]


def test_nobodys_mail_is_left_alone(house: House) -> None:
    house.receive(ALICE, 0)
    house.rules[ALICE] = None
    house.day = 100
    assert house.sweep() == {}
    assert house.left(ALICE) == 1


def test_an_open_maildrop_is_passed_over(house: House) -> None:
    house.receive(ALICE, 0)
    house.day = 100
    session = result_of(house.store.open(ALICE))
    assert house.sweep()[ALICE] == Swept(maildrop=ALICE, trouble=f"another session has {ALICE} open")
    assert house.facts.one(facts.Swept).trouble
    session.release()
    assert house.sweep()[ALICE].messages == 1


def test_a_maildrop_with_nothing_to_lose_is_not_locked(house: House) -> None:
    house.receive(ALICE, 0)
    house.day = 5
    session = result_of(house.store.open(ALICE))
    assert house.sweep()[ALICE] == Swept(maildrop=ALICE)
    session.release()


def test_what_cannot_be_removed_is_not_counted(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.receive(ALICE, 0, 1, *[20] * 6)
    refused = result_of(house.store.browse(ALICE)).entries[0]
    opened = house.store.open

    async def stubborn(name: str, rules: Rules = NO_RULES) -> IMaildrop:
        maildrop = await opened(name, rules)
        remove = maildrop.remove

        async def all_but_one(entries: Sequence[Entry], *, to_trash: bool = False) -> None:
            await remove([entry for entry in entries if entry != refused], to_trash=to_trash)
            raise NotRemoved("read-only", [refused])

        monkeypatch.setattr(maildrop, "remove", all_but_one)
        return maildrop

    monkeypatch.setattr(house.store, "open", stubborn)
    assert house.sweep()[ALICE] == Swept(maildrop=ALICE, messages=1, octets=3, trouble="read-only")
    assert [fact.uid for fact in house.facts.of(facts.Expired)] == ["memory-2"]


def test_trouble_at_one_maildrop_is_not_that_of_others(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.rules[BOB] = TEN_DAYS
    house.receive(ALICE, 0)
    house.receive(BOB, 0)
    browse = house.store.browse

    async def broken(name: str) -> object:
        if name == ALICE:
            raise StoreError("a bad disk")
        return await browse(name)

    monkeypatch.setattr(house.store, "browse", broken)
    house.day = 100
    swept = house.sweep()
    assert (swept[ALICE].trouble, swept[BOB].messages) == ("a bad disk", 1)


def test_every_maildrop_is_tidied_but_not_in_a_rehearsal(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    tidied: list[str] = []

    async def tidy(name: str) -> int:
        tidied.append(name)
        return 1

    house.receive(ALICE, 0)
    house.receive(BOB, 0)
    house.rules[BOB] = None
    monkeypatch.setattr(house.store, "tidy", tidy)
    session = result_of(house.store.open(ALICE))
    house.day = 100
    house.sweep(rehearse=True)
    assert tidied == []
    assert list(house.sweep()) == [ALICE]
    assert tidied == [ALICE, BOB]
    session.release()


def test_what_keeps_it_from_tidying_is_told_and_the_rest_is_done(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def tidy(name: str) -> int:
        raise StoreError(f"a bad disk under {name}")

    house.receive(ALICE, 0, *[20] * 3)
    house.receive(BOB, 0)
    house.rules[BOB] = None
    house.day = 21
    monkeypatch.setattr(house.store, "tidy", tidy)
    swept = house.sweep()
    assert swept[ALICE] == Swept(maildrop=ALICE, messages=1, octets=3, trouble=f"a bad disk under {ALICE}")
    assert swept[BOB] == Swept(maildrop=BOB, trouble=f"a bad disk under {BOB}")
    assert [fact.trouble for fact in house.facts.of(facts.Swept)] == [
        f"a bad disk under {name}" for name in (ALICE, BOB)
    ]


def test_is_there_anything_to_do(house: House) -> None:
    house.receive(BOB, 0)
    assert not result_of(house.sweeper.has_work())
    house.rules[BOB] = Rules(removed_days=3)
    assert result_of(house.sweeper.has_work())
    house.rules[BOB] = None
    assert not result_of(house.sweeper.has_work())
    house.receive(ALICE, 0)
    assert result_of(house.sweeper.has_work())
