"""Mail that is kept, counted."""

from __future__ import annotations

from mailgate import facts
from mailgate.facts import Fact
from mailgate.metrics.families import Counter
from mailgate.metrics.maildrops import Maildrops
from tests.metrics.samples import a


def told(*happened: Fact) -> Maildrops:
    maildrops = Maildrops()
    for fact in happened:
        maildrops.reads[type(fact)](fact)
    return maildrops


def numbers(maildrops: Maildrops) -> dict[str, float]:
    """Those that are not 0, by the middle of their names."""
    return {
        "_".join([family.name.removeprefix("mailgate_").removesuffix("_total"), *labels]): value
        for family in maildrops.families
        if isinstance(family, Counter)
        for labels, value in family.values.items()
        if value
    }


def test_pop3() -> None:
    maildrops = told(
        a(facts.Fetched, octets=100),
        a(facts.Fetched, octets=11),
        a(facts.Deleted),
        a(facts.NotDeleted, uids=("1", "2")),
        a(facts.MaildropClosed, tops=7),
    )
    assert numbers(maildrops) == {"fetched": 2, "fetched_bytes": 111, "deleted": 1, "not_deleted": 2, "tops": 7}


def test_what_came_back() -> None:
    assert numbers(told(a(facts.Restored), a(facts.Restored))) == {"restored": 2}


def test_sweeps() -> None:
    maildrops = told(
        a(facts.Expired, to_trash=True),
        a(facts.Expired),
        a(facts.Swept, emptied=3),
        a(facts.Swept, trouble="in use"),
        a(facts.SweepEnded),
    )
    assert numbers(maildrops) == {
        "expired_trash": 1,
        "expired_nowhere": 1,
        "trash_emptied": 3,
        "sweep_troubles": 1,
        "sweeps": 1,
    }


def test_sweeps_that_are_held() -> None:
    maildrops = told(a(facts.SweepHeld, reason="the clock", at=12.0))
    assert (maildrops.held, maildrops.held_at, numbers(maildrops)) == ("the clock", 12.0, {"sweeps_held": 1})
    ended = a(facts.SweepEnded)
    maildrops.reads[type(ended)](ended)
    assert (maildrops.held, maildrops.held_at) == ("", 0.0)
