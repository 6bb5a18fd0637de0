"""What is wrong gets its words, and what to do; one look that fails hides no other."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from mailgate.noticing.reasons import (
    CERTIFICATE,
    DISK,
    MAX_REASONS,
    RENEW_DAYS,
    SETTLED_SECONDS,
    STANDSTILL_SECONDS,
    Reason,
    certificates,
    failing,
    gathered,
    sweeper,
)
from mailgate.rules import DAY_SECONDS
from tests.support import logged

NOW = 1_800_000_000.0  # 2027-01-15


def test_a_check() -> None:
    assert list(failing(lambda: "", DISK)()) == []
    assert list(failing(lambda: "the disk is full", DISK)()) == [Reason("the disk is full", DISK)]


@pytest.mark.parametrize(
    ("days", "what"),
    [
        (90, None),
        (RENEW_DAYS, None),
        (RENEW_DAYS - 0.001, "the certificate mx expires in 13 days, on 2027-01-29"),
        (1.5, "the certificate mx expires in 1 day, on 2027-01-16"),
        (0.5, "the certificate mx expires in 0 days, on 2027-01-15"),
        (0, "the certificate mx has expired, on 2027-01-15"),
        (-3, "the certificate mx has expired, on 2027-01-12"),
    ],
)
def test_a_certificate_with_few_days_left(days: float, what: str | None) -> None:
    look = certificates(lambda: [("mx", NOW + days * DAY_SECONDS, "")], lambda: NOW)
    assert list(look()) == ([Reason(what, CERTIFICATE)] if what else [])


def test_a_renewed_certificate_that_is_wrong() -> None:
    look = certificates(lambda: [("mx", NOW + 1e8, "key.pem: of another certificate")], lambda: NOW)
    (reason,) = look()
    assert "mx is wrong" in reason.what and "key.pem: of another certificate" in reason.what


def looked(held: str = "", ago: float | None = 0, uptime: float = SETTLED_SECONDS) -> list[str]:
    look = sweeper(lambda: held, lambda: None if ago is None else NOW - ago, lambda: uptime, lambda: NOW)
    return [reason.what for reason in look()]


def test_a_sweeper_that_stands_still() -> None:
    assert looked(ago=STANDSTILL_SECONDS) == []
    assert looked(ago=3.5 * DAY_SECONDS) == ["no mail expires: the last sweep was 3 days ago, one a day is due"]
    assert looked(held="see to the clock", ago=None) == ["no mail expires: see to the clock"]


def test_a_sweeper_that_has_had_no_time_yet() -> None:
    assert looked(ago=5 * DAY_SECONDS, uptime=SETTLED_SECONDS - 1) == []
    assert looked(ago=None) == []


def test_one_that_fails_hides_no_other() -> None:
    def broken() -> Iterable[Reason]:
        raise RuntimeError("a bug")

    one = Reason("one", "do")
    with logged() as events:
        assert gathered([broken, lambda: [one], lambda: [one, Reason("two", "do")]]) == (one, Reason("two", "do"))
    assert ["a bug" in str(event["log_failure"]) for event in events] == [True]


def test_there_are_never_too_many() -> None:
    assert len(gathered([lambda: [Reason(str(number), "do") for number in range(1_000)]])) == MAX_REASONS
