"""What an SMTP session tells of mail."""

from __future__ import annotations

from mailgate import facts
from mailgate.mail import NULL_PATH, Reply, Session
from mailgate.smtp import events
from mailgate.smtp.report import MailReport
from mailgate.smtp.transaction import Transaction
from tests.smtp.support import Spools
from tests.support import Facts, a_message, path, recipient

SESSION = Session("visit", "smtp", "192.0.2.1", 40_000, "client", True, False, "TLSv1.3 X", "alice@example.test")
NO = Reply(550, "5.7.1", "No")


class Bench:
    def __init__(self) -> None:
        self.facts = Facts()
        self.report = MailReport(self.facts)


def test_refused_commands() -> None:
    bench = Bench()
    envelope = a_message().envelope
    bench.report.refused(SESSION, events.Connected(), None, NO)
    bench.report.refused(SESSION, events.Hello(True, "x"), envelope, NO)
    bench.report.refused(SESSION, events.Mail(path("m@example.org"), {}), None, NO)
    bench.report.refused(SESSION, events.Mail(NULL_PATH, {}), None, NO)
    bench.report.refused(SESSION, events.Rcpt(path("r@example.test"), {}), envelope, NO)
    told = bench.facts.of(facts.CommandRefused)
    assert [(fact.phase, fact.sender, fact.recipient, fact.message) for fact in told] == [
        ("connect", "", "", ""),
        ("helo", "sender@example.org", "", envelope.id),
        ("mail", "m@example.org", "", ""),
        ("mail", "", "", ""),
        ("rcpt", "sender@example.org", "r@example.test", envelope.id),
    ]
    assert {(fact.session, fact.client, fact.reply) for fact in told} == {("visit", "192.0.2.1", "550 5.7.1 No")}


def test_messages() -> None:
    bench = Bench()
    message = a_message(recipient("a@example.test"), recipient("b@example.test"))
    bench.report.accepted(message, reply_sent=False, discarded=True)
    transaction = Transaction(message.envelope, Spools(), 100)
    transaction.begin_content()
    transaction.write(b"x" * 16 + b"\n")
    bench.report.message_refused(transaction, NO)
    accepted, refused = bench.facts.one(facts.Accepted), bench.facts.one(facts.MessageRefused)
    for fact in (accepted, refused):
        assert (fact.message, fact.session, fact.client) == (message.id, "session", "192.0.2.1")
        assert (fact.sender, fact.recipients) == ("sender@example.org", ("a@example.test", "b@example.test"))
    assert (accepted.octets, accepted.reply_sent, accepted.discarded) == (22, False, True)
    assert (refused.octets, refused.reply) == (18, "550 5.7.1 No")


def test_one_recipient_of_several_and_our_own_trouble() -> None:
    bench = Bench()
    message = a_message(recipient("a@example.test"), recipient("b@example.test"))
    transaction = Transaction(message.envelope, Spools(), 100)
    bench.report.message_refused(transaction, NO, only=path("b@example.test"))
    assert bench.facts.one(facts.MessageRefused).recipients == ("b@example.test",)
    assert bench.facts.of(facts.NotDelivered) == []
    transaction.trouble = "the disk is full"
    bench.report.message_refused(transaction, NO)
    assert bench.facts.one(facts.NotDelivered).reason == "the disk is full"
