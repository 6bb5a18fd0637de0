"""The client's machine: every reply answers something, and content goes out as it should."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import Reply
from mailgate.sending.machine import ClientMachine, Event
from mailgate.sending.replies import Fault
from tests.support import splits

GREETING = b"220 relay.example.org\r\n"


def events(machine: ClientMachine, *blocks: bytes) -> list[Event]:
    """What the machine makes of octets."""
    found = []
    for block in blocks:
        machine.receive(block)
        while (event := machine.next_event()) is not None:
            found.append(event)
    return found


def greeted() -> ClientMachine:
    machine = ClientMachine()
    assert events(machine, GREETING) == [Reply(220, "", "relay.example.org")]
    return machine


def in_content() -> ClientMachine:
    machine = greeted()
    machine.command("DATA")
    assert events(machine, b"354 go\r\n") == [Reply(354, "", "go")]
    return machine


def test_a_command_wants_a_reply() -> None:
    machine = greeted()
    assert machine.asked == ""
    assert machine.command("MAIL FROM:<é@example.org>") == "MAIL FROM:<é@example.org>\r\n".encode()
    assert machine.asked == "MAIL"
    assert events(machine, b"250 ok\r\n") == [Reply(250, "", "ok")]


def test_commands_ahead_of_their_replies() -> None:
    machine = greeted()
    for command in ("MAIL FROM:<>", "RCPT TO:<a@b>", "RCPT TO:<c@d>"):
        machine.command(command)
    replies = events(machine, b"250 a\r\n250 b\r\n550 c\r\n")
    assert [event.text for event in replies if isinstance(event, Reply)] == ["a", "b", "c"]


def test_a_command_is_one_line() -> None:
    for line in ("MAIL FROM:<a\r\nRSET>", "MAIL FROM:<a\nb>", "MAIL FROM:<a\rb>", "NOOP \0"):
        with pytest.raises(ValueError, match="not one line"):
            greeted().command(line)


def test_the_response_to_a_challenge_wants_a_reply_too() -> None:
    machine = greeted()
    assert machine.response(b"c2VjcmV0") == b"c2VjcmV0\r\n"
    assert machine.asked == "AUTH"
    assert events(machine, b"235 ok\r\n") == [Reply(235, "", "ok")]


@pytest.mark.parametrize("said", [b"250 ok\r\n", b"421 closing\r\n", b"554 no\r\n"])
def test_what_was_not_asked_for_ends_the_conversation(said: bytes) -> None:
    machine = greeted()
    (fault,) = events(machine, said + b"250 ok\r\n")
    assert fault == Fault(f"says unasked: {said.decode().strip()}")
    assert events(machine, b"250 ok\r\n") == []


def test_what_is_no_reply_ends_the_conversation() -> None:
    machine = ClientMachine()
    (fault,) = events(machine, b"HTTP/1.1 400 Bad Request\r\n220 hello\r\n")
    assert isinstance(fault, Fault) and "no reply" in fault.what


def test_one_reply_too_many() -> None:
    machine = greeted()
    machine.command("EHLO mx")
    reply, fault = events(machine, b"250 ok\r\n250 more\r\n")
    assert reply == Reply(250, "", "ok") and isinstance(fault, Fault)


# Content.


def test_content_goes_out_with_crlf_and_dots() -> None:
    machine = in_content()
    octets = machine.content(b"Subject: a\n\n.\n..") + machine.content(b"\nend") + machine.end_of_content()
    assert octets == b"Subject: a\r\n\r\n..\r\n...\r\nend\r\n.\r\n"
    assert machine.asked == "the end of the message"
    assert events(machine, b"250 2.0.0 ok\r\n") == [Reply(250, "2.0.0", "ok")]
    machine.command("QUIT")


def test_there_is_no_content_without_354() -> None:
    machine = greeted()
    machine.command("DATA")
    events(machine, b"554 no\r\n")
    with pytest.raises(AssertionError):
        machine.content(b"x")
    with pytest.raises(AssertionError):
        machine.end_of_content()


def test_there_is_no_command_in_content() -> None:
    with pytest.raises(AssertionError):
        in_content().command("QUIT")


def test_a_reply_before_the_final_dot_is_not_believed() -> None:
    machine = in_content()
    machine.content(b"x\n")
    (fault,) = events(machine, b"250 2.0.0 I have it already\r\n")
    assert isinstance(fault, Fault)


# What has come before we speak.


@given(st.data())
def test_what_lies_there_before_we_speak_is_a_fault(data: st.DataObject) -> None:
    machine = greeted()
    commands = data.draw(st.integers(0, 3))
    for _ in range(commands):
        machine.command("NOOP")
    replies = data.draw(st.integers(0, 3))
    ahead = data.draw(st.sampled_from([b"", b"2", b"250-a\r\n", b"250 a", b"250 a\r"]))
    found = events(machine, *data.draw(splits(b"250 ok\r\n" * replies + ahead)))
    said_unasked = replies > commands or (replies == commands and ahead != b"")
    assert any(isinstance(event, Fault) for event in (*found, machine.unasked())) is said_unasked
    assert len([event for event in found if isinstance(event, Reply)]) == min(replies, commands)


def test_after_a_fault_nothing_is_read() -> None:
    machine = greeted()
    machine.receive(b"2")
    assert machine.unasked() == Fault("says unasked what is not even a whole reply")
    machine.command("NOOP")
    assert events(machine, b"50 ok\r\n") == []


# TLS.


def test_tls_begins_on_a_clean_sheet() -> None:
    machine = greeted()
    machine.command("STARTTLS")
    assert len(events(machine, b"220 go\r\n")) == 1
    assert machine.begin_tls() is None
    machine.command("EHLO mx")
    assert events(machine, b"250 ok\r\n") == [Reply(250, "", "ok")]


@pytest.mark.parametrize("ahead", [b"2", b"250-a\r\n", b"250 injected\r\n"])
def test_what_comes_ahead_of_tls_is_a_fault(ahead: bytes) -> None:
    machine = greeted()
    machine.command("STARTTLS")
    machine.receive(b"220 go\r\n" + ahead)
    assert machine.next_event() == Reply(220, "", "go")
    assert machine.next_event() is None
    fault = machine.begin_tls()
    assert fault is not None and "in clear" in fault.what
    assert machine.next_event() is None  # and nothing of it is ever read


@given(st.data())
def test_it_does_not_matter_how_octets_arrive(data: st.DataObject) -> None:
    replies = data.draw(
        st.lists(st.sampled_from([b"250 ok\r\n", b"250-a\r\n250 b\r\n", b"354 go\r\n", b"hm\r\n", b"421 bye\r\n"]))
    )
    octets = GREETING + b"".join(replies) + data.draw(st.binary(max_size=4))
    commands = data.draw(st.integers(0, 5))

    def told(*blocks: bytes) -> list[Event]:
        machine = ClientMachine()
        for _ in range(commands):
            machine.command("NOOP")
        return events(machine, *blocks)

    assert told(*data.draw(splits(octets))) == told(octets) == told(*(octets[n : n + 1] for n in range(len(octets))))
