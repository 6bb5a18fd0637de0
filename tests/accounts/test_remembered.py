"""Passwords that were right a moment ago."""

from __future__ import annotations

import hmac

import pytest
from attrs import evolve

from mailgate.accounts import remembered as module
from mailgate.accounts.passwords import StoredPassword
from mailgate.accounts.remembered import MAX_REMEMBERED, REMEMBERED_SECONDS, Remembered
from mailgate.accounts.users import Account

ALICE = Account("alice@a.test", StoredPassword("PLAIN", "sesame"))


class Memory:
    """What is remembered, and its clock."""

    def __init__(self, most: int = MAX_REMEMBERED) -> None:
        self.now = 50.0
        self.remembered = Remembered(lambda: self.now, most)

    def knows(self, account: Account = ALICE, password: bytes = b"sesame") -> bool:
        return self.remembered.knows(account, password)

    def note(self, account: Account = ALICE, password: bytes = b"sesame") -> None:
        self.remembered.note(account, password)


@pytest.fixture
def memory() -> Memory:
    return Memory()


def test_for_some_minutes_and_being_asked_does_not_renew_them(memory: Memory) -> None:
    assert not memory.knows()
    memory.note()
    for _ in range(5):
        assert memory.knows()
        memory.now += REMEMBERED_SECONDS / 5
    assert not memory.knows()
    memory.now -= 1
    assert not memory.knows()  # it is gone


def test_no_other_password_and_the_right_one_stays(memory: Memory) -> None:
    memory.note()
    for wrong in (b"", b"sesam", b"sesame ", b"x" * 10_000):
        assert not memory.knows(password=wrong)
    assert memory.knows()


@pytest.mark.parametrize(
    "other",
    [
        evolve(ALICE, name="alicf@a.test"),
        evolve(ALICE, password=StoredPassword("PLAIN", "sesame2")),
        evolve(ALICE, password=StoredPassword("ARGON2ID", "sesame")),
    ],
)
def test_another_account_is_a_stranger(memory: Memory, other: Account) -> None:
    memory.note()
    assert not memory.knows(other)


def test_nothing_runs_together(memory: Memory) -> None:
    memory.note(evolve(ALICE, password=StoredPassword("PLAIN", "ses")), b"ame")
    assert not memory.knows(evolve(ALICE, password=StoredPassword("PLAIN", "sesa")), b"me")
    assert not memory.knows(evolve(ALICE, password=StoredPassword("PLAI", "Nses")), b"ame")


def test_what_is_no_matter_of_the_password_changes_nothing(memory: Memory) -> None:
    memory.note()
    assert memory.knows(evolve(ALICE, where="users:9"))


def test_who_has_gone_is_forgotten(memory: Memory) -> None:
    memory.note()
    memory.remembered.forget("alice@a.test")
    memory.remembered.forget("nobody@a.test")
    assert not memory.knows()


def test_beyond_so_many_who_logged_in_longest_ago_is_forgotten() -> None:
    memory = Memory(2)
    bob, carol = (evolve(ALICE, name=f"{name}@a.test") for name in ("bob", "carol"))
    memory.note(ALICE)
    memory.note(bob)
    assert memory.knows(ALICE)
    memory.note(carol)
    assert [memory.knows(account) for account in (ALICE, bob, carol)] == [True, False, True]


def test_the_password_is_nowhere_in_it_and_the_key_is_its_own(memory: Memory) -> None:
    other = Memory()
    for each in (memory, other):
        each.note()
    (digest, _), (other_digest, _) = (each.remembered._digests["alice@a.test"] for each in (memory, other))
    assert len(digest) == 32 and digest != other_digest


def test_it_is_compared_in_constant_time(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare_digest(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    memory.note()
    monkeypatch.setattr(hmac, "compare_digest", compare_digest)
    assert memory.knows() and not memory.knows(password=b"x")
    assert [len(digest) for pair in compared for digest in pair] == [32] * 4
    assert module.REMEMBERED_SECONDS == 300
