"""What may be decided of a maildrop: every key, its bounds, and who comes before whom."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.decisions import (
    KEYS,
    MAX_DAYS,
    MAX_LOGIN_DELAY_SECONDS,
    MAX_MESSAGES,
    NOTHING_SAID,
    SAFE_REMOVED_DAYS,
    Decisions,
)
from mailgate.rules import NO_RULES, Quota, Retention, Rules
from mailgate.units import MAX_OCTETS

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "keep_days": st.integers(0, MAX_DAYS),
    "keep_fetched_days": st.integers(0, MAX_DAYS),
    "keep_messages": st.integers(0, MAX_MESSAGES),
    "keep_octets": st.integers(0, MAX_OCTETS),
    "keep_min_days": st.integers(1, MAX_DAYS),
    "dele": st.sampled_from(["expunge", "trash"]),
    "removed_days": st.integers(0, MAX_DAYS),
    "login_delay": st.integers(0, MAX_LOGIN_DELAY_SECONDS),
    "quota": st.integers(0, MAX_OCTETS),
    "quota_messages": st.integers(0, MAX_MESSAGES),
}
DECISIONS = st.fixed_dictionaries({}, optional=VALUES).map(lambda said: Decisions(**said))


def test_the_keys_are_the_fields() -> None:
    assert list(KEYS) == [field.name for field in fields(Decisions)] == list(VALUES)


@pytest.mark.parametrize(
    ("key", "written", "value"),
    [
        ("keep_days", 30, 30),
        ("keep_days", "30", 30),
        ("keep_days", "0", 0),
        ("keep_fetched_days", MAX_DAYS, MAX_DAYS),
        ("keep_messages", "1000000000", MAX_MESSAGES),
        ("keep_octets", "1GiB", 1 << 30),
        ("keep_octets", "1000", 1_000),
        ("keep_octets", 0, 0),
        ("keep_min_days", 1, 1),
        ("dele", "trash", "trash"),
        ("dele", "expunge", "expunge"),
        ("removed_days", "7", 7),
        ("login_delay", "15m", 900),
        ("login_delay", "60", 60),
        ("login_delay", 60, 60),
        ("login_delay", 0.1, 1),
        ("login_delay", "1500ms", 2),
        ("login_delay", "1d", MAX_LOGIN_DELAY_SECONDS),
        ("quota", "1GiB", 1 << 30),
        ("quota", "5000", 5_000),
        ("quota_messages", "100", 100),
        ("quota_messages", 0, 0),
    ],
)
def test_values(key: str, written: object, value: object) -> None:
    assert KEYS[key](written) == value
    assert getattr(Decisions(**{key: written}), key) == value


@pytest.mark.parametrize(
    ("key", "written", "words"),
    [
        ("keep_days", -1, "whole number from 0 to 36500"),
        ("keep_days", MAX_DAYS + 1, "whole number"),
        ("keep_days", "30d", "whole number"),
        ("keep_days", "9" * 40, "whole number"),
        ("keep_days", "٣", "whole number"),
        ("keep_days", 30.0, "whole number"),
        ("keep_days", True, "whole number"),
        ("keep_days", [30], "whole number"),
        ("keep_fetched_days", "", "whole number"),
        ("keep_messages", MAX_MESSAGES + 1, "whole number from 0 to 1000000000"),
        ("keep_octets", "much", "a size"),
        ("keep_octets", True, "a size"),
        ("keep_min_days", 0, "whole number from 1 to 36500"),
        ("dele", "delete", '"expunge" or "trash"'),
        ("dele", True, '"expunge" or "trash"'),
        ("removed_days", {}, "whole number"),
        ("login_delay", "1d 1s", "a duration"),
        ("login_delay", 86_400.5, "between 0 and a day"),
        ("login_delay", float("nan"), "a duration"),
        ("quota", -1, "a size"),
        ("quota", "much", "a size"),
        ("quota_messages", "1k", "whole number from 0 to 1000000000"),
        ("quota_messages", -1, "whole number"),
    ],
)
def test_what_is_not_understood(key: str, written: object, words: str) -> None:
    for read in (KEYS[key], lambda value: Decisions(**{key: value})):
        with pytest.raises(ValueError, match=words):
            read(written)


def test_every_key_has_its_place_in_the_rules() -> None:
    said = Decisions(
        keep_days=90,
        keep_fetched_days=30,
        keep_messages=1_000,
        keep_octets="1 GiB",
        keep_min_days=7,
        dele="trash",
        removed_days=14,
        login_delay="90s",
        quota="2 GiB",
        quota_messages=5_000,
    )
    assert said.rules() == Rules(
        retention=Retention(days=90, fetched_days=30, messages=1_000, octets=1 << 30, min_days=7),
        dele="trash",
        removed_days=14,
        login_delay_seconds=90,
        quota=Quota(octets=2 << 30, messages=5_000),
    )
    assert NOTHING_SAID.rules() == NO_RULES


def test_who_says_nothing_leaves_it_to_the_next_and_who_says_no_does_not() -> None:
    user = Decisions(keep_days=0, dele="expunge")
    domain = Decisions(keep_days=30, keep_messages=100)
    default = Decisions(keep_days=90, keep_octets=1_000, dele="trash", removed_days=3)
    expected = Decisions(keep_days=0, keep_messages=100, keep_octets=1_000, dele="expunge", removed_days=3)
    assert user.over(domain).over(default) == user.over(domain.over(default)) == expected
    assert expected.rules().retention.expire_days == 1  # by number of messages and octets, for want of keep_min_days


@given(DECISIONS, DECISIONS, st.sampled_from(list(KEYS)))
def test_key_by_key(above: Decisions, below: Decisions, key: str) -> None:
    own = getattr(above, key)
    assert getattr(above.over(below), key) == (getattr(below, key) if own is None else own)


@given(DECISIONS)
def test_whatever_was_said_makes_rules(said: Decisions) -> None:
    rules = said.rules()
    assert said.over(NOTHING_SAID) == NOTHING_SAID.over(said) == said
    assert rules.dele == (said.dele or "expunge")
    assert rules.removed_days == (said.removed_days or (SAFE_REMOVED_DAYS if said.dele == "trash" else 0))


def test_a_trash_that_keeps_nothing_is_a_contradiction_if_both_are_said() -> None:
    assert "keeps nothing" in Decisions(dele="trash", removed_days=0).contradiction
    for said in (Decisions(dele="trash"), Decisions(removed_days=0), Decisions(dele="trash", removed_days=1)):
        assert not said.contradiction
    assert not evolve(Decisions(dele="trash", removed_days=0), dele="expunge").contradiction
