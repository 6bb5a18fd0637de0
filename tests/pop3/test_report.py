"""What a POP3 session tells of messages."""

from __future__ import annotations

from attrs import evolve

from mailgate import facts
from mailgate.failures import NotRemoved
from mailgate.mail import Session
from mailgate.pop3.report import MaildropReport
from mailgate.reporting import VisitReport
from tests.pop3.support import entry
from tests.support import Facts

ALICE = Session("s1", "pop3", "192.0.2.1", 1234, user="alice@example.test")


def test_messages() -> None:
    told = Facts()
    report = MaildropReport(told)
    report.fetched(ALICE, entry("u1"), 12)
    report.deleted(ALICE, entry("u2"))
    report.not_deleted(ALICE, [entry("u3"), entry("u4")], NotRemoved("read-only", []))
    user = "alice@example.test"
    assert [evolve(fact, at=0.0, node="") for fact in told.told] == [
        facts.Fetched(session="s1", user=user, message="id-u1", uid="u1", octets=12, client="192.0.2.1"),
        facts.Deleted(session="s1", user=user, message="id-u2", uid="u2", client="192.0.2.1"),
        facts.NotDeleted(session="s1", user=user, uids=("u3", "u4"), reason="read-only"),
    ]


def test_the_end_has_the_counts() -> None:
    told = Facts()
    report = MaildropReport(told)
    report.fetched(ALICE, entry("u1"), 12)
    report.fetched(ALICE, entry("u2"), 30)
    report.topped()
    report.deleted(ALICE, entry("u2"))
    report.not_deleted(ALICE, [entry("u3")], NotRemoved("read-only", []))
    closing = report.closing(messages=4, listed=3)
    VisitReport(told, lambda: "e1").ended(evolve(ALICE, tls="TLSv1.3"), "quit", 7, 11, 22, 1.5, closing)
    assert evolve(told.told[-1], at=0.0, node="") == facts.MaildropClosed(
        session="s1",
        listener="pop3",
        client="192.0.2.1",
        user="alice@example.test",
        helo="",
        tls="TLSv1.3",
        reason="quit",
        commands=7,
        octets_in=11,
        octets_out=22,
        seconds=1.5,
        messages=4,
        listed=3,
        fetched=2,
        fetched_octets=42,
        tops=1,
        deleted=1,
    )
