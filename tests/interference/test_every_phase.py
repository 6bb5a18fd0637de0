"""Every phase, and every kind of action there, at real sessions over connections."""

from __future__ import annotations

from typing import Any

import pytest

from mailgate.facts import Connected, Disconnected
from mailgate.interference import Spoken, parse_rule
from mailgate.interference.phases import PHASES
from mailgate.pop3.personality import Personality as POP3Personality
from tests.interference.support import (
    ALICE,
    AUTH_PLAIN,
    CONTENT,
    HELLO,
    MAIL,
    SUBMISSION,
    Client,
    Server,
    login,
    message,
    plain,
    rcpt,
)
from tests.smtp.support import HOSTNAME

AUTH = AUTH_PLAIN + plain() + b"\r\n"
FROM_ALICE = f"MAIL FROM:<{ALICE}>\r\n".encode()

# What a client says before a phase, and at it.
SMTP_COURSES: dict[str, tuple[list[bytes], bytes]] = {
    "connect": ([], b""),
    "helo": ([], HELLO),
    "starttls": ([HELLO], b"STARTTLS\r\n"),
    "auth": ([HELLO], AUTH),
    "mail": ([HELLO, AUTH], FROM_ALICE),
    "rcpt": ([HELLO, AUTH, FROM_ALICE], rcpt()),
    "data": ([HELLO, AUTH, FROM_ALICE, rcpt()], b"DATA\r\n"),
    "dot": ([HELLO, AUTH, FROM_ALICE, rcpt(), b"DATA\r\n"], CONTENT),
    "delivered": ([HELLO, AUTH, FROM_ALICE, rcpt(), b"DATA\r\n"], CONTENT),
    "quit": ([HELLO, AUTH, FROM_ALICE, rcpt()], b"QUIT\r\n"),
}
POP3_COURSES: dict[str, tuple[list[bytes], bytes]] = {
    "greeting": ([], b""),
    "capa": ([], b"CAPA\r\n"),
    "stls": ([], b"STLS\r\n"),
    "login": ([f"USER {ALICE}\r\n".encode()], b"PASS secret\r\n"),
    "stat": ([login()], b"STAT\r\n"),
    "list": ([login()], b"LIST\r\n"),
    "uidl": ([login()], b"UIDL\r\n"),
    "top": ([login()], b"TOP 1 1\r\n"),
    "retr": ([login()], b"RETR 1\r\n"),
    "dele": ([login()], b"DELE 1\r\n"),
    "quit": ([login(), b"DELE 1\r\n"], b"QUIT\r\n"),
    "updated": ([login(), b"DELE 1\r\n"], b"QUIT\r\n"),
}
COURSES = {"smtp": SMTP_COURSES, "pop3": POP3_COURSES}
EVERY = [(protocol, at) for protocol, phases in PHASES.items() for at in phases]


def refusal(protocol: Spoken, at: str) -> str:
    if protocol == "pop3":
        return "-ERR [SYS/TEMP] not now"
    return "421 4.3.2 not now" if at == "connect" else "454 4.3.0 not now"


def at_the_phase(protocol: Spoken, at: str, **action: Any) -> tuple[Server, Client, bytes]:
    """A client that has come to the phase, where a listener's own rule stands, and what it heard there."""
    tls = at in ("starttls", "stls")
    pop3 = POP3Personality(hostname=HOSTNAME, allow_plaintext=True, tls_available=tls)
    server = Server(smtp=SUBMISSION, pop3=pop3)
    server.put()
    rule = parse_rule({"protocol": protocol, "at": at, **action})
    client = server.smtp_stranger(rule) if protocol == "smtp" else server.pop3_client(rule)
    before, said = COURSES[protocol][at]
    if not said:
        return server, client, client.heard()
    client.heard()
    for octets in before:
        heard = client.say(octets)
        assert heard and b"-ERR" not in heard and heard[:1] not in (b"4", b"5")
    return server, client, client.say(said)


def test_there_is_a_course_to_every_phase() -> None:
    assert {protocol: list(courses) for protocol, courses in COURSES.items()} == {
        protocol: list(phases) for protocol, phases in PHASES.items()
    }


@pytest.mark.parametrize(("protocol", "at"), EVERY)
def test_a_refusal(protocol: Spoken, at: str) -> None:
    reply = refusal(protocol, at)
    server, client, heard = at_the_phase(protocol, at, reply=reply)
    assert heard == f"{reply}\r\n".encode()
    closes = {"smtp": ["connect"], "pop3": ["greeting", "quit", "updated"]}[protocol]
    assert client.is_closed is (at in closes)
    if not client.is_closed:
        assert client.say(b"NOOP\r\n")
    client.lose()
    assert server.facts.one(Connected) and server.facts.one(Disconnected)
    assert server.count() == {"delivered": 2, "updated": 0}.get(at, 1)


@pytest.mark.parametrize(("protocol", "at"), EVERY)
def test_a_drop(protocol: Spoken, at: str) -> None:
    server, client, heard = at_the_phase(protocol, at, drop=True)
    assert heard == b""
    assert client.is_closed
    assert client.say(b"NOOP\r\n") == b""
    client.lose()
    assert server.facts.one(Connected) and server.facts.one(Disconnected)
    assert server.count() == {"delivered": 2, "updated": 0}.get(at, 1)


def undisturbed(protocol: Spoken, at: str) -> bytes:
    """What is heard at the phase without faults."""
    _, _, heard = at_the_phase(protocol, at, sequence=[{}])
    assert heard
    return heard


@pytest.mark.parametrize(("protocol", "at"), EVERY)
def test_a_cut(protocol: Spoken, at: str) -> None:
    # Where it would not be heard that mail is delivered, or removed, it is not.
    kept_from = {"dot": b"451 4.3.0 On demand\r\n", "quit": b"-ERR [SYS/TEMP] On demand\r\n"}
    kept_back = at == "dot" or (protocol, at) == ("pop3", "quit")
    whole = kept_from[at] if kept_back else undisturbed(protocol, at)
    for octets in (0, 7, len(whole) + 100):
        server, client, heard = at_the_phase(protocol, at, drop_after_octets=octets)
        assert heard == whole[:octets]
        assert client.is_closed
        assert server.count() == {"delivered": 2, "updated": 0}.get(at, 1)


@pytest.mark.parametrize(("protocol", "at"), EVERY)
def test_a_delay(protocol: Spoken, at: str) -> None:
    whole = undisturbed(protocol, at)
    server, client, heard = at_the_phase(protocol, at, delay=2)
    server.clock.advance(1.9)
    assert heard == client.heard() == b""
    server.clock.advance(0.1)
    assert client.heard() == whole


@pytest.mark.parametrize(("protocol", "at"), EVERY)
def test_a_slow_reply(protocol: Spoken, at: str) -> None:
    whole = undisturbed(protocol, at)
    server, client, heard = at_the_phase(protocol, at, slow=10)
    assert heard == b""
    server.clock.pump([0.1] * 10)
    heard += client.heard()
    assert heard == whole[:10]
    server.clock.pump([0.1] * len(whole))
    assert heard + client.heard() == whole


@pytest.mark.parametrize(("protocol", "at"), EVERY)
def test_a_sequence(protocol: Spoken, at: str) -> None:
    reply = refusal(protocol, at)
    _, client, heard = at_the_phase(protocol, at, sequence=[{"reply": reply}, {}])
    if client.is_closed:
        return
    if at == "login":
        heard = client.say(login())
    elif at in ("dot", "delivered"):
        heard = client.say(message(ALICE).replace(MAIL, FROM_ALICE))
    else:
        heard = client.say(COURSES[protocol][at][1])
    assert reply.encode() not in heard
    assert b"-ERR" not in heard and b"\r\n5" not in heard and b"\r\n4" not in heard


@pytest.mark.parametrize(("protocol", "at"), EVERY)
def test_other_words(protocol: Spoken, at: str) -> None:
    codes = {"connect": 220, "starttls": 220, "auth": 235, "data": 354, "quit": 221}
    whole = undisturbed(protocol, at)
    reply = "+OK in other words" if protocol == "pop3" else f"{codes.get(at, 250)} in other words"
    _, _, heard = at_the_phase(protocol, at, reply=reply)
    first, _, rest = heard.partition(b"\r\n")
    assert first.endswith(b"in other words")
    assert rest == whole.partition(b"\r\n")[2]  # the lines and the content that follow are the real ones
