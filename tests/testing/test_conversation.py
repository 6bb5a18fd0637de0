"""A conversation, as a test reads it."""

from __future__ import annotations

from datetime import UTC, datetime

from mailgate.testing.conversation import Conversation
from tests.testing.support import AT, told_conversation


def test_it_is_a_dialogue() -> None:
    told = told_conversation("S: 220 hi", "C: EHLO me", "-- the client hung up", ended=AT)
    conversation = Conversation.read(told)
    assert str(conversation).splitlines() == [
        "SMTP from 127.0.0.1 port 40000 at 22:13:20",
        "S: 220 hi",
        "C: EHLO me",
        "-- the client hung up",
    ]
    assert (conversation.number, conversation.tls) == (7, "")
    assert conversation.at == conversation.ended == datetime.fromtimestamp(AT, UTC)
    assert [line.speaker for line in conversation.lines] == ["server", "client", ""]


def test_one_that_lasts_is_open() -> None:
    conversation = Conversation.read(told_conversation())
    assert conversation.ended is None
    assert str(conversation).endswith(", still open")
