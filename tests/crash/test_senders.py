from __future__ import annotations

from typing import cast

import pytest

from tests.crash.messages import USERS, Plan
from tests.crash.senders import Send, chunked, pipelined, step_by_step
from tests.crash.wire import Wire

PLAN = Plan("sender-1", USERS[:2], 100, 0)
CONTENT = b"Subject: crash x-1\r\n\r\n.a dot\r\n"
MAIL = b"MAIL FROM:<sender@example.org> BODY=8BITMIME\r\n"
RCPTS = [b"RCPT TO:<%s>\r\n" % user.encode() for user in PLAN.recipients]
STUFFED = b"Subject: crash x-1\r\n\r\n..a dot\r\n.\r\n"


class Told:
    """A wire that is told: what was sent, and which replies were wanted in between."""

    def __init__(self) -> None:
        self.dialogue: list[bytes] = []

    def send(self, octets: bytes) -> None:
        self.dialogue.append(octets)

    def reply(self, code: bytes) -> None:
        self.dialogue.append(code)


def sent(way: Send, content: bytes = CONTENT) -> tuple[int, list[bytes]]:
    told = Told()
    return way(cast(Wire, told), PLAN, content), told.dialogue


def test_step_by_step() -> None:
    replies, dialogue = sent(step_by_step)
    assert dialogue == [MAIL, b"250", RCPTS[0], b"250", RCPTS[1], b"250", b"DATA\r\n", b"354", STUFFED]
    assert replies == 1


def test_pipelined() -> None:
    replies, dialogue = sent(pipelined)
    assert dialogue == [b"".join([MAIL, *RCPTS, b"DATA\r\n"]), b"250", b"250", b"250", b"354", STUFFED]
    assert replies == 1


@pytest.mark.parametrize(("octets", "chunks"), [(100, [100]), (50_000, [50_000]), (120_000, [50_000, 50_000, 20_000])])
def test_chunked(octets: int, chunks: list[int]) -> None:
    replies, dialogue = sent(chunked, b"x" * octets)
    *first, last = chunks
    commands = [b"BDAT %d\r\n%s" % (size, b"x" * size) for size in first] + [
        b"BDAT %d LAST\r\n%s" % (last, b"x" * last)
    ]
    assert dialogue == [b"".join([MAIL, *RCPTS, *commands])]
    assert replies == 3 + len(chunks)
