"""What faults know of an SMTP client."""

from __future__ import annotations

import base64

import pytest

from mailgate.interference.phases import Parties
from mailgate.interference.smtp_flow import SMTPFlow
from mailgate.mail import NULL_PATH, Reply
from mailgate.smtp import events
from mailgate.smtp.machine import Answer
from tests.support import path

OK, NO = Reply(250, "2.0.0", "OK"), Reply(451, "4.3.0", "no")
MAIL = events.Mail(path("App@corp.test"), {})
ALICE, BOB = events.Rcpt(path("alice@x.test"), {}), events.Rcpt(path("bob@x.test"), {})
PLAIN = events.Auth("PLAIN", base64.b64encode(b"\0Carol@x.test\0secret"))


def followed(*course: tuple[events.Event, Answer]) -> SMTPFlow:
    flow = SMTPFlow()
    for event, answer in course:
        flow.begin(event)
        flow.learn(event, answer)
    return flow


@pytest.mark.parametrize(
    ("event", "phases"),
    [
        (events.Connected(), ["connect"]),
        (events.Hello(True, "x"), ["helo"]),
        (events.Hello(False, "x"), ["helo"]),
        (events.StartTLS(), ["starttls"]),
        (PLAIN, ["auth"]),
        (events.Auth("LOGIN", None), []),
        (MAIL, ["mail"]),
        (ALICE, ["rcpt"]),
        (events.Data(), ["data"]),
        (events.EndOfChunk(5), ["data"]),
        (events.EndOfContent(None), ["data", "dot"]),
        (events.Quit(), ["quit"]),
        *((event, []) for event in (events.Reset(), events.Noop(), events.Verify(), events.Help(), events.Fault(NO))),
    ],
)
def test_the_phases_of_an_event(event: events.Event, phases: list[str]) -> None:
    assert list(SMTPFlow().begin(event)) == phases
    behind = "delivered" if isinstance(event, events.EndOfContent) else None
    assert SMTPFlow().behind(event) == behind


@pytest.mark.parametrize("leave", [(events.Data(), Reply(354, "", "go")), (events.EndOfChunk(1), OK)])
def test_content_that_was_let_in_is_not_refused_as_data(leave: tuple[events.Event, Reply]) -> None:
    flow = followed((MAIL, OK), (ALICE, OK), leave)
    assert list(flow.begin(events.EndOfChunk(2))) == []
    assert list(flow.begin(events.EndOfContent(None))) == ["dot"]
    flow.learn(MAIL, OK)
    assert list(flow.begin(events.EndOfContent(None))) == ["data", "dot"]  # the next transaction


def test_who_is_known() -> None:
    flow = followed((PLAIN, Reply(235, "2.7.0", "in")), (MAIL, OK), (ALICE, OK), (BOB, NO), (BOB, OK))
    known = Parties(("alice@x.test", "bob@x.test"), "app@corp.test", "carol@x.test")
    for event in (events.Data(), events.EndOfChunk(1), events.EndOfContent(None), events.Quit()):
        assert flow.parties(event) == known
    assert flow.parties(BOB) == Parties(("bob@x.test",), "app@corp.test", "carol@x.test")
    assert flow.parties(events.Mail(NULL_PATH, {})) == Parties((), "", "carol@x.test")


def test_a_refusal_makes_nobody_known() -> None:
    flow = followed((PLAIN, NO), (MAIL, NO), (ALICE, NO), (events.Data(), NO))
    assert flow.parties(events.Quit()) == Parties()


@pytest.mark.parametrize("end", [events.Reset(), events.Hello(True, "x")])
def test_what_ends_a_transaction(end: events.Event) -> None:
    flow = followed((PLAIN, Reply(235, "2.7.0", "in")), (MAIL, OK), (ALICE, OK), (end, OK))
    assert flow.parties(events.Quit()) == Parties(user="carol@x.test")


def test_the_last_transaction_is_known_until_the_next() -> None:
    flow = followed((MAIL, OK), (ALICE, OK), (events.EndOfContent(None), OK))
    assert flow.parties(events.Quit()).to == ("alice@x.test",)
    flow.learn(MAIL, OK)
    assert flow.parties(events.Quit()).to == ()


def test_tls_makes_a_stranger_of_the_client() -> None:
    flow = followed((PLAIN, Reply(235, "2.7.0", "in")), (MAIL, OK))
    flow.secured()
    assert flow.parties(events.Quit()) == Parties()


def test_a_login_step_by_step() -> None:
    challenge = Reply(334, "", "VXNlcm5hbWU6")
    flow = followed((events.Auth("LOGIN", None), challenge), (events.Response(base64.b64encode(b"carol")), challenge))
    assert flow.parties(events.Quit()).user is None
    end = events.Response(base64.b64encode(b"secret"))
    assert list(flow.begin(end)) == ["auth"]
    assert flow.parties(end) == Parties(user="carol")
    flow.learn(end, Reply(235, "2.7.0", "in"))
    assert flow.parties(MAIL).user == "carol"


def test_what_the_session_is_told_instead() -> None:
    flow = SMTPFlow()
    assert flow.told_instead(events.Connected()) == events.Connected()
    assert flow.told_instead(events.EndOfChunk(1)) == flow.told_instead(events.EndOfContent(None))
    assert isinstance(flow.told_instead(events.EndOfContent(None)), events.EndOfContent)
    for event in (MAIL, ALICE, events.Data(), PLAIN, events.Quit(), events.StartTLS(), events.Hello(True, "x")):
        assert flow.told_instead(event) is None


def test_how_it_refuses() -> None:
    flow = SMTPFlow()
    assert flow.refusal(MAIL, NO, None) == NO
    assert flow.refusal(events.Connected(), NO, OK) == NO
    own = Reply(554, "5.7.1", "not you")
    assert flow.refusal(events.Connected(), NO, own) == own  # who is refused stays refused
    assert flow.refusal(events.EndOfContent(None), NO, own) == NO
    assert flow.refusal(events.EndOfContent(None), NO, (own, own)) == (NO, NO)  # RFC 2033 4.2
    assert flow.refusal(events.EndOfContent(None), NO, ()) == ()
    assert flow.refusal(events.EndOfChunk(1), NO, (own, own)) == NO


def test_the_parts_of_an_answer() -> None:
    flow = followed((MAIL, OK), (ALICE, OK), (BOB, OK))
    end = events.EndOfContent(None)
    assert flow.parts(end, OK) == [(OK, flow.parties(end))]
    each = [(reply, parties.to) for reply, parties in flow.parts(end, (OK, NO))]
    assert each == [(OK, ("alice@x.test",)), (NO, ("bob@x.test",))]


def test_only_where_mail_is_delivered_a_cut_reply_keeps_from_it() -> None:
    flow = SMTPFlow()
    reply = flow.cut_short(events.EndOfContent(None))
    assert reply is not None and reply.is_temporary
    assert flow.cut_short(events.Data()) is flow.cut_short(events.EndOfChunk(1)) is None
