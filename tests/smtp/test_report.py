"""What an SMTP session tells of mail."""

from __future__ import annotations

from attrs import evolve

from mailgate import facts
from mailgate.mail import NULL_PATH, Field, Reply, Session
from mailgate.smtp import events
from mailgate.smtp.report import MailReport
from mailgate.smtp.transaction import Transaction
from mailgate.wire.header import HeaderScanner
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
    assert {(fact.listener, fact.tls, fact.user) for fact in told} == {("smtp", "TLSv1.3 X", "alice@example.test")}
    assert [fact.helo for fact in told] == ["client", "x", "client", "client", "client"]  # what was refused, too


def test_messages() -> None:
    bench = Bench()
    message = a_message(recipient("a@example.test"), recipient("b@example.test"))
    session = evolve(message.envelope.session, tls="TLSv1.3 X", user="bob@example.test")
    message = evolve(message, envelope=evolve(message.envelope, session=session))
    header = HeaderScanner()
    header.feed(b"Message-ID: <one@example.org>\n\n")
    bench.report.accepted(message, header, reply_sent=False, discarded=True)
    transaction = Transaction(message.envelope, Spools(), 100)
    transaction.begin_content()
    transaction.write(b"Message-ID: two\n")
    bench.report.message_refused(transaction, NO)
    accepted, refused = bench.facts.one(facts.Accepted), bench.facts.one(facts.MessageRefused)
    for fact in (accepted, refused):
        assert (fact.message, fact.session, fact.client) == (message.id, "session", "192.0.2.1")
        assert (fact.sender, fact.recipients) == ("sender@example.org", ("a@example.test", "b@example.test"))
    assert (accepted.octets, accepted.reply_sent, accepted.discarded) == (22, False, True)
    assert (refused.octets, refused.reply) == (17, "550 5.7.1 No")
    assert (accepted.message_id, refused.message_id) == ("one@example.org", "two")
    assert {(fact.listener, fact.helo, fact.tls, fact.user) for fact in (accepted, refused)} == {
        ("smtp", "client.example.org", "TLSv1.3 X", "bob@example.test")
    }


def test_how_far_a_transaction_had_come() -> None:
    bench = Bench()
    nobody, somebody = a_message(), a_message(recipient("a@example.test"))
    before, named, half, whole = [Transaction(each.envelope, Spools(), 100) for each in (nobody, *[somebody] * 3)]
    for transaction in (half, whole):
        transaction.begin_content()
        transaction.write(b"Message-ID: <one@example.org>\n")
    whole.is_cut_short = True
    for transaction in (before, named, half, whole):
        bench.report.abandoned(transaction, "lost")
    told = bench.facts.of(facts.Abandoned)
    assert [(fact.phase, fact.recipients, fact.octets, fact.message_id) for fact in told] == [
        ("mail", (), 0, ""),
        ("rcpt", ("a@example.test",), 0, ""),
        ("content", ("a@example.test",), 31, "one@example.org"),
        ("answer", ("a@example.test",), 31, "one@example.org"),
    ]
    assert {(fact.reason, fact.reply, fact.session, fact.client) for fact in told} == {
        ("lost", "", "session", "192.0.2.1")
    }
    assert {(fact.listener, fact.helo, fact.sender) for fact in told} == {
        ("smtp", "client.example.org", "sender@example.org")
    }


def test_what_would_have_been_said_of_an_abandoned_message() -> None:
    bench = Bench()
    transaction = Transaction(a_message(recipient("a@example.test")).envelope, Spools(), 10)
    transaction.begin_content()
    transaction.write(b"longer than that\n")
    transaction.trouble = "the disk is full"
    bench.report.abandoned(transaction, "lost")
    fact = bench.facts.one(facts.Abandoned)
    assert (fact.phase, fact.octets, fact.reply[:9]) == ("content", 18, "552 5.3.4")
    assert bench.facts.one(facts.NotDelivered).reason == "the disk is full"


def test_the_message_id_that_was_added() -> None:
    bench = Bench()
    added = a_message(recipient("a@example.test")).with_fields((Field("Message-ID", "<made@example.test>"),))
    bench.report.accepted(added, HeaderScanner(), reply_sent=True, discarded=False)
    bench.report.accepted(a_message(recipient("a@example.test")), HeaderScanner(), reply_sent=True, discarded=False)
    assert [fact.message_id for fact in bench.facts.of(facts.Accepted)] == ["made@example.test", ""]


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
