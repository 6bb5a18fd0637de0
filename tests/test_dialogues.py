"""The dialogues, played in memory; tests/e2e plays them against the daemon. And the runner itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from twisted.cred.portal import Portal
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from mailgate.accounts.checker import PasswordChecker
from mailgate.accounts.domains import Domains
from mailgate.accounts.realm import Realm
from mailgate.connection import Build, ConnectionFactory
from mailgate.delivery import Delivery
from mailgate.mail import Copy
from mailgate.pop3 import personality as pop3_personality
from mailgate.pop3.server import pop3_door
from mailgate.smtp.personality import Personality
from mailgate.smtp.server import smtp_door
from mailgate.store.memory import MemoryStore
from tests.dialogues.runner import (
    Closed,
    Expect,
    Mismatch,
    Script,
    ScriptError,
    Send,
    StartTLS,
    parse,
    play,
    scripts,
)
from tests.smtp.support import HOSTNAME, World
from tests.store.support import at_once
from tests.support import Facts, a_message, result_of


class MemoryPeer:
    """A client whose server is in the same process, without a network."""

    def __init__(self, factory: ConnectionFactory[Any]) -> None:
        self._connection = factory.buildProtocol(None)
        self._transport = StringTransport()
        self._connection.makeConnection(self._transport)  # type: ignore[no-untyped-call]
        self._unread = b""

    def send(self, octets: bytes) -> None:
        self._connection.dataReceived(octets)

    def line(self) -> str:
        self._fetch()
        line, end, rest = self._unread.partition(b"\r\n")
        if not end:
            raise Mismatch(f"expected a line, got {self._unread!r}")
        self._unread = rest
        return line.decode()

    def start_tls(self) -> None:
        raise NotImplementedError("there is no TLS in memory")

    def finish(self, *, closed: bool) -> None:
        self._fetch()
        if self._unread:
            raise Mismatch(f"nobody expected {self._unread!r}")
        if self._transport.disconnecting is not closed:
            raise Mismatch("the connection is still open" if closed else "the server has closed the connection")

    def _fetch(self) -> None:
        self._unread += self._transport.value()
        self._transport.clear()


def world(script: Script) -> World:
    facts = Facts()
    submission = script.listener == "submission"
    made = World(
        Personality(
            hostname=HOSTNAME,
            listener=script.listener,
            auth_required=submission,
            starttls=True,
            allow_plaintext=script.allow_plaintext,
        ),
        facts=facts,
        delivery=Delivery(MemoryStore(), facts),
    )
    made.checker.passwords = {b"alice@example.test": b"secret", b"bob@example.test": b"secret"}
    return made


def pop3(script: Script, accounts: Path) -> Build[Any]:
    facts, store = Facts(), MemoryStore()
    for content in script.messages:
        message = a_message(content=content)
        staged = result_of(store.stage(evolve(message, fields=()), [Copy("alice@example.test")]))
        result_of(staged.commit())
    users = accounts / "example.test" / "users"
    users.parent.mkdir()
    users.write_text("alice:{PLAIN}secret\nbob:{PLAIN}secret\n")
    domains = Domains(str(accounts), lambda fault: None)
    portal = Portal(Realm(store, domains), [PasswordChecker(domains, at_once)])
    personality = pop3_personality.Personality(
        hostname=HOSTNAME, tls_available=True, allow_plaintext=script.allow_plaintext
    )
    return pop3_door(personality, portal, facts, lambda: "id", lambda: 0.0)


def door(script: Script, accounts: Path) -> Build[Any]:
    return pop3(script, accounts) if script.listener == "pop3" else smtp_door(world(script).surroundings())


IN_MEMORY = [script for script in scripts() if not script.wants_tls]


@pytest.mark.parametrize("script", IN_MEMORY, ids=lambda script: script.name)
def test_dialogue(script: Script, tmp_path: Path) -> None:
    play(script, MemoryPeer(ConnectionFactory(Clock(), None, door(script, tmp_path))))


def test_there_are_some() -> None:
    assert len(IN_MEMORY) >= 12


# The runner.

TEXT = r"""# a comment
listener: pop3
allow_plaintext: yes

S: +OK ...
C: USER alice
R: PASS a\x00b\r\n
S*: +...
S: -ERR [...] no
TLS
C:
CLOSED
"""


class Puppet:
    """A peer that says what it was given."""

    def __init__(self, *lines: str, closed: bool = False) -> None:
        self.lines = list(lines)
        self.closed = closed
        self.sent: list[bytes] = []

    def send(self, octets: bytes) -> None:
        self.sent.append(octets)

    def line(self) -> str:
        if not self.lines:
            raise Mismatch("nothing comes")
        return self.lines.pop(0)

    def start_tls(self) -> None:
        self.sent.append(b"TLS")

    def finish(self, *, closed: bool) -> None:
        if self.lines or closed is not self.closed:
            raise Mismatch("not over")


def test_a_script_is_read() -> None:
    script = parse("name", TEXT)
    assert (script.name, script.listener, script.allow_plaintext, script.wants_tls) == ("name", "pop3", True, True)
    assert script.steps == (
        (5, Expect("+OK ...")),
        (6, Send(b"USER alice\r\nPASS a\0b\r\n")),
        (8, Expect("+...", repeated=True)),
        (9, Expect("-ERR [...] no")),
        (10, StartTLS()),
        (11, Send(b"\r\n")),
        (12, Closed()),
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("C: NOOP", "listener"),
        ("listener: imap\nC: NOOP", "listener"),
        ("C: NOOP\nlistener: smtp", "line 2"),
        ("listener: smtp\nX: NOOP", "line 2: 'X'"),
        ("listener: smtp\nR: \\x0", "line 2"),
    ],
)
def test_a_script_that_is_none(text: str, complaint: str) -> None:
    with pytest.raises(ScriptError, match=complaint):
        parse("name", text)


@pytest.mark.parametrize("middle", [[], ["+one"], ["+one", "+two", "+three"]])
def test_a_script_is_played(middle: list[str]) -> None:
    puppet = Puppet("+OK hello", *middle, "-ERR [IN-USE] no", closed=True)
    play(parse("name", TEXT), puppet)
    assert puppet.sent == [b"USER alice\r\nPASS a\0b\r\n", b"TLS", b"\r\n"]


@pytest.mark.parametrize(
    ("lines", "closed", "complaint"),
    [
        ([], True, "line 5: nothing comes"),
        (["+NO"], True, "line 5: expected '.OK ...', got '.NO'"),
        (["+OK "], True, "line 8: nothing comes"),
        (["+OK ", "-ERR [x] nope"], True, "line 9"),
        (["+OK ", "-ERR [x] no", "more"], True, "at its end"),
        (["+OK ", "-ERR [x] no"], False, "at its end"),
    ],
)
def test_a_mismatch_is_told_with_its_line(lines: list[str], closed: bool, complaint: str) -> None:
    with pytest.raises(Mismatch, match=f"name, {complaint}"):
        play(parse("name", TEXT), Puppet(*lines, closed=closed))


def test_a_line_that_ended_a_repetition_must_be_expected() -> None:
    script = parse("name", "listener: smtp\nS*: 250-...")
    with pytest.raises(Mismatch, match="nobody expected '250 last'"):
        play(script, Puppet("250-first", "250 last"))
    with pytest.raises(Mismatch, match="nothing comes"):
        play(script, Puppet("250-first"))


def test_wildcards() -> None:
    assert Expect("250 ...").matches("250 anything")
    assert Expect("250 ...").matches("250 ")
    assert not Expect("250 ...").matches("250-")
    assert Expect("...[a].*").matches("x[a].*")
    assert not Expect("[a]").matches("a")
