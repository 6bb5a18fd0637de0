"""A wire without a transport: answers by verb, in order, and remembers what was said."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping

from mailgate.mail import Reply
from tests.sending.support import DEFAULTS, HOST

GREETING = Reply(220, "", f"{HOST} ESMTP")


def reply(text: str) -> Reply:
    """A reply from how it stands on a line: code, status, text."""
    code, _, rest = text.partition(" ")
    status, _, words = rest.partition(" ")
    return Reply(int(code), status, words) if status[1:2] == "." else Reply(int(code), "", rest)


class ScriptedWire:
    """`answers` by verb, "." for the final dot, "" for the greeting, "=" for a response; lists are used up."""

    def __init__(self, *keywords: str, answers: Mapping[str, str | list[str]] | None = None, name: str = HOST) -> None:
        ehlo = "250 " + "\n".join([f"{name} hello", *keywords])
        self.answers: dict[str, str | list[str]] = {
            "": f"220 {name} ESMTP",
            "EHLO": ehlo,
            **DEFAULTS,
            **(answers or {}),
        }
        self.said: list[str] = []
        self.ahead = 0  # the most commands that were sent without their replies
        self.sent = b""
        self._due: deque[str] = deque([""])

    def send(self, *commands: str) -> None:
        self.said += commands
        self._due += [command.partition(" ")[0] for command in commands]
        self.ahead = max(self.ahead, len(self._due))

    def respond(self, response: str) -> None:
        self.said.append(response)
        self._due.append("=")

    async def reply(self) -> Reply:
        return self._answer(self._due.popleft())

    async def start_tls(self) -> None:
        self.said.append("(TLS)")

    async def content(self, blocks: Generator[bytes, None, None]) -> Reply:
        self.sent = b"".join(blocks)
        return self._answer(".")

    def _answer(self, verb: str) -> Reply:
        answer = self.answers[verb]
        return reply(answer.pop(0) if isinstance(answer, list) else answer)
