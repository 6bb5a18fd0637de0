"""The machine: any octets, cut anywhere, are the same events; one reply each, in RFC 5321's order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mailgate.mail import Path, Reply
from mailgate.smtp import events
from mailgate.smtp.commands import LMTP, SMTP, UNIMPLEMENTED, State
from mailgate.smtp.machine import (
    LOST_COUNT,
    MAX_COMMAND_OCTETS,
    MAX_REPLY_OCTETS,
    SMTPMachine,
    _output,
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


def converse(blocks: list[bytes], **settings: Any) -> tuple[list[events.Event], bytes, State]:
    """All events, adjoining content joined, and all octets of the replies."""
    machine = SMTPMachine(**settings)
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
            if isinstance(event, events.Chunk):
                continue
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
        b"BDAT 0",
        b"BDAT 1 LAST",
        b"BDAT 4",
        b"bdat 20 last",
        b"BDAT 9999999999",
        b"BDAT x",
        b"BDAT",
        b"BDAT 1\0",
        b"LHLO x",
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
RCPT_START = b"EHLO x\r\nMAIL FROM:<a@example.test>\r\nRCPT TO:<a@example.test>\r\n"
CONTENT_START = b"EHLO x\r\nMAIL FROM:<a@example.test>\r\nRCPT TO:<a@example.test>\r\nDATA\r\n"
STREAMS = st.builds(
    lambda start, lines, garbage: start + b"".join(command + end for command, end in lines) + garbage,
    st.sampled_from(
        [b"", b"EHLO x\r\n", RCPT_START, CONTENT_START, b"LHLO x\r\n", RCPT_START.replace(b"EHLO", b"LHLO")]
    ),
    st.lists(st.tuples(COMMANDS, ENDS), max_size=12),
    st.one_of(st.just(b""), st.binary(max_size=30)),
)


@given(st.data(), STREAMS, st.booleans(), st.booleans())
def test_cutting_changes_nothing(data: st.DataObject, stream: bytes, lmtp: bool, normalise: bool) -> None:
    shown: dict[str, Any] = {"lmtp": lmtp, "normalise": normalise, "max_line_octets": 20}
    assert converse(data.draw(splits(stream)), **shown) == converse([stream], **shown)


@given(st.one_of(st.binary(max_size=200), STREAMS))
def test_any_octets_are_answered(stream: bytes) -> None:
    seen, said, _ = converse([stream])
    asked = [event for event in seen if not isinstance(event, events.Content | events.Chunk)]
    assert len(asked) == said.count(b"\r\n")
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
        (b"XYZZY plugh", 500, "5.5.2"),
        (b"NOOP " + b"x" * MAX_COMMAND_OCTETS, 500, "5.5.2"),
        (b"NOOP \xff", 501, "5.5.2"),
        (b"EHLO", 501, ""),
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
    assert not UNIMPLEMENTED & (SMTP.keys() | LMTP.keys())


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


def test_lines_of_content_have_the_limit_that_was_given() -> None:
    long = b"x" * 20 + b"\r\n"
    seen, _, _ = converse([CONTENT_START + long + b".\r\n"], max_line_octets=20)
    assert seen[-1] == events.EndOfContent(ContentFault.LONG_LINE)
    seen, _, _ = converse([RCPT_START + b"BDAT 22 LAST\r\n" + long], max_line_octets=20)
    assert seen[-1] == events.EndOfContent(ContentFault.LONG_LINE)


@pytest.mark.parametrize("command", [b"DATA\r\na\nb\rc\0\r\n.\r\n", b"BDAT 8 LAST\r\na\nb\rc\0\r\n"])
def test_line_ends_put_right(command: bytes) -> None:
    seen, _, _ = converse([RCPT_START + command], normalise=True)
    assert seen[-2:] == [events.Content(b"a\nb\nc\n"), events.EndOfContent(None)]


# Chunks (RFC 3030).


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"BDAT 3 LAST\r\na\r\n", [events.Chunk(3), events.Content(b"a\n"), events.EndOfContent(None)]),
        (b"BDAT 1 LAST\r\na", [events.Chunk(1), events.Content(b"a\n"), events.EndOfContent(None)]),
        (b"BDAT 0 LAST\r\n", [events.Chunk(0), events.EndOfContent(None)]),
        (b"BDAT 0\r\n", [events.Chunk(0), events.EndOfChunk(0)]),
        (
            b"bdat 2\r\na\rBDAT 1\r\n\nBDAT 0 last\r\nNOOP\r\n",
            [
                events.Chunk(2),
                events.Content(b"a"),
                events.EndOfChunk(2),
                events.Chunk(1),
                events.Content(b"\n"),
                events.EndOfChunk(1),
                events.Chunk(0),
                events.EndOfContent(None),
                events.Noop(),
            ],
        ),
        (
            b"BDAT 2 LAST\r\n\n\rQUIT\r\n",
            [
                events.Chunk(2),
                events.Content(b"\n\r\n"),
                events.EndOfContent(ContentFault.BARE_LF),
                events.Quit(),
            ],
        ),
    ],
)
def test_chunks(stream: bytes, expected: list[events.Event]) -> None:
    assert converse([RCPT_START + stream])[0][4:] == expected


CUT_SHORT = [b"", b".\r\n", b"QUIT\r\n", b"\r\n.\r\nMAIL FROM:<evil@example.org>\r\n", b"BDAT 3 LAST\r\nabc"]


@given(st.data(), st.one_of(st.sampled_from(CUT_SHORT), st.binary(max_size=60)), st.booleans())
def test_a_chunk_is_never_executed(data: st.DataObject, chunk: bytes, last: bool) -> None:
    stream = RCPT_START + b"BDAT %d%s\r\n" % (len(chunk), b" LAST" * last) + chunk + b"HELP\r\n"
    seen, said, _ = converse(data.draw(splits(stream)))
    others = [type(event) for event in seen[4:] if not isinstance(event, events.Content)]
    assert others == [events.Chunk, events.EndOfContent if last else events.EndOfChunk, events.Help]
    assert said.count(b"\r\n") == 6


# What a chunk hears that does not belong where it comes: RFC 5321 4.1.4, RFC 3030 2.
WRONG = {
    b"": b"503",
    b"EHLO x\r\n": b"503",
    b"EHLO x\r\nMAIL FROM:<a@b>\r\n": b"554",
    RCPT_START + b"BDAT 0 LAST\r\n": b"503",
    CONTENT_START + b".\r\n": b"503",
}


@given(
    st.data(),
    st.sampled_from(sorted(WRONG)),
    st.one_of(st.sampled_from(CUT_SHORT), st.binary(max_size=60)),
    st.sampled_from([b"", b" LAST"]),
)
def test_a_refused_chunk_is_thrown_away_whole(data: st.DataObject, start: bytes, chunk: bytes, last: bytes) -> None:
    wrong = b"BDAT %d%s\r\n" % (len(chunk), last) + chunk
    seen, said, _ = converse(data.draw(splits(start + wrong + wrong + b"HELP\r\n")))
    before, _, _ = converse([start])
    assert [type(event) for event in seen[len(before) :]] == [events.Fault, events.Fault, events.Help]
    assert [line[:3] for line in said.splitlines()[-3:]] == [WRONG[start], WRONG[start], b"250"]


def in_chunks(**settings: Any) -> SMTPMachine:
    """A machine with two recipients, before the first chunk."""
    machine = SMTPMachine(**settings)
    machine.receive(RCPT_START.replace(b"EHLO", b"LHLO" if settings else b"EHLO") + b"RCPT TO:<a@example.test>\r\n")
    while (event := machine.next_event()) is not None:
        machine.send(answer(event))
    return machine


def test_chunks_behind_a_failed_one_are_no_errors_of_the_client() -> None:
    machine = in_chunks()
    machine.receive(b"BDAT 1\r\naBDAT 4\r\nNOOPBDAT 4 LAST\r\nQUITBDAT 0\r\nNOOP\r\nBDAT 0\r\n")
    assert [machine.next_event() for _ in range(3)] == [events.Chunk(1), events.Content(b"a"), events.EndOfChunk(1)]
    machine.send(NO)
    excused = []
    for _ in range(3):
        fault = machine.next_event()
        assert isinstance(fault, events.Fault) and fault.reply.code == 503 and fault.times == 1
        excused.append(fault.excused)
        machine.send(fault.reply)
    assert excused == [True, True, False]  # RFC 3030 2: nothing comes after LAST
    assert machine.next_event() == events.Noop()
    machine.send(OK)
    fault = machine.next_event()
    assert isinstance(fault, events.Fault) and not fault.excused  # it has heard of it by now


@pytest.mark.parametrize("lmtp", [False, True])
def test_who_has_gone_on_has_heard_of_the_failure(lmtp: bool) -> None:
    machine = in_chunks(lmtp=True) if lmtp else in_chunks()
    machine.receive(b"BDAT 0\r\nXYZZY\r\nBDAT 0 LAST\r\n")
    assert [machine.next_event(), machine.next_event()] == [events.Chunk(0), events.EndOfChunk(0)]
    machine.send(NO)
    for _ in range(2):
        fault = machine.next_event()
        assert isinstance(fault, events.Fault)
        assert (fault.excused, fault.times) == (False, 1)
        machine.send(fault.reply)


def test_chunks_without_a_recipient_are_no_errors_either() -> None:
    seen, _, _ = converse([b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<no@b>\r\nBDAT 4\r\nNOOPBDAT 0 LAST\r\n"])
    assert [(type(event), getattr(event, "excused", None)) for event in seen[-2:]] == [(events.Fault, True)] * 2


@pytest.mark.parametrize(
    "line",
    [
        b"BDAT",
        b"BDAT x",
        b"BDAT 1 2",
        b"BDAT\t1",
        b" BDAT 1",
        b"bdat 1\0",
        b"BDAT 1\n",
        b"BDAT \xff",
        b"BDAT " + b"0" * MAX_COMMAND_OCTETS + b"6 LAST",
    ],
    ids=lambda line: repr(line[:10]),
)
@pytest.mark.parametrize("start", [b"", RCPT_START])
def test_where_nobody_can_tell_where_a_chunk_ends_the_connection_does(line: bytes, start: bytes) -> None:
    seen, said, state = converse([start + line + b"\r\nMAIL FROM:<evil@example.org>\r\n"])
    fault = seen[-1]
    assert fault == events.Fault(LOST_COUNT)
    assert said.endswith(render(LOST_COUNT))
    assert state is State.CLOSED


def test_a_long_chunk_is_not_kept() -> None:
    for start in (RCPT_START, b"EHLO x\r\n"):
        machine = SMTPMachine()
        machine.receive(start + b"BDAT 999999999999 LAST\r\n")
        while (event := machine.next_event()) is not None:
            if not isinstance(event, events.Chunk):
                machine.send(answer(event))
        for _ in range(50):
            machine.receive(b"x" * 65_536)
            while (event := machine.next_event()) is not None:
                assert event == events.Content(b"x" * 65_536)
            assert machine.buffered == 0


# LMTP (RFC 2033).


@pytest.mark.parametrize("line", [b"EHLO x", b"HELO x"])
def test_lmtp_has_no_hello_but_its_own(line: bytes) -> None:
    fault = converse([line + b"\r\n"], lmtp=True)[0][1]
    assert isinstance(fault, events.Fault)
    assert fault.reply.code == 500  # RFC 2033 4.1
    assert converse([b"LHLO x\r\n"], lmtp=True)[0][1] == events.Hello(True, "x")
    unknown = converse([b"LHLO x\r\n"])[0][1]
    assert isinstance(unknown, events.Fault) and unknown.reply.code == 500


def test_what_comes_first_is_called_by_its_name() -> None:
    for lmtp, name in ((False, "EHLO"), (True, "LHLO")):
        fault = converse([b"MAIL FROM:<a@b>\r\n"], lmtp=lmtp)[0][1]
        assert isinstance(fault, events.Fault) and name in fault.reply.text


def test_data_without_a_recipient_in_lmtp() -> None:
    # RFC 2033 4.2: MUST fail with 503
    said = converse([b"LHLO x\r\nMAIL FROM:<a@b>\r\nDATA\r\nBDAT 1\r\nx"], lmtp=True)[1]
    assert [line[:3] for line in said.splitlines()[-2:]] == [b"503", b"503"]


@pytest.mark.parametrize("content", [b"DATA\r\nx\r\n.\r\n", b"BDAT 0 LAST\r\n", b"BDAT 1\r\nxBDAT 0 LAST\r\n"])
def test_a_reply_a_recipient(content: bytes) -> None:
    machine = in_chunks(lmtp=True)
    machine.receive(content + b"NOOP\r\n")
    while not isinstance(event := machine.next_event(), events.EndOfContent):
        assert event is not None
        if not isinstance(event, events.Content | events.Chunk):
            machine.send(answer(event))
    assert machine.send((OK, NO)) == (b"250 2.0.0 OK\r\n550 5.0.0 No\r\n", After.GO_ON, None)
    assert machine.next_event() == events.Noop()
    assert machine.state is State.READY


def test_the_last_chunk_for_nobody_has_no_reply() -> None:
    # RFC 2033 4.3
    machine = SMTPMachine(lmtp=True)
    machine.receive(b"LHLO x\r\nMAIL FROM:<a@b>\r\nBDAT 4 LAST\r\nNOOPMAIL FROM:<a@b>\r\n")
    for _ in range(3):
        event = machine.next_event()
        assert event is not None
        machine.send(answer(event))
    assert machine.next_event() == events.EndOfContent(None)
    assert machine.send(()) == (b"", After.GO_ON, None)
    assert machine.state is State.READY
    assert isinstance(machine.next_event(), events.Mail)


def test_after_a_failed_chunk_the_last_one_is_answered_for_every_recipient() -> None:
    # RFC 2033 4.3: who does not wait for replies would take those of later commands for them
    machine = in_chunks(lmtp=True)
    machine.receive(b"BDAT 0\r\nBDAT 1 LAST\r\nxNOOP\r\n")
    assert [machine.next_event(), machine.next_event()] == [events.Chunk(0), events.EndOfChunk(0)]
    assert machine.send(NO).octets.count(b"\r\n") == 1
    fault = machine.next_event()
    assert isinstance(fault, events.Fault)
    assert machine.send(fault.reply).octets == render(fault.reply) * 2
    assert machine.next_event() == events.Noop()


def test_any_reply_of_several_may_say_goodbye() -> None:
    machine = in_chunks(lmtp=True)
    machine.receive(b"BDAT 0 LAST\r\n")
    assert [machine.next_event(), machine.next_event()] == [events.Chunk(0), events.EndOfContent(None)]
    assert machine.send((OK, Reply(421, "4.3.2", "Bye"))).after is After.CLOSE


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


def test_what_is_kept_of_replies_is_bounded() -> None:
    for number in range(1_000):
        assert render(Reply(250, "2.0.0", f"{number}")) == b"250 2.0.0 %d\r\n" % number
    assert _output.cache_info().currsize == 256


@given(st.text(max_size=700), st.sampled_from([Reply(250, "", "x"), Reply(550, "5.1.1", "x")]))
def test_every_line_of_a_reply_is_one(text: str, reply: Reply) -> None:
    octets = render(Reply(reply.code, reply.status, text))
    assert octets.endswith(b"\r\n")
    lines = octets[:-2].split(b"\r\n")
    assert len(lines) == text.count("\n") + 1
    assert all(line.isascii() and line.decode().isprintable() for line in lines)
    assert max(map(len, lines)) + 2 <= MAX_REPLY_OCTETS
    assert [line[3:4] for line in lines] == [b"-"] * (len(lines) - 1) + [b" "]


# The order of commands, in a model of a few lines: RFC 5321 3.3, 4.1.4; RFC 3030 2; RFC 2033 4.


class Order(RuleBasedStateMachine):
    """What a session may do when: a hello first, then MAIL, then RCPT, then DATA or chunks."""

    lmtp = False

    def __init__(self) -> None:
        super().__init__()
        self.machine = SMTPMachine(lmtp=self.lmtp)
        self.greeted = False
        self.sender = False
        self.recipients = 0
        self.content = False
        self.chunks = False  # has the transaction begun to come in chunks?
        self.failed_for = 0  # recipients of the transaction of which a chunk has just failed

    @initialize()
    def connect(self) -> None:
        assert self.machine.next_event() == events.Connected()
        self.machine.send(answer(events.Connected()))

    def _say(self, line: bytes, kind: Any, allowed: bool, reply: Reply, refusal: int = 503) -> bool:
        """Send a line; answer its event, or the fault if it is not allowed. Was it granted?"""
        self.machine.receive(line + b"\r\n")
        self.failed_for = 0
        event = self.machine.next_event()
        if not allowed:
            assert isinstance(event, events.Fault)
            assert (event.reply.code, event.excused) == (refusal, False)
            assert self.machine.send(event.reply).octets == render(event.reply)
            return False
        assert isinstance(event, kind)
        assert self.machine.send(reply).octets == render(reply)
        return reply.is_positive

    def _reset(self) -> None:
        self.sender, self.recipients, self.chunks = False, 0, False

    @precondition(lambda self: not self.content)
    @rule(verb=st.sampled_from([b"EHLO x", b"HELO x", b"LHLO x"]), reply=st.sampled_from([OK, NO]))
    def hello(self, verb: bytes, reply: Reply) -> None:
        if self._say(verb, events.Hello, (verb == b"LHLO x") is self.lmtp, reply, 500):
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
        if self._say(b"RCPT TO:<a@b>", events.Rcpt, self.sender and not self.chunks, reply):
            self.recipients += 1

    @precondition(lambda self: not self.content)
    @rule(reply=st.sampled_from([Reply(354, "", "Go"), Reply(354, "", "Go"), Reply(451, "4.3.0", "No")]))
    def data(self, reply: Reply) -> None:
        refusal = 554 if self.sender and not self.recipients and not self.lmtp else 503
        if self._say(b"DATA", events.Data, self.recipients > 0 and not self.chunks, reply, refusal):
            self.content = True

    @precondition(lambda self: self.content)
    @rule(text=st.sampled_from([b"MAIL FROM:<a@b>\r\n", b"..\r\n", b"QUIT\r\n", b"BDAT 0 LAST\r\n"]))
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
        self._answer_content(reply)
        self.content = False

    def _answer_content(self, reply: Reply) -> None:
        times = self.recipients if self.lmtp else 1
        assert self.machine.send((reply,) * times).octets == render(reply) * times
        self._reset()

    @precondition(lambda self: not self.content)
    @rule(
        chunk=st.sampled_from([b"", b"\r\n", b"QUIT\r\n.\r\n", b"x" * 70_000]),
        last=st.booleans(),
        reply=st.sampled_from([OK, OK, NO]),
    )
    def bdat(self, chunk: bytes, last: bool, reply: Reply) -> None:
        self.machine.receive(b"BDAT %d%s\r\n" % (len(chunk), b" LAST" * last) + chunk)
        if not self.recipients:
            self._misplaced_chunk(last)
            return
        assert self.machine.next_event() == events.Chunk(len(chunk))
        while isinstance(event := self.machine.next_event(), events.Content):
            pass
        assert event == (events.EndOfContent(None) if last else events.EndOfChunk(len(chunk)))
        if last:
            self._answer_content(reply)
            return
        assert self.machine.send(reply).octets == render(reply)
        if reply.is_positive:
            self.chunks = True
        else:
            self.failed_for = self.recipients
            self._reset()

    def _misplaced_chunk(self, last: bool) -> None:
        event = self.machine.next_event()
        if self.lmtp and last and self.sender:
            assert event == events.EndOfContent(None)
            self._answer_content(OK)  # not at all
            return
        assert isinstance(event, events.Fault)
        assert event.reply.code == (554 if self.sender and not self.lmtp else 503)
        assert event.excused is (self.sender or self.failed_for > 0)
        times = self.failed_for if self.lmtp and last and self.failed_for else 1
        assert self.machine.send(event.reply).octets == render(event.reply) * times
        if last:
            self.failed_for = 0

    @precondition(lambda self: not self.content)
    @rule()
    def rset(self) -> None:
        assert self._say(b"RSET", events.Reset, True, OK)
        self._reset()

    @precondition(lambda self: not self.content)
    @rule(line=st.sampled_from([b"NOOP", b"HELP", b"VRFY x"]))
    def small(self, line: bytes) -> None:
        assert self._say(line, events.Noop | events.Help | events.Verify, True, OK)

    @precondition(lambda self: not self.content)
    @rule(line=st.sampled_from([b"", b"XYZZY", b"RSET now", b"MAIL"]))
    def nonsense(self, line: bytes) -> None:
        self.machine.receive(line + b"\r\n")
        self.failed_for = 0
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
        places = [
            (self.content, State.CONTENT),
            (self.chunks, State.CHUNKS),
            (self.recipients > 0, State.RCPT),
            (self.sender, State.MAIL),
            (self.greeted, State.READY),
        ]
        assert self.machine.state is next((state for there, state in places if there), State.START)


class LMTPOrder(Order):
    """The same in LMTP."""

    lmtp = True


Order.TestCase.settings = LMTPOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestOrder = Order.TestCase
TestLMTPOrder = LMTPOrder.TestCase


# What the client said, for people.


def heard(*lines: bytes, **settings: Any) -> list[str]:
    """What was said, at each event that is no content."""
    machine = SMTPMachine(**settings)
    machine.receive(b"".join(line + b"\r\n" for line in lines))
    seen = []
    while (event := machine.next_event()) is not None:
        if not isinstance(event, events.Content):
            seen.append(machine.said)
        if not isinstance(event, events.Content | events.Chunk):
            machine.send(answer(event))
            assert machine.said == ""  # nothing waits, and nothing is kept
    return seen


def test_says_what_the_client_said() -> None:
    lines = [b"EHLO client.example ", b"mail from:<a@example.test>", b"RCPT TO:<a@b", b"RSET", b"XYZZY 1"]
    assert heard(*lines) == [
        "",
        "EHLO client.example ",
        "mail from:<a@example.test>",
        "RCPT TO:<a@b",
        "RSET",
        "XYZZY ***",
    ]


def test_content_is_no_command() -> None:
    begin = [b"EHLO x", b"MAIL FROM:<a@example.test>", b"RCPT TO:<a@example.test>"]
    assert heard(*begin, b"DATA", b"NOOP", b".", b"NOOP 1")[4:] == ["DATA", "", "NOOP 1"]
    assert heard(*begin, b"BDAT 6", b"NOOP", b"BDAT 2 LAST", b"", b"NOOP 1")[4:] == [
        *("BDAT 6", ""),  # the chunk begins and ends
        *("BDAT 2 LAST", ""),
        "NOOP 1",
    ]
    assert heard(b"EHLO x", b"BDAT 6", b"NOOP", b"NOOP 1")[2:] == ["BDAT 6", "NOOP 1"]  # a chunk that is refused


def test_of_lines_that_cannot_be_it_says_only_what_is_wrong() -> None:
    assert heard(b"AUTH PLAIN " + b"A" * MAX_COMMAND_OCTETS, b"PASS a\0b", b"PASS x") == [
        "",
        "[a line that is too long]",
        "[a line with NUL, CR or LF inside]",
        "PASS ***",
    ]


@pytest.mark.parametrize("state", [[], [b"EHLO x"], [b"EHLO x", b"MAIL FROM:<a@example.test>"]])
@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([b"AUTH PLAIN AHVzZXIAc2VjcmV0", b"NOOP"], ["AUTH PLAIN ***"]),
        ([b"AUTH PLAIN", b"AHVzZXIAc2VjcmV0"], ["AUTH PLAIN", "***"]),
        ([b"AUTH LOGIN", b"dXNlcg==", b"c2VjcmV0"], ["AUTH LOGIN", "***", "***"]),
        ([b"AUTH LOGIN dXNlcg==", b"c2VjcmV0"], ["AUTH LOGIN ***", "***"]),
        ([b"AUTH what is it", b"c2VjcmV0"], ["AUTH what ***", "***"]),
    ],
)
def test_never_says_a_password_whether_it_is_asked_for_or_not(
    state: list[bytes], lines: list[bytes], said: list[str]
) -> None:
    assert heard(*state, *lines)[len(state) + 1 :][: len(said)] == said


def test_cancelling_is_no_secret() -> None:
    assert heard(b"EHLO x", b"AUTH PLAIN", b"*", b"NOOP")[2:] == ["AUTH PLAIN", "*", "NOOP"]
