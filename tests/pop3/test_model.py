"""Any sequence of commands gets the answers of a simple model of RFC 1939, 5034 and 6856, pipelined or not."""

from __future__ import annotations

import base64
import binascii
import re

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate.wire.surrogate import Surrogate
from tests.pop3.support import PERSONALITY, house, wire_octets
from tests.pop3.test_server import Client, served

CONTENTS = st.one_of(
    st.sampled_from([b"", b"\n", b".", b"A: b\n", b"A: b\n\n.\n..\nlast", b"A: b\r\n\r\none\r\ntwo\r\n"]),
    st.sampled_from(
        [b"Subject: \xc3\xbc\n\n\xc3\xbc\n.\n", b"Subject: \xc3\xbc\r\n\r\n.a", b"To: <\xc3\xbc@\xc3\xbc>"]
    ),
    st.lists(st.sampled_from([b"a", b".", b"\n"])).map(b"".join),
)
MESSAGES = st.lists(st.tuples(CONTENTS, st.booleans()), max_size=4)  # with SMTPUTF8 or without
NUMBERS = st.sampled_from([b"0", b"1", b"2", b"3", b"4", b"5", b"-1", b"x", b"", b"99999999999999999999"])
RIGHT, OTHER, WRONG, USER, PASSWORD = (
    base64.b64encode(text)
    for text in (b"\0alice\0correct horse", b"bob\0alice\0correct horse", b"\0alice\0wrong", b"alice", b"correct horse")
)
COMMANDS = st.one_of(
    st.sampled_from([b"STAT", b"NOOP", b"RSET", b"LIST", b"UIDL", b"QUIT", b"CAPA", b"XXXX", b"STLS", b"USER alice"]),
    st.sampled_from([b"PASS correct horse", b"PASS wrong", b"USER bob"]),
    st.builds(
        lambda verb, number: verb + b" " + number, st.sampled_from([b"LIST", b"UIDL", b"retr", b"Dele"]), NUMBERS
    ),
    st.sampled_from([b"AUTH", b"AUTH PLAIN", b"auth login", b"AUTH PLAIN =", b"AUTH PLAIN ?", b"AUTH CRAM-MD5"]),
    st.sampled_from([b"AUTH PLAIN " + RIGHT, b"AUTH PLAIN " + OTHER, b"AUTH PLAIN " + WRONG, b"AUTH LOGIN " + USER]),
    st.sampled_from([RIGHT, OTHER, WRONG, USER, PASSWORD, b"*", b"", b"?"]),
    st.sampled_from([b"LANG", b"LANG de", b"lang EN", b"LANG *", b"LANG tlh", b"LANG de en", b"UTF8", b"UTF8 x"]),
    st.builds(lambda number, lines: b"TOP " + number + b" " + lines, NUMBERS, NUMBERS),
)

LOGINS = st.sampled_from(
    [
        [],
        [b"USER alice", b"PASS correct horse"],
        [b"AUTH PLAIN " + RIGHT],
        [b"AUTH PLAIN", RIGHT],
        [b"AUTH LOGIN", USER, PASSWORD],
        [b"AUTH LOGIN " + USER, PASSWORD],
        [b"UTF8", b"AUTH PLAIN " + RIGHT],
        [b"utf8", b"USER alice", b"PASS correct horse"],
    ]
)

NOTHING_DONE = {"en": b"nothing done", "de": b"nichts getan"}
OK, ERR = b"+OK", b"-ERR"
Answer = tuple[bytes, list[bytes] | None, bytes]


class Model:
    """The RFCs in the plainest way. `answer` gives status, the lines of a multi-line response, text if it is fixed."""

    def __init__(self, messages: list[tuple[bytes, bool]]) -> None:
        self.messages = dict(enumerate(messages, 1))
        self.utf8 = False
        self.marked: set[int] = set()
        self.state = "authorization"
        self.user = ""
        self.asked: list[str] = []  # what AUTH has still to hear
        self.heard: list[bytes] = []
        self.language = "en"

    def answer(self, line: bytes) -> Answer:
        if self.asked:
            return self.go_on(line)
        verb, _, rest = line.partition(b" ")
        user, self.user = self.user, ""
        match verb.upper(), self.state:
            case b"CAPA", _:
                return OK, [b"..."], b""
            case b"LANG", _:
                return self.lang(rest.decode())
            case b"QUIT", _:
                if self.state == "transaction":
                    self.messages = {n: m for n, m in self.messages.items() if n not in self.marked}
                self.state = "over"
                return OK, None, b""
            case b"UTF8", "authorization" if not rest:
                self.utf8 = True
                return OK, None, b""
            case b"USER", "authorization":
                self.user = rest.decode()
                return OK, None, b""
            case b"PASS", "authorization" if user:
                return self.log_in(user.encode(), rest)
            case b"AUTH", "authorization":
                return self.auth(rest)
            case command, "transaction":
                return self.transact(command.decode(), rest)
            case _:
                return ERR, None, b""

    def lang(self, wanted: str) -> Answer:
        if not wanted:
            return OK, [b"en English", b"de Deutsch"], b""
        if wanted.lower() not in ("en", "de", "*"):
            return ERR, None, b""
        self.language = "en" if wanted == "*" else wanted.lower()
        changed = {"en": b"en language changed", "de": b"de Sprache gewechselt"}
        return OK, None, changed[self.language]

    def log_in(self, user: bytes, password: bytes) -> Answer:
        if (user, password) != (b"alice", b"correct horse"):
            return ERR, None, b""
        self.state = "transaction"
        return OK, None, b""

    def auth(self, rest: bytes) -> Answer:
        mechanism, _, initial = rest.upper().partition(b" ")
        if not mechanism:
            return OK, [b"PLAIN", b"LOGIN"], b""
        if mechanism not in (b"PLAIN", b"LOGIN"):
            return ERR, None, b""
        self.asked = [""] if mechanism == b"PLAIN" else ["Username:", "Password:"]
        self.heard = []
        if not initial:
            return self.ask()
        return self.go_on(b"" if initial == b"=" else rest.split(b" ")[1])

    def ask(self) -> Answer:
        return b"+", None, base64.b64encode(self.asked[0].encode())

    def go_on(self, line: bytes) -> Answer:
        try:
            self.heard.append(base64.b64decode(line, validate=True))
            self.heard[-1].decode()
        except (binascii.Error, UnicodeDecodeError):
            self.asked = []
            return ERR, None, b""
        del self.asked[0]
        if self.asked:
            return self.ask()
        if len(self.heard) == 2:
            return self.log_in(*self.heard)
        parts = self.heard[0].split(b"\0")
        if len(parts) != 3 or parts[0] not in (b"", parts[1]):
            return ERR, None, b""
        return self.log_in(parts[1], parts[2])

    def transact(self, verb: str, rest: bytes) -> Answer:
        there = {
            n: surrogate(content) if smtputf8 and not self.utf8 else content
            for n, (content, smtputf8) in self.messages.items()
            if n not in self.marked
        }
        sizes = {n: wire_octets(m) for n, m in there.items()}
        if verb == "NOOP":
            return OK, None, NOTHING_DONE[self.language]
        if verb == "STAT":
            return OK, None, b"%d %d" % (len(there), sum(sizes.values()))
        if verb == "RSET":
            self.marked.clear()
            return OK, None, b""
        tell = {"LIST": lambda n: b"%d %d" % (n, sizes[n]), "UIDL": lambda n: b"%d uid-%d" % (n, n)}
        if verb in tell and not rest:
            return OK, [tell[verb](n) for n in there], b""
        words = rest.split(b" ")
        if not all(re.fullmatch(rb"[0-9]+", word) for word in words) or len(words) != (2 if verb == "TOP" else 1):
            return ERR, None, b""
        number = int(words[0])
        if number not in there:
            return ERR, None, b""
        if verb in tell:
            return OK, None, tell[verb](number)
        if verb == "DELE":
            self.marked.add(number)
            return OK, None, b""
        if verb == "RETR":
            return OK, wire_lines(there[number]), b""
        if verb == "TOP":
            return OK, top(wire_lines(there[number]), int(words[1])), b""
        return ERR, None, b""


def surrogate(content: bytes) -> bytes:
    maker = Surrogate()
    return maker.feed(content) + maker.finish()


def wire_lines(content: bytes) -> list[bytes]:
    lines = content.replace(b"\r\n", b"\n").split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


def top(lines: list[bytes], count: int) -> list[bytes]:
    header_end = lines.index(b"") + 1 if b"" in lines else len(lines)
    return lines[: header_end + count]


def read_reply(octets: bytes, multi_line: bool) -> tuple[bytes, list[bytes] | None, bytes, bytes]:
    """(status, lines with stuffing undone, text, what follows)."""
    first, _, rest = octets.partition(b"\r\n")
    status, _, text = first.partition(b" ")
    assert status in (OK, ERR, b"+")
    if not multi_line or status == ERR:
        return status, None, text, rest
    lines: list[bytes] = []
    while True:
        line, _, rest = rest.partition(b"\r\n")
        if line == b".":
            return OK, lines, text, rest
        lines.append(line.removeprefix(b"."))


@settings(max_examples=150, deadline=None)
@given(MESSAGES, LOGINS, st.lists(COMMANDS, max_size=25), st.sampled_from(["by command", "whole", "by octet"]))
def test_any_commands_get_the_models_answers(
    messages: list[tuple[bytes, bool]], login: list[bytes], commands: list[bytes], sent: str
) -> None:
    commands = [*login, *commands]
    place = house(*(content for content, _ in messages))
    place.maildrop.international = {number for number, (_, smtputf8) in enumerate(messages, 1) if smtputf8}
    client = Client(served(place, evolve(PERSONALITY, max_errors=1_000, max_login_failures=1_000)))
    client.heard()
    model = Model(messages)
    octets = b"".join(command + b"\r\n" for command in commands)
    if sent == "whole":
        heard = client.say(octets)
    elif sent == "by octet":
        heard = b"".join(client.say(octets[at : at + 1]) for at in range(len(octets)))
    for command in commands:
        if model.state == "over":
            break
        if sent == "by command":
            heard = client.say(command + b"\r\n")
        status, lines, text = model.answer(command)
        said, said_lines, said_text, heard = read_reply(heard, lines is not None)
        assert said == status, command
        if lines != [b"..."]:
            assert said_lines == lines, command
        if text:
            assert said_text == text, command
    assert place.maildrop.messages == {number: content for number, (content, _) in model.messages.items()}
    assert place.maildrop.released == (1 if model.state == "over" and place.maildrop.opened else 0)


DOTTY = st.lists(st.sampled_from([b".", b"\n", b"\r\n", b"\r", b"a"])).map(b"".join)


@settings(deadline=None)
@given(st.one_of(st.binary(), DOTTY), st.integers(1, 9))
def test_what_retr_sends_is_the_message_whatever_is_in_it(content: bytes, block_octets: int) -> None:
    client = Client(served(house(content, block_octets=block_octets)))
    client.heard()
    client.say(b"USER alice\r\nPASS correct horse\r\n")
    octets = int(client.say(b"LIST 1\r\n").split()[2])
    first, _, sent = client.say(b"RETR 1\r\n").partition(b"\r\n")
    assert first == b"+OK %d octets" % octets  # RFC 1939 section 11
    assert sent == b".\r\n" or sent.endswith(b"\r\n.\r\n")
    received = re.sub(rb"(^|\r\n)\.", rb"\1", sent[:-3])
    assert len(received) == octets
    kept = content.replace(b"\r\n", b"\n")
    assert received.replace(b"\r\n", b"\n") == kept + (b"" if kept.endswith(b"\n") or not kept else b"\n")
