"""Any sequence of commands gets the answers of a simple model of RFC 1939, however it is cut and pipelined."""

from __future__ import annotations

import re

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pop3.support import PERSONALITY, house, wire_octets
from tests.pop3.test_server import Client, served

MESSAGES = st.lists(
    st.one_of(
        st.sampled_from([b"", b"\n", b".", b"A: b\n", b"A: b\n\n.\n..\nlast", b"A: b\r\n\r\none\r\ntwo\r\n"]),
        st.lists(st.sampled_from([b"a", b".", b"\n"])).map(b"".join),
    ),
    max_size=4,
)
NUMBERS = st.sampled_from([b"0", b"1", b"2", b"3", b"4", b"5", b"-1", b"x", b"", b"99999999999999999999"])
COMMANDS = st.one_of(
    st.sampled_from([b"STAT", b"NOOP", b"RSET", b"LIST", b"UIDL", b"QUIT", b"CAPA", b"XXXX", b"STLS", b"USER alice"]),
    st.sampled_from([b"PASS correct horse", b"PASS wrong", b"USER bob"]),
    st.builds(
        lambda verb, number: verb + b" " + number, st.sampled_from([b"LIST", b"UIDL", b"retr", b"Dele"]), NUMBERS
    ),
    st.builds(lambda number, lines: b"TOP " + number + b" " + lines, NUMBERS, NUMBERS),
)


class Model:
    """RFC 1939 in the plainest way. `answer` gives the status, then the lines of a multi-line response."""

    def __init__(self, messages: list[bytes]) -> None:
        self.messages = dict(enumerate(messages, 1))
        self.marked: set[int] = set()
        self.state = "authorization"
        self.user = ""

    def answer(self, line: bytes) -> tuple[bool, list[bytes] | None, bytes]:
        """(ok, lines, text where the RFC fixes it)."""
        verb, _, rest = line.partition(b" ")
        user, self.user = self.user, ""
        match verb.upper(), self.state:
            case b"CAPA", _:
                return True, [b"..."], b""
            case b"QUIT", _:
                if self.state == "transaction":
                    self.messages = {n: m for n, m in self.messages.items() if n not in self.marked}
                self.state = "over"
                return True, None, b""
            case b"USER", "authorization":
                self.user = rest.decode()
                return True, None, b""
            case b"PASS", "authorization" if (user, rest) == ("alice", b"correct horse"):
                self.state = "transaction"
                return True, None, b""
            case command, "transaction":
                return self.transact(command.decode(), rest)
            case _:
                return False, None, b""

    def transact(self, verb: str, rest: bytes) -> tuple[bool, list[bytes] | None, bytes]:
        there = {n: m for n, m in self.messages.items() if n not in self.marked}
        sizes = {n: wire_octets(m) for n, m in there.items()}
        if verb == "NOOP":
            return True, None, b""
        if verb == "STAT":
            return True, None, b"%d %d" % (len(there), sum(sizes.values()))
        if verb == "RSET":
            self.marked.clear()
            return True, None, b""
        tell = {"LIST": lambda n: b"%d %d" % (n, sizes[n]), "UIDL": lambda n: b"%d uid-%d" % (n, n)}
        if verb in tell and not rest:
            return True, [tell[verb](n) for n in there], b""
        words = rest.split(b" ")
        if not all(re.fullmatch(rb"[0-9]+", word) for word in words) or len(words) != (2 if verb == "TOP" else 1):
            return False, None, b""
        number = int(words[0])
        if number not in there:
            return False, None, b""
        if verb in tell:
            return True, None, tell[verb](number)
        if verb == "DELE":
            self.marked.add(number)
            return True, None, b""
        if verb == "RETR":
            return True, wire_lines(there[number]), b""
        if verb == "TOP":
            return True, top(wire_lines(there[number]), int(words[1])), b""
        return False, None, b""


def wire_lines(content: bytes) -> list[bytes]:
    lines = content.replace(b"\r\n", b"\n").split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


def top(lines: list[bytes], count: int) -> list[bytes]:
    header_end = lines.index(b"") + 1 if b"" in lines else len(lines)
    return lines[: header_end + count]


def read_reply(octets: bytes, multi_line: bool) -> tuple[bool, list[bytes] | None, bytes, bytes]:
    """(ok, lines with stuffing undone, text, what follows)."""
    first, _, rest = octets.partition(b"\r\n")
    status, _, text = first.partition(b" ")
    assert status in (b"+OK", b"-ERR")
    if not multi_line or status == b"-ERR":
        return status == b"+OK", None, text, rest
    lines: list[bytes] = []
    while True:
        line, _, rest = rest.partition(b"\r\n")
        if line == b".":
            return True, lines, text, rest
        lines.append(line.removeprefix(b"."))


@settings(max_examples=150, deadline=None)
@given(MESSAGES, st.booleans(), st.lists(COMMANDS, max_size=25), st.booleans())
def test_any_commands_get_the_models_answers(
    messages: list[bytes], log_in: bool, commands: list[bytes], pipelined: bool
) -> None:
    if log_in:
        commands = [b"USER alice", b"PASS correct horse", *commands]
    place = house(*messages)
    client = Client(served(place, evolve(PERSONALITY, max_errors=1_000, max_login_failures=1_000)))
    client.heard()
    model = Model(messages)
    if pipelined:
        heard = client.say(b"".join(command + b"\r\n" for command in commands))
    for command in commands:
        if model.state == "over":
            break
        if not pipelined:
            heard = client.say(command + b"\r\n")
        ok, lines, text = model.answer(command)
        said, said_lines, said_text, heard = read_reply(heard, lines is not None)
        assert said == ok, command
        if lines != [b"..."]:
            assert said_lines == lines, command
        if text:
            assert said_text == text, command
    assert place.maildrop.messages == model.messages
    assert place.maildrop.released == (1 if model.state == "over" and place.maildrop.opened else 0)
