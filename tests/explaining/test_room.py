"""Whether a message fits."""

from __future__ import annotations

import pytest
from attrs import evolve

from mailgate.accounts.decisions import Decisions
from mailgate.explaining.keeping import DEFAULT, Said
from mailgate.explaining.room import Remembered, judged, maildrops_of, room
from mailgate.explaining.story import Part
from mailgate.failures import StoreError
from mailgate.mail import Local, Relay
from mailgate.quotas import FULL, FULL_FOR_NOW, UNKNOWN
from mailgate.rules import NO_QUOTA, Quota
from tests.support import a_message, path, result_of

LIST = (Local("a"), Local("b"), Local("a"))
ENVELOPE = evolve(a_message().envelope, size=100)


class Usage:
    """How full two maildrops are; that of anybody else cannot be seen."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, maildrop: str) -> tuple[int, int]:
        self.asked.append(maildrop)
        try:
            return {"a": (1, 900), "b": (9, 100)}[maildrop]
        except KeyError:
            raise StoreError("no disk") from None


def quota(maildrop: str) -> Quota:
    return Quota(octets=1000) if maildrop == "a" else Quota(messages=9) if maildrop in "bc" else NO_QUOTA


def test_each_maildrop_is_looked_into_once() -> None:
    usage = Usage()
    remembered = Remembered(usage)
    assert result_of(remembered("a")) == result_of(remembered("a")) == (1, 900)
    for _ in range(2):
        with pytest.raises(StoreError, match="no disk"):
            result_of(remembered("x"))
    assert usage.asked == ["a", "x"]


@pytest.mark.parametrize(
    ("places", "permanent", "part"),
    [
        (("a",), False, Part()),
        (("b",), False, Part((), FULL_FOR_NOW, "b")),
        (("b",), True, Part((), FULL, "b")),
        (("a", "b"), True, Part((), FULL_FOR_NOW, "b")),
        (("c",), True, Part((), UNKNOWN, "c: no disk")),
        (("d",), True, Part()),
    ],
)
def test_what_the_sender_hears(places: tuple[str, ...], permanent: bool, part: Part) -> None:
    destinations = tuple(map(Local, places))
    assert result_of(judged(ENVELOPE, destinations, quota, Usage(), permanent)) == part


@pytest.mark.parametrize(
    ("maildrop", "octets", "answer", "detail"),
    [
        ("a", 100, "yes: 900 octets of 1000 octets", ""),
        ("a", 101, "no: 900 octets of 1000 octets", "one message more, of 101 octets, is too much"),
        ("b", 0, "no: 9 of 9 messages", "one message more, of 0 octets, is too much"),
        ("c", 0, "that cannot be seen", "no disk"),
    ],
)
def test_numbers(maildrop: str, octets: int, answer: str, detail: str) -> None:
    step = result_of(room(maildrop, octets, quota(maildrop), Usage(), Said()))
    assert (step.topic, step.answer, step.detail, step.where) == ("quota", answer, detail, DEFAULT)


def test_no_quota_and_two() -> None:
    step = result_of(room("a", 1, NO_QUOTA, Usage(), Said()))
    assert (step.answer, step.detail, step.where) == (
        "yes, there is no quota",
        "1 message, 900 octets are there",
        "",
    )
    said = Said(((Decisions(quota=1), "users:1"),))
    step = result_of(room("a", 1, Quota(octets=1 << 20, messages=2), Usage(), said))
    assert step.answer == "yes: 1 of 2 messages, 900 octets of 1 MiB"
    assert step.where == f"users:1 and {DEFAULT}"


def test_each_maildrop_once() -> None:
    assert maildrops_of((*LIST, Relay(path("x@y.test")))) == ("a", "b")
