"""Rules: what retention removes, what EXPIRE and LOGIN-DELAY may say, and what makes no sense."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import Entry
from mailgate.rules import DAY_SECONDS, NO_QUOTA, NO_RULES, Promise, Quota, Retention, Rules

NOW = 1_000 * DAY_SECONDS


def entry(number: int, days_ago: float, octets: int = 100) -> Entry:
    return Entry(f"u{number}", octets, f"new/{number}", seconds=int(NOW - days_ago * DAY_SECONDS))


def gone(retention: Retention, *entries: Entry, fetched: dict[str, float] | None = None) -> list[str]:
    """The UIDs of what is removed; `fetched` says how many days ago, by UID."""
    when = {uid: int(NOW - days * DAY_SECONDS) for uid, days in (fetched or {}).items()}
    return [each.uid for each in retention.expired(entries, lambda each: when.get(each.uid), NOW)]


OLD = [entry(1, 40), entry(2, 30), entry(3, 29.99), entry(4, 0)]


def test_without_a_rule_everything_stays() -> None:
    assert gone(Retention(), entry(1, 10_000)) == []
    assert gone(Retention(min_days=5), entry(1, 10_000)) == []


def test_days_count_from_the_delivery() -> None:
    assert gone(Retention(days=30), *OLD) == ["u1", "u2"]


def test_days_count_from_the_first_fetch_and_what_was_not_fetched_stays() -> None:
    assert gone(Retention(fetched_days=7), *OLD, fetched={"u1": 6.9, "u2": 7, "u3": 8}) == ["u2", "u3"]


def test_first_fetches_are_not_asked_for_where_nothing_depends_on_them() -> None:
    def unasked(entry: Entry) -> int | None:
        raise AssertionError(entry)

    assert Retention(days=30).expired(OLD, unasked, NOW) == tuple(OLD[:2])


def test_the_oldest_go_where_there_are_too_many() -> None:
    assert gone(Retention(messages=2), *OLD) == ["u1", "u2"]
    assert gone(Retention(messages=4), *OLD) == []


def test_the_oldest_go_until_the_rest_fits() -> None:
    assert gone(Retention(octets=250), *OLD) == ["u1", "u2"]
    assert gone(Retention(octets=400), *OLD) == []
    assert gone(Retention(octets=99, min_days=1), *OLD) == ["u1", "u2", "u3"]  # u4 is of today


def test_one_message_too_large_does_not_save_those_behind_it() -> None:
    assert gone(Retention(octets=250), entry(1, 9), entry(2, 8, octets=900), entry(3, 7)) == ["u1", "u2"]


def test_rules_by_number_leave_alone_what_is_young() -> None:
    assert gone(Retention(messages=1, min_days=30), *OLD) == ["u1", "u2"]
    assert gone(Retention(octets=1, min_days=35), *OLD) == ["u1"]


def test_each_rule_removes_for_itself() -> None:
    rules = Retention(days=35, messages=2, min_days=30)
    assert gone(rules, *OLD, entry(5, 0)) == ["u1", "u2"]


@pytest.mark.parametrize(
    ("retention", "days"),
    [
        (Retention(), None),
        (Retention(days=30), 30),
        (Retention(fetched_days=7), 7),
        (Retention(days=30, fetched_days=7), 7),
        (Retention(messages=100), 1),
        (Retention(octets=100, min_days=14), 14),
        (Retention(days=10, octets=100, min_days=14), 10),
        (Retention(min_days=14), None),
    ],
)
def test_the_fewest_days_under_any_circumstances(retention: Retention, days: int | None) -> None:
    assert retention.expire_days == days


numbers = st.integers(0, 40)
retentions = st.builds(
    Retention, days=numbers, fetched_days=numbers, messages=numbers, octets=numbers, min_days=st.integers(1, 40)
)


@given(retentions, st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50), st.integers(0, 20)), max_size=12))
def test_what_is_younger_than_expire_says_always_stays(
    retention: Retention, mails: list[tuple[float, float, int]]
) -> None:
    mails.sort(reverse=True)
    entries = [entry(number, age, octets) for number, (age, _, octets) in enumerate(mails)]
    fetched = {f"u{number}": min(age, ago) for number, (age, ago, _) in enumerate(mails)}
    expire = retention.expire_days
    for uid in gone(retention, *entries, fetched=fetched):
        assert expire is not None
        age = mails[int(uid[1:])][0]
        assert age >= expire - 1e-4  # seconds are whole in names


@pytest.mark.parametrize(
    "wrong", [{"days": -1}, {"fetched_days": -1}, {"messages": -1}, {"octets": -1}, {"min_days": 0}]
)
def test_retention_without_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Retention(**wrong)


@pytest.mark.parametrize("wrong", [{"removed_days": -1}, {"login_delay_seconds": -1}, {"dele": "trash"}])
def test_rules_without_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"removed_days|login_delay"):
        Rules(**wrong)


def test_whether_mail_ever_goes_by_itself() -> None:
    assert Rules(retention=Retention(days=1)).removes and Rules(removed_days=1).removes
    assert not NO_RULES.removes and not Rules(quota=Quota(messages=1)).removes


@pytest.mark.parametrize(
    ("quota", "messages", "octets", "allowed"),
    [
        (NO_QUOTA, 10**9, 10**18, True),
        (Quota(messages=2), 2, 10**18, True),
        (Quota(messages=2), 3, 0, False),
        (Quota(octets=100), 10**9, 100, True),
        (Quota(octets=100), 0, 101, False),
        (Quota(octets=100, messages=2), 2, 100, True),
        (Quota(octets=100, messages=2), 2, 101, False),
        (Quota(octets=100, messages=2), 3, 100, False),
    ],
)
def test_quotas(quota: Quota, messages: int, octets: int, allowed: bool) -> None:
    assert quota.allows(messages, octets) is allowed
    assert quota.is_set is (quota != NO_QUOTA)


@pytest.mark.parametrize("wrong", [{"octets": -1}, {"messages": -1}])
def test_quotas_without_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Quota(**wrong)


def test_a_trash_that_keeps_something() -> None:
    assert Rules(dele="trash", removed_days=1).dele == "trash"


def test_a_promise_to_everybody() -> None:
    thirty, seven = Rules(retention=Retention(days=30)), Rules(retention=Retention(fetched_days=7))
    slow = Rules(login_delay_seconds=60)
    assert Promise.of([]) == Promise()
    assert Promise.of([NO_RULES, NO_RULES]) == Promise()
    assert Promise.of([thirty, thirty]) == Promise(expire_days=30)
    assert Promise.of([thirty, seven]) == Promise(expire_days=7, expire_differs=True)
    assert Promise.of([thirty, slow]) == Promise(
        expire_days=30, expire_differs=True, login_delay_seconds=60, login_delay_differs=True
    )
