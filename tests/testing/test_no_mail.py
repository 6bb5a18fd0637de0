"""What a failing test says: all that helps, and never too much."""

from __future__ import annotations

from mailgate.testing.conversation import Conversation
from mailgate.testing.no_mail import (
    SHOWN_CHARACTERS,
    SHOWN_LINES,
    NoMail,
    UnexpectedMail,
    bounded,
    shown_arrivals,
    shown_conversations,
)
from tests.testing.support import a_message, told, told_conversation


def test_no_mail_tells_what_did_arrive_and_what_was_said() -> None:
    conversation = Conversation.read(told_conversation("S: 220 hi", "C: RCPT TO:<bob@t1.example.test>"))
    arrived = [told(content=None, recipients=["bob@t1.example.test"], subject="Hello")]
    error = NoMail("no message to alice@t1.example.test within 5 s", arrived, [conversation])
    assert str(error).splitlines() == [
        "no message to alice@t1.example.test within 5 s",
        "",
        "Arrived (1, the newest last):",
        "  22:13:20.250  from app@example.test to bob@t1.example.test  'Hello'",
        "",
        "Conversations:",
        "",
        "  SMTP from 127.0.0.1 port 40000 at 22:13:20, still open",
        "  S: 220 hi",
        "  C: RCPT TO:<bob@t1.example.test>",
    ]
    assert (error.arrived, error.conversations) == (arrived, [conversation])
    assert isinstance(error, AssertionError)


def test_nothing_at_all_is_told_too() -> None:
    assert str(NoMail("no message within 5 s")).splitlines() == [
        "no message within 5 s",
        "",
        "Nothing arrived.",
        "",
        "No client connected that named an address of here.",
    ]


def test_unexpected_mail_is_shown() -> None:
    message = a_message()
    error = UnexpectedMail("no message to alice@t1.example.test was expected", message)
    assert str(error).splitlines() == [
        f"no message to alice@t1.example.test was expected, but there is {message!r}",
        "    Your code is 123456",
    ]
    assert error.message is message


def test_of_many_messages_the_newest_are_shown() -> None:
    lines = shown_arrivals([told(number, content=None, subject=str(number)) for number in range(100)]).splitlines()
    assert lines[:2] == ["Arrived (100, the newest last):", "  … 80 older ones"]
    assert len(lines) == 22
    assert lines[-1].endswith("'99'")


def test_a_bounce_and_a_removed_one_are_seen() -> None:
    shown = shown_arrivals([told(content=None, sender="", removed=True)])
    assert "from <> to" in shown
    assert shown.endswith("(removed)")


def test_of_a_long_conversation_the_end_is_shown() -> None:
    conversation = Conversation.read(told_conversation(*(f"C: NOOP {number}" for number in range(1000))))
    lines = shown_conversations([conversation]).splitlines()
    assert len(lines) == SHOWN_LINES
    assert lines[:2] == ["Conversations:", "  … 803 lines before"]
    assert lines[2] == "  C: NOOP 802"
    assert lines[-1] == "  C: NOOP 999"


def test_long_lines_and_many_are_cut() -> None:
    assert list(bounded(["x" * 1000, "y", "z"], 2)) == ["x" * SHOWN_CHARACTERS + "…", "y", "…"]
    assert list(bounded(["x", "y"], 2)) == ["x", "y"]
