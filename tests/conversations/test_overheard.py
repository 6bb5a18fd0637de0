"""Whole sessions at real doors: what is remembered is what went over the wire, and no password."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from attrs import evolve
from twisted.internet.task import Clock

from mailgate.conversations import Conversations, overheard
from mailgate.mail import BLOCK_OCTETS
from mailgate.smtp.personality import Personality
from mailgate.smtp.server import smtp_door
from mailgate.wire.output import Output
from tests.conversations.support import NOW, one, pop3_client, smtp_client, texts
from tests.pop3.support import PERSONALITY, house
from tests.smtp.support import HOSTNAME, World, submission
from tests.support import outcome_of, result_of, started

PASSWORD = "correct horse"


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_whole_smtp_session() -> None:
    conversations = Conversations()
    client = smtp_client(conversations)
    client.say(
        "EHLO client", "MAIL FROM:<app@corp.test>", "RCPT TO:<alice@a.example.test>", "RCPT TO:<nobody@corp.test>"
    )
    client.say("DATA", "Subject: hi", "", "..", ".", "QUIT")
    client.hang_up()
    lines = one(conversations, "a")
    assert lines[0].startswith(f"S: 220 {HOSTNAME}")
    assert lines[1:3] == ["C: EHLO client", f"S: 250-{HOSTNAME} at your service"]
    at = lines.index("C: MAIL FROM:<app@corp.test>")
    assert lines[at + 1].startswith("S: 250 2.1.0")
    recipients = ["C: RCPT TO:<alice@a.example.test>", "C: RCPT TO:<nobody@corp.test>"]
    assert lines[at + 2 : at + 8 : 2] == [*recipients, "C: DATA"]
    assert lines[at + 5] == "S: 550 5.1.1 Nobody has that name"
    assert lines[at + 8] == "C: [18 octets of content]"
    assert lines[at + 9].startswith("S: 250 2.0.0")
    assert lines[at + 10] == "C: QUIT"
    assert lines[-1] == "-- closed by the gateway"
    assert texts(conversations.of("", 0.0)[0]) == lines[: at + 2] + lines[at + 4 :]  # corp.test is everybody's
    assert conversations.of("b", 0.0) == ()


def test_one_namespace_does_not_see_the_others_recipients() -> None:
    conversations = Conversations()
    client = smtp_client(conversations)
    client.say("EHLO client", "MAIL FROM:<app@corp.test>", "RCPT TO:<alice@a.example.test>")
    client.say("RCPT TO:<no.such@b.example.test>", "RCPT TO:<bob@b.example.test>", "DATA", "", "hi", ".")
    (seen_by_a,), (seen_by_b,) = conversations.of("a"), conversations.of("b")
    assert "b.example.test" not in str(seen_by_a) and "550" not in str(seen_by_a)
    assert "a.example.test" not in str(seen_by_b) and "550" in str(seen_by_b)
    for seen in (seen_by_a, seen_by_b):
        assert {"C: MAIL FROM:<app@corp.test>", "C: DATA", "C: [6 octets of content]"} <= set(texts(seen))
        assert texts(seen)[-1].endswith("accepted")
    assert conversations.of("") == ()  # the sender alone does not make it everybody's


def test_what_lmtp_says_to_each_recipient_is_his() -> None:
    conversations = Conversations()
    client = smtp_client(conversations, Personality(hostname=HOSTNAME, lmtp=True, listener="lmtp"))
    client.say("LHLO client", "MAIL FROM:<app@corp.test>")
    client.say("RCPT TO:<no@a.example.test>", "RCPT TO:<alice@a.example.test>", "RCPT TO:<bob@b.example.test>")
    client.say("DATA", "", "hi", ".", "NOOP")
    for namespace, mine, theirs in (("a", "alice@a.", "b.example"), ("b", "bob@b.", "a.example")):
        lines = one(conversations, namespace)
        assert any(line.startswith("S: 250") and mine in line for line in lines)
        assert theirs not in str(lines)
        assert lines[-2] == "C: NOOP"


def test_a_listener_of_ones_own() -> None:
    conversations = Conversations()
    door = overheard(smtp_door(World().surroundings()), conversations, "smtp", lambda: NOW, "a")
    door("192.0.2.1", 4321)
    assert len(conversations.of("a")) == 1
    assert conversations.of("b") == conversations.of("") == ()


def test_chunks() -> None:
    conversations = Conversations()
    client = smtp_client(conversations)
    client.say("EHLO client", "MAIL FROM:<>", "RCPT TO:<alice@a.example.test>")
    client.say("BDAT 13", "Subject: hi", "BDAT 5 LAST", "", "end")
    lines = one(conversations, "a")
    at = lines.index("C: BDAT 13")
    assert lines[at + 1] == "C: [13 octets of content]"
    assert lines[at + 3 : at + 5] == ["C: BDAT 5 LAST", "C: [5 octets of content]"]


def test_tests_that_share_a_connection_see_each_its_own() -> None:
    conversations = Conversations()
    client = smtp_client(conversations)
    client.say("EHLO client")
    for name in ("a", "b"):
        client.say(f"MAIL FROM:<app@{name}.example.test>", f"RCPT TO:<alice@{name}.example.test>", "DATA", name, ".")
        client.say("RSET")
    for name, other in (("a", "b"), ("b", "a")):
        lines = one(conversations, name)
        assert f"C: MAIL FROM:<app@{name}.example.test>" in lines
        assert not any(f"{other}.example.test" in line for line in lines)
        assert lines.count("C: RSET") == 2
        assert lines.count("C: [3 octets of content]") == 1
    conversations.clear("a")
    assert conversations.of("a", 0.0) == ()
    assert len(conversations.of("b", 0.0)) == 1


def test_a_session_that_names_nobody_is_shown_to_all_who_were_there() -> None:
    conversations, clock = Conversations(), Clock()
    client = smtp_client(conversations, clock=clock)
    client.say("EHLO client")
    clock.advance(5.0)
    client.hang_up()
    assert one(conversations, "a", NOW + 5.0)[-1] == "-- closed by the client, or lost"
    assert conversations.of("a", NOW + 6.0) == ()


def test_lmtp_has_a_line_for_each_recipient() -> None:
    conversations = Conversations()
    client = smtp_client(conversations, Personality(hostname=HOSTNAME, listener="lmtp", lmtp=True))
    client.say("LHLO client", "MAIL FROM:<>", "RCPT TO:<alice@a.example.test>", "RCPT TO:<bob@a.example.test>")
    client.say("DATA", "hi", ".")
    lines = one(conversations, "a")
    at = lines.index("C: [4 octets of content]")
    assert [line[:6] for line in lines[at + 1 :]] == ["S: 250", "S: 250"]


def test_a_farewell_that_nobody_asked_for() -> None:
    conversations, clock = Conversations(), Clock()
    client = smtp_client(conversations, clock=clock)
    clock.advance(100_000.0)
    client.hang_up()
    assert one(conversations)[1:] == ["S: 421 4.4.2 Out of time", "-- closed by the gateway, out of time"]


# POP3.


def test_a_whole_pop3_session() -> None:
    conversations = Conversations()
    message = b"Subject: hi\n\n" + b"x" * 69 + b"\n"
    client = pop3_client(conversations, message, message)
    client.say("CAPA", "USER alice", f"PASS {PASSWORD}", "LIST", "UIDL 1")
    heard = client.say("RETR 1")
    client.say("TOP 1 0", "RETR 3", "QUIT")
    client.hang_up()
    lines = one(conversations)
    assert lines[1:3] == ["C: CAPA", "S: +OK capabilities follow"]
    at = lines.index("C: USER alice")
    assert lines[at + 1 : at + 4] == ["S: +OK send the password", "C: PASS ***", "S: +OK 2 messages (172 octets)"]
    listed = lines.index("C: LIST")
    assert lines[listed + 1 : listed + 5] == ["S: +OK 2 messages (172 octets)", "S: 1 86", "S: 2 86", "S: ."]
    assert lines[-11:-4] == [
        *("C: RETR 1", "S: +OK 86 octets", f"S: [{len(heard) - len('+OK 86 octets') - 2} octets]"),
        *("C: TOP 1 0", "S: +OK top of message follows", "S: [18 octets]"),
        "C: RETR 3",
    ]
    assert lines[-3:] == ["C: QUIT", "S: +OK pop.example.test POP3 server signing off", "-- closed by the gateway"]


def test_a_large_message_is_counted_while_the_client_reads_it() -> None:
    conversations = Conversations()
    of = house(b"x" * 100 * BLOCK_OCTETS, block_octets=BLOCK_OCTETS)
    client = pop3_client(conversations, of=of)
    client.say("USER alice", f"PASS {PASSWORD}")
    assert one(conversations)[-1] == f"S: +OK 1 message ({100 * BLOCK_OCTETS + 2} octets)"
    client.transport.patience = 3 * BLOCK_OCTETS
    client.say("RETR 1")
    client.hang_up()
    sent = 3 * BLOCK_OCTETS  # three blocks, the first of them with the first line
    assert one(conversations)[-4:] == [
        "C: RETR 1",
        f"S: +OK {100 * BLOCK_OCTETS + 2} octets",
        f"S: [{sent:,} octets, without an end]",
        "-- closed by the client, or lost",
    ]


def test_a_session_belongs_to_the_user_that_was_named() -> None:
    conversations = Conversations()
    client = pop3_client(conversations)
    client.say("USER alice@a.example.test", "PASS wrong")
    assert one(conversations, "a")[-1] == "S: -ERR [AUTH] wrong name or password"
    assert conversations.of("b", 0.0) == conversations.of("", 0.0) == ()


# Nothing secret.

PLAIN = base64_of(f"\0alice\0{PASSWORD}")
USER, SECRET = base64_of("alice"), base64_of(PASSWORD)
LOGINS = [
    [f"AUTH PLAIN {PLAIN}"],
    ["AUTH PLAIN", PLAIN],
    ["AUTH LOGIN", USER, SECRET],
    [f"AUTH LOGIN {USER}", SECRET],
    [f"auth plain {PLAIN}", PLAIN],
    [f"AUTH {PLAIN}", PLAIN],
    [f"AUTH LOGIN {USER} {SECRET}", SECRET, f"PASS {PASSWORD}"],
    ["AUTH CRAM-MD5", PLAIN, SECRET],
    ["USER alice", f"PASS {PASSWORD}"],
    [f"PASS {PASSWORD}", f"pass  {PASSWORD}", f" PASS {PASSWORD}", f"PASS{PASSWORD}", f"PASS {PASSWORD}\0"],
]


@pytest.mark.parametrize("lines", LOGINS)
@pytest.mark.parametrize("allow_plaintext", [True, False])  # False: the client is refused, and may not wait for that
@pytest.mark.parametrize("protocol", ["smtp", "pop3"])
def test_no_password_is_kept(protocol: str, allow_plaintext: bool, lines: list[str]) -> None:
    conversations = Conversations()
    if protocol == "smtp":
        client = smtp_client(conversations, submission(allow_plaintext=allow_plaintext))
        client.say("EHLO client")
    else:
        of = house(personality=evolve(PERSONALITY, allow_plaintext=allow_plaintext))
        client = pop3_client(conversations, of=of)
    client.say(*lines)
    client.hang_up()
    (conversation,) = conversations.of("", 0.0)
    kept = conversation.as_text() + repr(conversation) + str(conversation.as_json())
    assert lines[0].split(" ", 1)[0].strip().upper()[:4] in kept.upper()
    assert "***" in kept or "not a command" in kept
    for secret in (PASSWORD, PLAIN, SECRET, *PASSWORD.split()):
        assert secret not in kept


# What is decorated.


class Script:
    """A machine and a session that do as they are told, and keep what they are asked."""

    buffered = 3
    said = ""
    at_rest = True

    def __init__(self, output: Output) -> None:
        self.output = output
        self.calls: list[Any] = []

    def receive(self, data: bytes) -> None:
        self.calls.append(data)

    def next_event(self) -> object | None:
        return None

    def send(self, reply: object) -> Output:
        self.calls.append(reply)
        return self.output

    def seconds_left(self, silent_seconds: float) -> float:
        return silent_seconds + 1

    async def answer(self, event: object) -> object:
        return event

    def secured(self, tls: str) -> None:
        self.calls.append(tls)

    def farewell(self, ending: str) -> str:
        return ending

    def lost(self) -> None:
        self.calls.append("lost")

    def ended(self, reason: str, octets_in: int, octets_out: int) -> None:
        self.calls.append((reason, octets_in, octets_out))


def test_everything_goes_through_unchanged() -> None:
    conversations = Conversations()
    script = Script(Output(b"250 OK\r\n"))
    machine, session = overheard(lambda client, port: (script, script), conversations, "smtp", lambda: NOW)("::1", 1)
    assert machine.buffered == 3
    assert machine.said == ""  # type: ignore[attr-defined]
    machine.receive(b"x")
    assert machine.next_event() is None
    assert machine.send("reply") is script.output
    assert session.seconds_left(1.0) == 2.0
    assert session.at_rest
    assert result_of(session.answer("event")) == "event"
    assert session.farewell("stopped") == "stopped"
    session.secured("TLSv1.3 X")
    session.lost()
    session.ended("lost", 1, 2)
    assert script.calls == [b"x", "reply", "TLSv1.3 X", "lost", ("lost", 1, 2)]
    (conversation,) = conversations.of("", 0.0)
    assert (conversation.client, conversation.port, conversation.protocol) == ("::1", 1, "smtp")
    assert texts(conversation) == ["S: 250 OK", "-- TLS begun: TLSv1.3 X", "-- closed by the client, or lost"]


def test_a_body_that_breaks_off_is_closed_and_its_beginning_noted() -> None:
    closed: list[bool] = []

    async def blocks() -> AsyncGenerator[bytes, None]:
        try:
            yield b"250-first\r\n250 se"
            raise OSError("the disk")
        finally:
            closed.append(True)

    conversations = Conversations()
    script = Script(Output(b"", body=blocks()))
    machine, _ = overheard(lambda client, port: (script, script), conversations, "smtp", lambda: NOW)("::1", 1)
    body = machine.send("reply").body
    assert body is not None
    assert result_of(anext(body)) == b"250-first\r\n250 se"
    with pytest.raises(OSError, match="the disk"):
        outcome_of(started(anext(body)))
    assert closed == [True]
    assert one(conversations) == ["S: 250-first", "S: 250 se"]


def test_there_are_two_protocols() -> None:
    with pytest.raises(KeyError):
        overheard(lambda client, port: (None, None), Conversations(), "imap", lambda: NOW)  # type: ignore[arg-type, return-value]
