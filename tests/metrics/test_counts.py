"""The reader that counts all facts."""

from __future__ import annotations

from attrs import frozen
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from mailgate import facts
from mailgate.facts import Fact
from mailgate.interfaces import IFactReader
from mailgate.metrics.counts import RATES, Counts
from mailgate.metrics.families import Counter, Gauge, Histogram
from tests.metrics.samples import KINDS, a, full
from tests.support import Facts

NOT_COUNTED = {facts.TurnedAway, facts.CertificateExpires}  # by another way; there is a gauge


@frozen
class _Later(Fact):
    """A fact that nobody here knows."""


def counts() -> Counts:
    return Counts(Clock().seconds)


def total(reader: Counts) -> float:
    """All that was ever counted."""
    sums = 0.0
    for family in reader.families:
        if isinstance(family, Counter):
            sums += sum(abs(value) for value in family.values.values())
        elif isinstance(family, Histogram):
            sums += sum(sum(distribution.counts) for distribution in family.values.values())
    return sums


def test_it_reads_facts() -> None:
    assert verifyObject(IFactReader, counts())


def test_every_kind_of_fact_is_counted() -> None:
    for kind in KINDS:
        reader = counts()
        reader.read(a(facts.Connected, session="s", listener="smtp"))
        before = total(reader)
        reader.read(full(kind))
        assert (total(reader) > before) == (kind not in NOT_COUNTED), kind


def test_facts_that_nobody_knows_are_none() -> None:
    reader = counts()
    reader.read(_Later())
    assert total(reader) == 0


def test_the_end_of_a_pop3_session_is_that_of_a_session() -> None:
    reader = counts()
    reader.read(a(facts.Connected, session="1", listener="pop3"))
    reader.read(a(facts.MaildropClosed, session="1", listener="pop3", reason="quit", tops=2))
    assert reader.sessions.now() == {("pop3", "none"): 0}
    assert reader.sessions.ended.values == {("pop3", "none", "quit"): 1}
    assert reader.maildrops.tops.values[()] == 2


def test_connections_that_were_turned_away_are_told_by_those_who_turn_them_away() -> None:
    reader = counts()
    bulletin = Facts()
    bulletin.add(reader)
    away = a(facts.TurnedAway, listener="smtp", client="192.0.2.1", reason="too many connections")
    reader.turned_away(away)
    bulletin.tell(away)  # which happens to few of them
    assert reader.sessions.turned_away.values == {("smtp",): 1}


def test_rates() -> None:
    clock = Clock()
    reader = Counts(clock.seconds)
    assert set(reader.rates()) == set(RATES)
    for fact in (
        a(facts.Accepted),
        a(facts.MessageRefused),
        a(facts.CommandRefused),
        a(facts.Fetched),
        a(facts.LoggedIn),
        a(facts.LoginThrottled),
        a(facts.LoginFailed),
        a(facts.NotDelivered),
        a(facts.Failed),
    ):
        reader.read(fact)
    clock.advance(61)
    reader.read(a(facts.Accepted))
    assert reader.rates() == {
        "messages": {"minute": 1, "hour": 2},
        "refused": {"minute": 0, "hour": 2},
        "fetched": {"minute": 0, "hour": 1},
        "logins": {"minute": 0, "hour": 1},
        "wrong_logins": {"minute": 0, "hour": 2},
        "not_delivered": {"minute": 0, "hour": 1},
        "errors": {"minute": 0, "hour": 1},
    }


def test_names_are_those_that_prometheus_wants_and_no_label_is_a_person() -> None:
    families = counts().families
    names = [family.name for family in families]
    assert len(set(names)) == len(names)
    for family in families:
        assert family.name.startswith("mailgate_") and family.help.endswith(".")
        assert family.name.endswith("_total") == isinstance(family, Counter)
        assert not {"client", "user", "address", "sender", "recipient", "session", "message"} & set(family.labels)
        if isinstance(family, Gauge):
            assert family.read() == {}
