"""The POP3 machine: syntax, order, and what stands on the wire."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate.pop3 import events
from mailgate.pop3.commands import COMMAND_OCTETS, VERBS, State
from mailgate.pop3.machine import POP3Machine
from mailgate.pop3.reply import Reply, negative, positive
from mailgate.wire.dots import DotReader
from mailgate.wire.output import After
from mailgate.wire.sasl import MAX_LINE_OCTETS as EXCHANGE_OCTETS
from tests.pop3.support import gather
from tests.support import result_of

OK = positive("yes")
ERR = negative("no")
ASKS = Reply(True, "", challenge="")


def fresh() -> POP3Machine:
    """A machine that has greeted."""
    machine = POP3Machine()
    assert machine.next_event() == events.Connected()
    machine.send(OK)
    return machine


def logged_in() -> POP3Machine:
    machine = fresh()
    for line in (b"USER alice\r\n", b"PASS secret\r\n"):
        say(machine, line)
        machine.send(OK)
    assert machine.state is State.TRANSACTION
    return machine


def say(machine: POP3Machine, octets: bytes) -> events.Event | None:
    machine.receive(octets)
    return machine.next_event()


def fault(event: events.Event | None) -> str:
    assert isinstance(event, events.Fault)
    assert not event.reply.ok
    return str(event.reply)


async def contents(*blocks: bytes) -> AsyncGenerator[bytes, None]:
    for block in blocks:
        yield block


# Events.


def test_the_first_event_wants_the_greeting() -> None:
    machine = POP3Machine()
    machine.receive(b"CAPA\r\n")
    assert machine.next_event() == events.Connected()
    assert machine.next_event() is None  # it waits for its reply
    assert machine.send(positive("ready")).octets == b"+OK ready\r\n"
    assert machine.next_event() == events.Capa()


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (b"STAT", events.Stat()),
        (b"LIST", events.List(None)),
        (b"LIST 2", events.List(2)),
        (b"UIDL", events.Uidl(None)),
        (b"UIDL 2", events.Uidl(2)),
        (b"RETR 1", events.Retr(1)),
        (b"RETR 007", events.Retr(7)),
        (b"RETR 0", events.Retr(0)),
        (b"RETR " + b"9" * 240, events.Retr(int("9" * 240))),
        (b"TOP 1 0", events.Top(1, 0)),
        (b"DELE 3", events.Dele(3)),
        (b"NOOP", events.Noop()),
        (b"RSET", events.Rset()),
        (b"CAPA", events.Capa()),
        (b"QUIT", events.Quit()),
        (b"stat", events.Stat()),  # RFC 1939 section 3: keywords are case-insensitive
        (b"rEtR 1", events.Retr(1)),
        (b"STAT  ", events.Stat()),  # spaces at the end are forgiven
        (b"LIST ", events.List(None)),
        (b"DELE 3 ", events.Dele(3)),
    ],
)
def test_reads_commands_of_the_transaction_state(line: bytes, event: events.Event) -> None:
    assert say(logged_in(), line + b"\r\n") == event


@pytest.mark.parametrize(
    "line",
    [
        b"STAT 1",
        b"LIST x",
        b"LIST -1",
        b"LIST +1",
        b"LIST 1 2",
        b"UIDL \xb2",
        b"UIDL \xd9\xa1",  # a digit, and not of ASCII
        b"RETR",
        b"RETR ",
        b"RETR  1",
        b"RETR -1",
        b"RETR 1.5",
        b"RETR 1\t",
        b"TOP",
        b"TOP 1",
        b"TOP 1 -1",
        b"TOP 1 2 3",
        b"DELE",
        b"NOOP 1",
        b"RSET 1",
        b"QUIT now",
        b"CAPA all",
    ],
)
def test_wrong_arguments_are_a_fault_and_the_session_goes_on(line: bytes) -> None:
    machine = logged_in()
    assert fault(say(machine, line + b"\r\n")).startswith("-ERR usage: " + line.split(b" ")[0].decode())
    machine.send(ERR)
    assert machine.state is State.TRANSACTION
    assert say(machine, b"NOOP\r\n") == events.Noop()


@pytest.mark.parametrize("line", [b"", b" ", b" STAT", b"XTND", b"STATS", b"RETR\t1", b"RETR1", b"\xff", b"EHLO x"])
def test_what_is_no_verb_is_unknown(line: bytes) -> None:
    assert fault(say(logged_in(), line + b"\r\n")) == "-ERR unknown command"


@pytest.mark.parametrize("line", [b"STAT\0", b"NO\rOP", b"NOOP\nNOOP", b"RETR 1\n"])
def test_an_unclean_line_is_one_fault(line: bytes) -> None:
    machine = logged_in()
    assert "lone CR" in fault(say(machine, line + b"\r\nNOOP\r\n"))
    machine.send(ERR)
    assert machine.next_event() == events.Noop()


@pytest.mark.parametrize(("octets", "fits"), [(COMMAND_OCTETS, True), (COMMAND_OCTETS + 1, False), (100_000, False)])
def test_a_line_longer_than_255_octets_is_one_fault(octets: int, fits: bool) -> None:
    machine = fresh()
    line = b"USER " + b"x" * (octets - 7) + b"\r\n"
    assert len(line) == octets
    event = say(machine, line + b"CAPA\r\n")
    assert isinstance(event, events.User) == fits
    assert fits or fault(event) == "-ERR line longer than 255 octets"
    machine.send(ERR)
    assert machine.next_event() == events.Capa()


def test_an_endless_line_is_not_kept() -> None:
    machine = fresh()
    for _ in range(1_000):
        assert say(machine, b"x" * 1_000) is None
        assert machine.buffered < 2_000


@pytest.mark.parametrize(
    ("line", "password"),
    [
        (b"PASS secret", b"secret"),
        (b"PASS two words ", b"two words "),  # RFC 1939 section 7: spaces are part of the password
        (b"PASS  ", b" "),
        (b"pass \xff\xfe\t", b"\xff\xfe\t"),
    ],
)
def test_a_password_is_the_rest_of_the_line(line: bytes, password: bytes) -> None:
    machine = fresh()
    say(machine, b"USER alice\r\n")
    machine.send(OK)
    assert say(machine, line + b"\r\n") == events.Pass(password)


@pytest.mark.parametrize("line", [b"PASS", b"PASS "])
def test_a_password_is_not_empty(line: bytes) -> None:
    machine = fresh()
    say(machine, b"USER alice\r\n")
    machine.send(OK)
    assert "usage: PASS" in fault(say(machine, line + b"\r\n"))


@pytest.mark.parametrize("name", [b"alice", b"alice@example.test", "jörg".encode(), b"{}%s"])
def test_a_name_is_text(name: bytes) -> None:
    assert say(fresh(), b"USER " + name + b"\r\n") == events.User(name.decode())


@pytest.mark.parametrize(
    "line",
    [
        b"USER",
        b"USER ",
        b"USER \xff",
        b"USER \xc0\x80",
        b"USER \xed\xa0\x80",
        b"USER a\x01",
        b"USER a\x7f",
    ],
)
def test_a_name_is_in_utf8_without_control_characters(line: bytes) -> None:
    assert "usage: USER name" in fault(say(fresh(), line + b"\r\n"))


@pytest.mark.parametrize(
    ("line", "name"), [(b"USER front desk", "front desk"), (b"USER a ", "a"), (b"USER a  b  ", "a  b")]
)
def test_a_name_may_have_spaces_inside(line: bytes, name: str) -> None:
    assert say(fresh(), line + b"\r\n") == events.User(name)


def test_a_password_is_never_shown() -> None:
    assert "secret" not in repr(events.Pass(b"secret"))


# Order.


@pytest.mark.parametrize("verb", [b"STAT", b"LIST", b"UIDL", b"RETR 1", b"TOP 1 1", b"DELE 1", b"NOOP", b"RSET"])
def test_the_maildrop_is_closed_before_the_login(verb: bytes) -> None:
    assert fault(say(fresh(), verb + b"\r\n")) == "-ERR log in first"


@pytest.mark.parametrize("verb", [b"USER bob", b"PASS x", b"STLS", b"AUTH", b"AUTH PLAIN x"])
def test_there_is_one_login(verb: bytes) -> None:
    assert fault(say(logged_in(), verb + b"\r\n")) == "-ERR already logged in"


def test_pass_comes_right_after_an_accepted_user() -> None:
    machine = fresh()
    assert "right after USER" in fault(say(machine, b"PASS x\r\n"))
    machine.send(ERR)
    say(machine, b"USER alice\r\n")
    machine.send(ERR)  # not accepted
    assert "right after USER" in fault(say(machine, b"PASS x\r\n"))
    machine.send(ERR)
    say(machine, b"USER alice\r\n")
    machine.send(OK)
    say(machine, b"CAPA\r\n")  # RFC 1939 section 7: immediately after
    machine.send(OK)
    assert "right after USER" in fault(say(machine, b"PASS x\r\n"))


def test_after_a_wrong_password_user_comes_again() -> None:
    machine = fresh()
    say(machine, b"USER alice\r\n")
    machine.send(OK)
    assert say(machine, b"PASS x\r\n") == events.Pass(b"x")
    machine.send(ERR)
    assert machine.state is State.AUTHORIZATION
    assert "right after USER" in fault(say(machine, b"PASS x\r\n"))


@pytest.mark.parametrize("reply", [OK, ERR])
@pytest.mark.parametrize("machine", [fresh, logged_in])
def test_quit_closes_whatever_the_reply(machine: object, reply: Reply) -> None:
    assert callable(machine)
    quitting = machine()
    assert say(quitting, b"QUIT\r\nNOOP\r\n") == events.Quit()
    assert quitting.send(reply).after is After.CLOSE
    assert say(quitting, b"NOOP\r\n") is None
    assert quitting.buffered == 0


def test_a_reply_that_closes_is_the_last() -> None:
    machine = fresh()
    say(machine, b"XXXX\r\nCAPA\r\n")
    assert machine.send(Reply(False, "enough", close=True)) == (b"-ERR enough\r\n", After.CLOSE, None)
    assert machine.next_event() is None


def test_a_reply_that_nobody_asked_for_is_a_farewell() -> None:
    machine = logged_in()
    assert machine.send(negative("stopping", code="SYS/TEMP")) == (b"-ERR [SYS/TEMP] stopping\r\n", After.CLOSE, None)
    assert say(machine, b"NOOP\r\n") is None


def test_stls_drops_what_came_behind_it_and_starts_again() -> None:
    machine = fresh()
    say(machine, b"USER alice\r\n")
    machine.send(OK)
    assert say(machine, b"STLS\r\nUSER mallory\r\nPASS x\r\nxx") == events.Stls()
    assert machine.send(OK) == (b"+OK yes\r\n", After.START_TLS, None)
    assert machine.buffered == 0
    assert machine.next_event() is None
    assert machine.state is State.AUTHORIZATION
    assert "right after USER" in fault(say(machine, b"PASS x\r\n"))


def test_after_a_refused_stls_the_session_goes_on_in_clear() -> None:
    machine = fresh()
    say(machine, b"STLS\r\nCAPA\r\n")
    assert machine.send(ERR).after is After.GO_ON
    assert machine.next_event() == events.Capa()


# AUTH (RFC 5034 section 4).


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (b"AUTH", events.Mechanisms()),
        (b"AUTH ", events.Mechanisms()),
        (b"AUTH PLAIN", events.Auth("PLAIN")),
        (b"auth plain ", events.Auth("PLAIN")),
        (b"AUTH LOGIN =", events.Auth("LOGIN", b"=")),
        (b"AUTH SCRAM-SHA-256 biws", events.Auth("SCRAM-SHA-256", b"biws")),
        (b"AUTH PLAIN \xff", events.Auth("PLAIN", b"\xff")),
    ],
)
def test_reads_auth(line: bytes, event: events.Event) -> None:
    assert say(fresh(), line + b"\r\n") == event


@pytest.mark.parametrize("line", [b"AUTH PLAIN a b", b"AUTH  PLAIN", b"AUTH PL\xc3\xa4IN", b"AUTH " + b"x" * 21])
def test_what_is_no_mechanism_is_a_fault(line: bytes) -> None:
    assert fault(say(fresh(), line + b"\r\n")) == "-ERR usage: AUTH [mechanism [initial-response]]"


def test_the_mechanisms_are_no_login() -> None:
    machine = fresh()
    say(machine, b"AUTH\r\n")
    machine.send(Reply(True, "here", lines=("PLAIN",)))
    assert machine.state is State.AUTHORIZATION


@pytest.mark.parametrize(("reply", "state"), [(OK, State.TRANSACTION), (ERR, State.AUTHORIZATION)])
def test_auth_may_end_at_once(reply: Reply, state: State) -> None:
    machine = fresh()
    say(machine, b"AUTH PLAIN x\r\n")
    machine.send(reply)
    assert machine.state is state


@pytest.mark.parametrize(("reply", "state"), [(OK, State.TRANSACTION), (ERR, State.AUTHORIZATION)])
def test_auth_asks_as_often_as_it_wants(reply: Reply, state: State) -> None:
    machine = fresh()
    assert say(machine, b"AUTH LOGIN\r\nUVVJVA==\r\nQUIT\r\nCAPA\r\n") == events.Auth("LOGIN")
    assert machine.send(ASKS) == (b"+ \r\n", After.GO_ON, None)
    assert machine.next_event() == events.Response(b"UVVJVA==")
    assert machine.send(Reply(True, "", challenge="UGFzc3dvcmQ6")).octets == b"+ UGFzc3dvcmQ6\r\n"
    assert machine.next_event() == events.Response(b"QUIT")  # no command in the midst of an exchange
    machine.send(reply)
    assert machine.state is state
    assert machine.next_event() == events.Capa()


@pytest.mark.parametrize("line", [b"", b"*", b" ", b"\xff\0", b"a\rb"])
def test_any_line_is_a_response(line: bytes) -> None:
    machine = fresh()
    say(machine, b"AUTH PLAIN\r\n")
    machine.send(ASKS)
    assert say(machine, line + b"\r\n") == events.Response(line)


@pytest.mark.parametrize(("octets", "fits"), [(EXCHANGE_OCTETS, True), (EXCHANGE_OCTETS + 1, False)])
def test_a_response_may_be_longer_than_a_command_but_not_endless(octets: int, fits: bool) -> None:
    machine = fresh()
    say(machine, b"AUTH PLAIN\r\n")
    machine.send(ASKS)
    line = b"x" * (octets - 2)
    assert say(machine, line + b"\r\nCAPA\r\n") == events.Response(line if fits else None)
    machine.send(ERR)
    assert machine.next_event() == events.Capa()


def test_auth_itself_is_a_command_with_the_length_of_one() -> None:
    line = b"AUTH PLAIN " + b"x" * 300
    assert fault(say(fresh(), line + b"\r\n")) == "-ERR line longer than 255 octets"


def test_auth_forgets_who_user_was() -> None:
    machine = fresh()
    say(machine, b"USER alice\r\n")
    machine.send(OK)
    assert say(machine, b"AUTH PLAIN x\r\n") == events.Auth("PLAIN", b"x")
    machine.send(ERR)
    assert "right after USER" in fault(say(machine, b"PASS x\r\n"))


def test_a_farewell_in_the_midst_of_auth_is_the_last() -> None:
    machine = fresh()
    say(machine, b"AUTH PLAIN\r\n")
    machine.send(ASKS)
    assert machine.send(negative("stopping")).after is After.CLOSE
    assert say(machine, b"x\r\n") is None


# LANG (RFC 6856 section 3).


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (b"LANG", events.Lang()),
        (b"LANG *", events.Lang("*")),
        (b"lang de", events.Lang("de")),
        (b"LANG de-Latn-AT ", events.Lang("de-Latn-AT")),
    ],
)
@pytest.mark.parametrize("machine", [fresh, logged_in])
def test_reads_lang_before_and_after_the_login(machine: object, line: bytes, event: events.Event) -> None:
    assert callable(machine)
    speaking = machine()
    state = speaking.state
    assert say(speaking, line + b"\r\n") == event
    speaking.send(OK)
    assert speaking.state is state


# UTF8 (RFC 6856 section 2).


@pytest.mark.parametrize("line", [b"UTF8", b"utf8 "])
def test_reads_utf8_which_leads_nowhere(line: bytes) -> None:
    machine = fresh()
    for _ in range(2):
        assert say(machine, line + b"\r\n") == events.Utf8()
        machine.send(OK)
        assert machine.state is State.AUTHORIZATION


def test_utf8_has_no_arguments() -> None:
    assert fault(say(fresh(), b"UTF8 USER\r\n")) == "-ERR usage: UTF8"


def test_utf8_comes_before_the_login() -> None:
    assert fault(say(logged_in(), b"UTF8\r\n")) == "-ERR already logged in"


def test_pass_comes_right_after_user_and_not_after_utf8() -> None:
    machine = fresh()
    say(machine, b"USER alice\r\n")
    machine.send(OK)
    assert say(machine, b"UTF8\r\n") == events.Utf8()
    machine.send(OK)
    assert "right after USER" in fault(say(machine, b"PASS x\r\n"))


@pytest.mark.parametrize("line", [b"LANG de en", b"LANG de_AT", b"LANG -", b"LANG *-DE", b"LANG \xc3\xa4", b"LANG 1"])
def test_what_is_no_language_range_is_a_fault(line: bytes) -> None:
    assert fault(say(fresh(), line + b"\r\n")) == "-ERR usage: LANG [language-range]"


# Replies.


def test_short_lines_are_stuffed_and_ended() -> None:
    machine = fresh()
    say(machine, b"CAPA\r\n")
    output = machine.send(Reply(True, "here", lines=("TOP", ".", ".x", "")))
    assert output == (b"+OK here\r\nTOP\r\n..\r\n..x\r\n\r\n.\r\n", After.GO_ON, None)


def test_a_rendered_listing_is_ended() -> None:
    machine = logged_in()
    say(machine, b"LIST\r\n")
    assert machine.send(Reply(True, "here", lines=b"1 10\r\n")).octets == b"+OK here\r\n1 10\r\n.\r\n"


def test_an_empty_listing_is_one_too() -> None:
    machine = logged_in()
    say(machine, b"LIST\r\n")
    assert machine.send(Reply(True, "here", lines=b"")).octets == b"+OK here\r\n.\r\n"


def test_a_long_listing_goes_by_block() -> None:
    machine = logged_in()
    say(machine, b"LIST\r\n")
    listing = b"".join(b"%d 10\r\n" % number for number in range(1, 50_000))
    output = machine.send(Reply(True, "here", lines=listing))
    assert output.octets == b"+OK here\r\n"

    async def longest() -> int:
        assert output.body is not None
        blocks = [block async for block in output.body]
        assert b"".join(blocks) == listing + b".\r\n"
        return max(map(len, blocks))

    assert result_of(longest()) <= 65_536 + len(b".\r\n")


@pytest.mark.parametrize("octets", [65_535, 65_536, 65_537, 131_072])
def test_a_listing_of_any_length_is_ended(octets: int) -> None:
    machine = logged_in()
    say(machine, b"LIST\r\n")
    output = machine.send(Reply(True, "here", lines=b"x" * octets))
    sent = output.octets + (b"" if output.body is None else result_of(gather(output.body)))
    assert sent == b"+OK here\r\n" + b"x" * octets + b".\r\n"


@pytest.mark.parametrize("text", ["x" * 600, "ä" * 300])
def test_the_first_line_has_512_octets_at_most(text: str) -> None:
    machine = fresh()
    say(machine, b"XXXX\r\n")
    octets = machine.send(negative("{text}", text=text)).octets
    assert 510 <= len(octets) <= 512
    assert octets.endswith(b"\r\n")
    octets.decode()


def test_a_message_that_fits_a_block_is_one_write() -> None:
    machine = logged_in()
    say(machine, b"RETR 1\r\n")
    output = machine.send(Reply(True, "here", content=contents(b"A: b\n", b"\n", b".\n")))
    assert output.octets == b""
    assert output.body is not None
    assert result_of(anext(output.body)) == b"+OK here\r\nA: b\r\n\r\n..\r\n.\r\n"


@given(st.lists(st.one_of(st.binary(), st.lists(st.sampled_from([b"\r", b"\n", b"."])).map(b"".join)), max_size=8))
def test_what_retr_sends_is_the_content_once_unstuffed(blocks: list[bytes]) -> None:
    machine = logged_in()
    say(machine, b"RETR 1\r\n")
    output = machine.send(Reply(True, "here", content=contents(*blocks)))
    assert output.body is not None
    status, _, sent = result_of(gather(output.body)).partition(b"\r\n")
    assert status == b"+OK here"
    received, rest = DotReader().feed(sent)
    assert rest == b""
    expected = b"".join(blocks).replace(b"\r\n", b"\n")
    assert received == expected + (b"" if not expected or expected.endswith(b"\n") else b"\n")


@pytest.mark.parametrize("blocks", [1, 3])
def test_the_content_is_closed_at_the_end_and_when_the_body_is_left(blocks: int) -> None:
    closed = []

    async def content() -> AsyncGenerator[bytes, None]:
        try:
            for _ in range(3):
                yield b"x" * 70_000
        finally:
            closed.append(True)

    machine = logged_in()
    say(machine, b"RETR 1\r\n")
    body = machine.send(Reply(True, "here", content=content())).body
    assert body is not None

    async def read() -> None:
        for _ in range(blocks):
            await anext(body)
        await body.aclose()

    result_of(read())
    assert closed == [True]


def test_an_error_in_the_content_breaks_the_body_off_without_its_end() -> None:
    async def content() -> AsyncGenerator[bytes, None]:
        yield b"half\n"
        raise OSError("disk")

    machine = logged_in()
    say(machine, b"RETR 1\r\n")
    body = machine.send(Reply(True, "here", content=content())).body
    assert body is not None
    with pytest.raises(OSError, match="disk"):
        result_of(gather(body))


# Invariants.

PIECES = st.one_of(
    st.sampled_from(
        [b"\r\n", b"\r", b"\n", b" ", b"USER a\r\n", b"PASS b\r\n", b"RETR 1\r\n", b"STLS\r\n", b"QUIT\r\n"]
    ),
    st.sampled_from(
        [b"AUTH PLAIN\r\n", b"AUTH LOGIN eA==\r\n", b"AUTH\r\n", b"*\r\n", b"eHh4\r\n", b"LANG de\r\n", b"UTF8\r\n"]
    ),
    st.sampled_from([*VERBS]),
    st.binary(max_size=12),
    st.just(b"x" * 300),
    st.just(b"x" * (EXCHANGE_OCTETS + 1)),
)


def answered(event: events.Event) -> Reply:
    match event:
        case events.Stls() | events.Fault() | events.Response(None | b"*"):
            return ERR
        case events.Auth(_, None) | events.Response(b"eHh4"):
            return ASKS
        case _:
            return OK


def transcript(blocks: list[bytes]) -> list[events.Event]:
    """Every event, all answered in the same way; STLS is refused, as it drops what has arrived already."""
    machine = POP3Machine()
    seen: list[events.Event] = []
    for block in [b"", *blocks]:
        machine.receive(block)
        while (event := machine.next_event()) is not None:
            assert machine.next_event() is None
            seen.append(event)
            output = machine.send(answered(event))
            assert output.octets.endswith(b"\r\n")
    return seen


@settings(max_examples=200)
@given(st.lists(PIECES, max_size=20), st.lists(st.integers(0, 300), max_size=8))
def test_fed_whole_or_by_octet_or_at_any_splits_it_is_the_same(pieces: list[bytes], cuts: list[int]) -> None:
    octets = b"".join(pieces)
    edges = [0, *sorted(min(cut, len(octets)) for cut in cuts), len(octets)]
    split = [octets[start:end] for start, end in itertools.pairwise(edges)]
    whole = transcript([octets])
    assert whole == transcript([octets[at : at + 1] for at in range(len(octets))]) == transcript(split)


@given(st.lists(st.binary(max_size=400), max_size=6))
def test_no_octets_make_it_raise(blocks: list[bytes]) -> None:
    transcript([*blocks, b"\r\n"])


def test_content_that_is_in_memory_goes_in_one_write() -> None:
    machine = logged_in()
    assert say(machine, b"RETR 1\r\n") == events.Retr(1)
    output = machine.send(positive("5 octets", content=b".a\nb"))
    assert output.octets == b"+OK 5 octets\r\n..a\r\nb\r\n.\r\n"
    assert output.body is None


# What the client said, for people.


def heard(machine: POP3Machine, reply: Reply, *lines: bytes) -> list[str]:
    """What was said, at each event; every one has the same reply."""
    machine.receive(b"".join(line + b"\r\n" for line in lines))
    seen = []
    while machine.next_event() is not None:
        seen.append(machine.said)
        machine.send(reply)
        assert machine.said == ""  # nothing waits, and nothing is kept
    return seen


def test_says_what_the_client_said() -> None:
    assert POP3Machine().said == ""
    assert heard(POP3Machine(), OK, b"CAPA", b"user alice ", b"PASS secret", b"LIST 1", b"XYZZY 1") == [
        *("", "CAPA", "user alice", "PASS ***", "LIST 1", "XYZZY ***"),
    ]


def test_never_says_a_password_whether_it_is_asked_for_or_not() -> None:
    late = [b"AUTH LOGIN", b"dXNlcg==", b"c2VjcmV0", b"PASS secret", b"pass se\0cret", b"PASS " + b"s" * 300]
    assert heard(fresh(), ERR, *late, b"AUTH PLAIN AHVzZXIAc2VjcmV0", b"AHVzZXIAc2VjcmV0", b"CAPA", b"c2VjcmV0") == [
        *("AUTH LOGIN", "***", "***", "PASS ***"),
        *("[a line with NUL, CR or LF inside]", "[a line that is too long]"),
        *("AUTH PLAIN ***", "***", "CAPA", "[not a command]"),
    ]
    assert heard(fresh(), ASKS, b"AUTH LOGIN dXNlcg==", b"c2VjcmV0", b"*") == ["AUTH LOGIN ***", "***", "*"]
