"""The machine: any octets, cut anywhere, are the same events; one reply each, in RFC 5321's order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mailgate.mail import Path, Reply
from mailgate.smtp import events
from mailgate.smtp.commands import SMTP, UNIMPLEMENTED, State
from mailgate.smtp.machine import (
    MAX_COMMAND_OCTETS,
    MAX_REPLY_OCTETS,
    SMTPMachine,
    render,
)
from mailgate.wire.content import ContentFault
from mailgate.wire.output import After
from tests.support import splits

OK = Reply(250, "2.0.0", "OK")
NO = Reply(550, "5.0.0", "No")
PATH = Path("a", "example.test")


def answer(event: events.Event) -> Reply:
    """A simple server: says yes, but to addresses that hold `no`; asks one question at AUTH."""
    match event:
        case events.Connected():
            return Reply(220, "", "mx")
        case events.Data():
            return Reply(354, "", "Go on")
        case events.Auth():
            return Reply(334, "", "")
        case events.Response():
            return Reply(235, "2.7.0", "Welcome")
        case events.Quit():
            return Reply(221, "2.0.0", "Bye")
        case events.StartTLS():  # what follows in clear would be forgotten, so that cutting would make a difference
            return Reply(502, "5.5.1", "Not here")
        case events.Mail() | events.Rcpt() if "no" in str(event.path):
            return NO
        case events.EndOfContent() if event.fault is not None:
            return NO
        case events.Fault():
            return event.reply
    return OK


def converse(blocks: list[bytes]) -> tuple[list[events.Event], bytes, State]:
    """All events, adjoining content joined, and all octets of the replies."""
    machine = SMTPMachine()
    seen: list[events.Event] = []
    said = b""
    for block in [b"", *blocks]:
        machine.receive(block)
        while (event := machine.next_event()) is not None:
            if isinstance(event, events.Content):
                if seen and isinstance(seen[-1], events.Content):
                    event = events.Content(seen.pop().block + event.block)  # type: ignore[union-attr]
                seen.append(event)
                continue
            seen.append(event)
            assert machine.next_event() is None  # one event, one reply
            said += machine.send(answer(event)).octets
        assert machine.buffered <= MAX_COMMAND_OCTETS
    return seen, said, machine.state


def codes(stream: bytes) -> list[int]:
    """The codes of the replies to a stream that is sent at once, without the greeting's."""
    said = converse([stream])[1]
    return [int(line[:3]) for line in said.decode().splitlines() if line[3] == " "][1:]


# Whole = byte by byte = cut anywhere.

COMMANDS = st.sampled_from(
    [
        b"EHLO client.example",
        b"HELO x",
        b"EHLO",
        b"MAIL FROM:<a@example.test>",
        b"MAIL FROM:<no@example.test> SIZE=3",
        b"MAIL FROM:<>",
        b"RCPT TO:<a@example.test>",
        b"RCPT TO:<no@example.test>",
        b"RCPT TO:<\xc3\xbc@example.test>",
        b"DATA",
        b"data now",
        b"RSET",
        b"NOOP \xff",
        b"VRFY a",
        b"HELP",
        b"QUIT",
        b"STARTTLS",
        b"AUTH PLAIN",
        b"AUTH LOGIN YQ==",
        b"*",
        b"BDAT 1 LAST",
        b"XYZZY",
        b"",
        b".",
        b"..",
        b"a\rb",
        b"a\nb",
        b"a\0b",
        b"NOOP " + b"x" * MAX_COMMAND_OCTETS,
    ]
)
ENDS = st.sampled_from([b"\r\n"] * 12 + [b"\n", b"\r", b"\r\n.\r\n", b"\r\r\n", b""])
CONTENT_START = b"EHLO x\r\nMAIL FROM:<a@example.test>\r\nRCPT TO:<a@example.test>\r\nDATA\r\n"
STREAMS = st.builds(
    lambda start, lines, garbage: start + b"".join(command + end for command, end in lines) + garbage,
    st.sampled_from([b"", b"EHLO x\r\n", CONTENT_START]),
    st.lists(st.tuples(COMMANDS, ENDS), max_size=12),
    st.one_of(st.just(b""), st.binary(max_size=30)),
)


@given(st.data(), STREAMS)
def test_cutting_changes_nothing(data: st.DataObject, stream: bytes) -> None:
    assert converse(data.draw(splits(stream))) == converse([stream])


@given(st.binary(max_size=200))
def test_any_octets_are_answered(stream: bytes) -> None:
    seen, said, _ = converse([stream])
    assert len([event for event in seen if not isinstance(event, events.Content)]) == said.count(b"\r\n")
    assert said.isascii()


def test_an_endless_line_is_answered_once_and_not_kept() -> None:
    blocks = [b"EHLO x\r\n", *[b"x" * 65_536] * 50, b"\r\nNOOP\r\n"]
    seen, _, _ = converse(blocks)
    assert [type(event) for event in seen] == [events.Connected, events.Hello, events.Fault, events.Noop]


def test_an_endless_content_is_not_kept() -> None:
    machine = SMTPMachine()
    machine.receive(CONTENT_START)
    while (event := machine.next_event()) is not None:
        machine.send(answer(event))
    for _ in range(50):
        machine.receive(b"x" * 65_536)
        assert machine.next_event() == events.Content(b"x" * 65_536)
        assert machine.next_event() is None
        assert machine.buffered == 0


# Commands.


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (b"EHLO client.example", events.Hello(True, "client.example")),
        (b"ehlo client.example  ", events.Hello(True, "client.example")),
        (b"HELO [192.0.2.1]", events.Hello(False, "[192.0.2.1]")),
        (b"Mail From:<a@example.test>", events.Mail(PATH, {})),
        (b"MAIL FROM:<a@example.test> BODY=8BITMIME\t ", events.Mail(PATH, {"BODY": "8BITMIME"})),
        (b"NOOP", events.Noop()),
        (b"NOOP \xc3\xbc", events.Noop()),
        (b"HELP me", events.Help()),
        (b"VRFY alice", events.Verify()),
        (b"RSET ", events.Reset()),
        (b"STARTTLS", events.StartTLS()),
        (b"AUTH PLAIN", events.Auth("PLAIN", None)),
        (b"QUIT", events.Quit()),
    ],
)
def test_commands(line: bytes, event: events.Event) -> None:
    assert converse([b"EHLO x\r\n" + line + b"\r\n"])[0][2] == event


@pytest.mark.parametrize(
    ("line", "code", "status"),
    [
        (b"", 500, "5.5.2"),
        (b" NOOP", 500, "5.5.2"),
        (b"NOOP\tx", 500, "5.5.2"),
        (b"X-FOO", 500, "5.5.2"),
        (b"\xff\xfe", 500, "5.5.2"),
        (b"A" * 17, 500, "5.5.2"),
        (b"NOOP\0", 500, "5.5.2"),
        (b"NO\nOP", 500, "5.5.2"),
        (b"NOOP\r", 500, "5.5.2"),
        (b"XYZZY plugh", 500, "5.5.1"),
        (b"NOOP " + b"x" * MAX_COMMAND_OCTETS, 500, "5.5.6"),
        (b"NOOP \xff", 501, "5.5.2"),
        (b"EHLO", 501, "5.5.4"),
        (b"MAIL TO:<a@example.test>", 501, "5.5.4"),
        *((verb.encode(), 502, "5.5.1") for verb in sorted(UNIMPLEMENTED)),
        (b"DATA", 503, "5.5.1"),
        (b"RCPT TO:<a@example.test>", 503, "5.5.1"),
    ],
)
def test_faults(line: bytes, code: int, status: str) -> None:
    fault = converse([b"EHLO x\r\n" + line + b"\r\n"])[0][2]
    assert isinstance(fault, events.Fault)
    assert (fault.reply.code, fault.reply.status) == (code, status)


def test_a_command_may_be_as_long_as_its_limit() -> None:
    longest = b"NOOP " + b"x" * (MAX_COMMAND_OCTETS - len(b"NOOP \r\n")) + b"\r\n"
    assert codes(longest + longest.replace(b"NOOP", b"NOOPx")) == [250, 500]


def test_verbs_and_undone_ones_are_different() -> None:
    assert not UNIMPLEMENTED & SMTP.keys()


# Order.


def test_pipelined_commands_are_answered_in_order() -> None:
    # RFC 2920 3.1
    group = CONTENT_START.replace(b"\r\nDATA", b"\r\nRCPT TO:<no@example.test>\r\nDATA")
    assert codes(group + b"Subject: x\r\n\r\n..\r\n.\r\nMAIL FROM:<a@b>\r\nQUIT\r\nNOOP\r\n") == [
        250,
        250,
        250,
        550,
        354,
        250,
        250,
        221,
    ]


def test_what_follows_quit_is_not_executed_and_not_kept() -> None:
    machine = SMTPMachine()
    machine.receive(b"QUIT\r\nNOOP\r\n")
    assert machine.next_event() == events.Connected()
    machine.send(answer(events.Connected()))
    assert machine.next_event() == events.Quit()
    assert machine.send(answer(events.Quit())) == (b"221 2.0.0 Bye\r\n", After.CLOSE, None)
    for _ in range(10):
        machine.receive(b"x" * 65_536)
    assert machine.next_event() is None
    assert machine.buffered == 0
    assert machine.state is State.CLOSED


@pytest.mark.parametrize("refused", [b"MAIL FROM:<no@example.test>\r\n", b""])
def test_data_without_a_transaction(refused: bytes) -> None:
    assert codes(b"EHLO x\r\n" + refused + b"DATA\r\n")[-1] == 503


def test_data_without_a_recipient() -> None:
    assert codes(b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<no@b>\r\nDATA\r\nRCPT TO:<a@b>\r\nDATA\r\n") == [
        250,
        250,
        550,
        554,
        250,
        354,
    ]


def test_a_refused_greeting_leaves_quit_alone() -> None:
    # RFC 5321 3.1
    machine = SMTPMachine()
    machine.next_event()
    assert machine.send(Reply(554, "5.7.1", "No")).after is After.GO_ON
    machine.receive(b"EHLO x\r\nQUIT\r\n")
    fault = machine.next_event()
    assert isinstance(fault, events.Fault) and fault.reply.code == 503
    machine.send(fault.reply)
    assert machine.next_event() == events.Quit()


def test_a_greeting_of_421_closes() -> None:
    machine = SMTPMachine()
    machine.next_event()
    assert machine.send(Reply(421, "4.7.0", "No")).after is After.CLOSE


def test_an_unasked_farewell() -> None:
    machine = SMTPMachine()
    machine.next_event()
    machine.send(answer(events.Connected()))
    machine.receive(b"half a comm")
    assert machine.next_event() is None
    assert machine.send(Reply(421, "4.4.2", "Too slow")) == (b"421 4.4.2 Too slow\r\n", After.CLOSE, None)


def test_starttls_forgets_what_was_sent_ahead() -> None:
    # RFC 3207 4.2
    machine = SMTPMachine()
    machine.receive(b"EHLO x\r\nSTARTTLS\r\nMAIL FROM:<injected@example.org>\r\nhalf")
    for _ in range(2):
        event = machine.next_event()
        assert event is not None
        machine.send(answer(event))
    assert machine.next_event() == events.StartTLS()
    assert machine.send(Reply(220, "2.0.0", "Go")).after is After.START_TLS
    assert (machine.buffered, machine.next_event(), machine.state) == (0, None, State.START)
    machine.receive(b"MAIL FROM:<a@b>\r\n")
    fault = machine.next_event()
    assert isinstance(fault, events.Fault) and fault.reply.code == 503


# Content.


def test_content_ends_at_the_dot_and_nowhere_else() -> None:
    stream = CONTENT_START + b"a\r\n.\nMAIL FROM:<evil@b>\n.\r\n\r.\r\n..b\r\n.\r\nRSET\r\n"
    seen, _, _ = converse([stream])
    assert seen[5:] == [
        events.Content(b"a\n\nMAIL FROM:<evil@b>\n.\n\r.\n.b\n"),
        events.EndOfContent(ContentFault.BARE_LF),
        events.Reset(),
    ]


def test_empty_content() -> None:
    assert converse([CONTENT_START + b".\r\n"])[0][5:] == [events.EndOfContent(None)]


def test_each_content_is_judged_for_itself() -> None:
    again = CONTENT_START.partition(b"\r\n")[2]
    seen, _, _ = converse([CONTENT_START + b"a\n\r\n.\r\n" + again + b"b\r\n.\r\n"])
    assert [event.fault for event in seen if isinstance(event, events.EndOfContent)] == [ContentFault.BARE_LF, None]


# AUTH.


def test_a_line_after_a_challenge_is_no_command() -> None:
    seen, _, _ = converse([b"EHLO x\r\nAUTH PLAIN\r\nQUIT\r\nAUTH PLAIN\r\n*\r\nNOOP\r\n"])
    assert [event for event in seen if isinstance(event, events.Response)] == [
        events.Response(b"QUIT"),
        events.Response(b"*"),
    ]
    assert seen[-1] == events.Noop()


def test_a_response_that_is_too_long() -> None:
    seen, _, _ = converse([b"EHLO x\r\nAUTH PLAIN\r\n" + b"x" * 20_000 + b"\r\nNOOP\r\n"])
    assert seen[3:] == [events.Response(None), events.Noop()]


# Replies.


@pytest.mark.parametrize(
    ("reply", "octets"),
    [
        (Reply(250, "2.0.0", "OK"), b"250 2.0.0 OK\r\n"),
        (Reply(354, "", "Go on"), b"354 Go on\r\n"),
        (Reply(334, "", ""), b"334 \r\n"),
        (Reply(250, "", "mx\nSIZE 1\nHELP"), b"250-mx\r\n250-SIZE 1\r\n250 HELP\r\n"),
        (Reply(550, "5.7.1", "a\nb"), b"550-5.7.1 a\r\n550 5.7.1 b\r\n"),  # RFC 2034 4
        (Reply(550, "5.7.1", "Grüße"), b"550 5.7.1 Gr\\xfc\\xdfe\r\n"),
        (Reply(550, "5.7.1", "a\r\nb\0\x1b\x7f"), b"550-5.7.1 a \r\n550 5.7.1 b   \r\n"),
    ],
)
def test_render(reply: Reply, octets: bytes) -> None:
    assert render(reply) == octets


@given(st.text(max_size=700), st.sampled_from([Reply(250, "", "x"), Reply(550, "5.1.1", "x")]))
def test_every_line_of_a_reply_is_one(text: str, reply: Reply) -> None:
    octets = render(Reply(reply.code, reply.status, text))
    assert octets.endswith(b"\r\n")
    lines = octets[:-2].split(b"\r\n")
    assert len(lines) == text.count("\n") + 1
    assert all(line.isascii() and line.decode().isprintable() for line in lines)
    assert max(map(len, lines)) + 2 <= MAX_REPLY_OCTETS
    assert [line[3:4] for line in lines] == [b"-"] * (len(lines) - 1) + [b" "]


# RFC 5321's order of commands, in a model of a few lines.


class Order(RuleBasedStateMachine):
    """What a session may do when: a hello first, then MAIL, then RCPT, then DATA (RFC 5321 4.1.4)."""

    def __init__(self) -> None:
        super().__init__()
        self.machine = SMTPMachine()
        self.greeted = False
        self.sender = False
        self.recipients = 0
        self.content = False

    @initialize()
    def connect(self) -> None:
        assert self.machine.next_event() == events.Connected()
        self.machine.send(answer(events.Connected()))

    def _say(self, line: bytes, kind: type, allowed: bool, reply: Reply, refusal: int = 503) -> bool:
        """Send a line; answer its event, or the fault if it is not allowed. Was it granted?"""
        self.machine.receive(line + b"\r\n")
        event = self.machine.next_event()
        if not allowed:
            assert isinstance(event, events.Fault)
            assert event.reply.code == refusal
            self.machine.send(event.reply)
            return False
        assert isinstance(event, kind)
        self.machine.send(reply)
        return reply.is_positive

    def _reset(self) -> None:
        self.sender, self.recipients = False, 0

    @precondition(lambda self: not self.content)
    @rule(extended=st.booleans(), reply=st.sampled_from([OK, NO]))
    def hello(self, extended: bool, reply: Reply) -> None:
        if self._say(b"EHLO x" if extended else b"HELO x", events.Hello, True, reply):
            self.greeted = True
            self._reset()

    @precondition(lambda self: not self.content)
    @rule(reply=st.sampled_from([OK, OK, NO]))
    def mail(self, reply: Reply) -> None:
        if self._say(b"MAIL FROM:<a@b>", events.Mail, self.greeted and not self.sender, reply):
            self.sender = True

    @precondition(lambda self: not self.content)
    @rule(reply=st.sampled_from([OK, OK, NO]))
    def rcpt(self, reply: Reply) -> None:
        if self._say(b"RCPT TO:<a@b>", events.Rcpt, self.sender, reply):
            self.recipients += 1

    @precondition(lambda self: not self.content)
    @rule(reply=st.sampled_from([Reply(354, "", "Go"), Reply(354, "", "Go"), Reply(451, "4.3.0", "No")]))
    def data(self, reply: Reply) -> None:
        refusal = 554 if self.sender and not self.recipients else 503
        if self._say(b"DATA", events.Data, self.recipients > 0, reply, refusal):
            self.content = True

    @precondition(lambda self: self.content)
    @rule(text=st.sampled_from([b"MAIL FROM:<a@b>\r\n", b"..\r\n", b"QUIT\r\n"]))
    def write(self, text: bytes) -> None:
        self.machine.receive(text)
        while (event := self.machine.next_event()) is not None:
            assert isinstance(event, events.Content)

    @precondition(lambda self: self.content)
    @rule(reply=st.sampled_from([OK, NO, Reply(452, "4.3.1", "Full")]))
    def end(self, reply: Reply) -> None:
        self.machine.receive(b"\r\n.\r\n")
        event = self.machine.next_event()
        if isinstance(event, events.Content):
            event = self.machine.next_event()
        assert event == events.EndOfContent(None)
        self.machine.send(reply)
        self.content = False
        self._reset()

    @precondition(lambda self: not self.content)
    @rule()
    def rset(self) -> None:
        assert self._say(b"RSET", events.Reset, True, OK)
        self._reset()

    @precondition(lambda self: not self.content)
    @rule(line=st.sampled_from([b"NOOP", b"HELP", b"VRFY x"]))
    def small(self, line: bytes) -> None:
        assert self._say(line, (events.Noop | events.Help | events.Verify), True, OK)  # type: ignore[arg-type]

    @precondition(lambda self: not self.content)
    @rule(line=st.sampled_from([b"", b"XYZZY", b"RSET now", b"MAIL", b"BDAT 1"]))
    def nonsense(self, line: bytes) -> None:
        self.machine.receive(line + b"\r\n")
        fault = self.machine.next_event()
        assert isinstance(fault, events.Fault)
        self.machine.send(fault.reply)

    @precondition(lambda self: not self.content)
    @rule(reply=st.sampled_from([Reply(220, "2.0.0", "Go"), NO]))
    def starttls(self, reply: Reply) -> None:
        if self._say(b"STARTTLS", events.StartTLS, self.greeted and not self.sender, reply):
            self.greeted = False

    @precondition(lambda self: not self.content)
    @rule(challenges=st.integers(0, 2), reply=st.sampled_from([Reply(235, "2.7.0", "Hi"), Reply(535, "5.7.8", "No")]))
    def auth(self, challenges: int, reply: Reply) -> None:
        asked = Reply(334, "", "")
        if not self._say(b"AUTH X", events.Auth, self.greeted and not self.sender, asked if challenges else reply):
            return
        for left in range(challenges, 0, -1):
            self._say(b"QUIT", events.Response, True, asked if left > 1 else reply)

    @invariant()
    def nothing_is_left(self) -> None:
        assert self.machine.next_event() is None
        assert self.machine.buffered == 0

    @invariant()
    def states_agree(self) -> None:
        expected = (
            State.CONTENT
            if self.content
            else State.RCPT
            if self.recipients
            else State.MAIL
            if self.sender
            else State.READY
            if self.greeted
            else State.START
        )
        assert self.machine.state is expected


Order.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestOrder = Order.TestCase
