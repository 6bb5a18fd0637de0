"""What faults know of a POP3 client."""

from __future__ import annotations

import base64

import pytest

from mailgate.interference.phases import Parties
from mailgate.interference.pop3_flow import POP3Flow
from mailgate.pop3 import events
from mailgate.pop3.reply import Reply, negative, positive

OK, NO = positive("yes"), negative("no")
PLAIN = events.Auth("PLAIN", base64.b64encode(b"\0Carol@x.test\0secret"))
USER, PASS = events.User("Alice@x.test"), events.Pass(b"secret")


def followed(*course: tuple[events.Event, Reply]) -> POP3Flow:
    flow = POP3Flow()
    for event, answer in course:
        flow.begin(event)
        flow.learn(event, answer)
    return flow


@pytest.mark.parametrize(
    ("event", "phases"),
    [
        (events.Connected(), ["greeting"]),
        (events.Capa(), ["capa"]),
        (events.Stls(), ["stls"]),
        (PASS, ["login"]),
        (PLAIN, ["login"]),
        (events.Auth("LOGIN"), []),
        (events.Stat(), ["stat"]),
        (events.List(1), ["list"]),
        (events.Uidl(), ["uidl"]),
        (events.Top(1, 0), ["top"]),
        (events.Retr(1), ["retr"]),
        (events.Dele(1), ["dele"]),
        (events.Quit(), ["quit"]),
        *((each, []) for each in (USER, events.Noop(), events.Rset(), events.Utf8(), events.Lang(), events.Fault(NO))),
    ],
)
def test_the_phases_of_an_event(event: events.Event, phases: list[str]) -> None:
    assert list(POP3Flow().begin(event)) == phases
    assert POP3Flow().behind(event) == ("updated" if isinstance(event, events.Quit) else None)


def test_who_is_known() -> None:
    flow = followed((USER, OK))
    assert flow.parties(PASS) == Parties(user="alice@x.test")
    assert flow.parties(events.Quit()) == Parties()  # nobody has logged in
    flow.learn(PASS, OK)
    assert flow.parties(events.Stat()) == flow.parties(events.Quit()) == Parties(user="alice@x.test")


def test_a_refusal_makes_nobody_known() -> None:
    assert followed((USER, NO)).parties(PASS) == Parties()
    assert followed((USER, OK), (PASS, NO)).parties(events.Quit()) == Parties()


def test_auth_at_once_and_step_by_step() -> None:
    assert followed((PLAIN, OK)).parties(events.Stat()) == Parties(user="carol@x.test")
    challenge = Reply(True, "", challenge="")
    flow = followed((events.Auth("PLAIN"), challenge))
    assert flow.parties(events.Quit()) == Parties()
    end = events.Response(base64.b64encode(b"\0carol\0secret"))
    assert list(flow.begin(end)) == ["login"]
    flow.learn(end, OK)
    assert flow.parties(events.Quit()) == Parties(user="carol")


def test_tls_forgets_the_name() -> None:
    flow = followed((USER, OK))
    flow.secured()
    assert flow.parties(PASS) == Parties()


def test_how_it_refuses() -> None:
    flow = POP3Flow()
    assert flow.told_instead(events.Connected()) == events.Connected()
    assert flow.told_instead(events.Quit()) is None
    assert flow.refusal(events.Connected(), NO, OK).close
    assert flow.refusal(events.Quit(), NO, None) == NO


def test_an_answer_is_one_reply() -> None:
    flow = followed((PLAIN, OK))
    assert flow.parts(events.Quit(), OK) == [(OK, Parties(user="carol@x.test"))]


def test_only_where_messages_are_removed_a_cut_reply_keeps_from_it() -> None:
    flow = POP3Flow()
    reply = flow.cut_short(events.Quit())
    assert reply is not None and not reply.ok
    assert flow.cut_short(events.Stat()) is None
