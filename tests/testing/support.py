"""What the tests of this room share: messages and conversations as a server tells them, and a server in memory."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from mailgate.control.caller import Call, CallFailed
from mailgate.testing.message import Message
from mailgate.testing.ready import Ready
from tests.testing.fake_gateway import ready_line

T = TypeVar("T")

AT = 1_700_000_000.25  # 2023-11-14 22:13:20 UTC
CONTENT = b"From: app@example.test\nTo: alice@t1.example.test\nSubject: Welcome\n\nYour code is 123456\n"


def told(number: int = 1, *, content: bytes | None = CONTENT, **other: Any) -> dict[str, Any]:
    """A message as a server tells it."""
    message = {
        "id": f"{number:026}",
        "at": AT,
        "sender": "app@example.test",
        "recipients": ["alice@t1.example.test"],
        "listener": "smtp",
        "client": "127.0.0.1",
        "helo": "client.example.test",
        "tls": "",
        "user": "",
        "smtputf8": False,
        "octets": len(content or b""),
        "removed": False,
        "subject": "Welcome",
        "number": number,
    }
    if content is not None:
        message["content"] = base64.b64encode(content).decode("ascii")
    return {**message, **other}


def a_message(number: int = 1, *, content: bytes = CONTENT, **other: Any) -> Message:
    """The same, read."""
    return Message.read(told(number, content=content, **other))


def told_conversation(*lines: str, **other: Any) -> dict[str, Any]:
    """A conversation as a server tells it; the lines begin with `C: `, `S: ` or `-- `."""
    speakers = {"C:": "client", "S:": "server", "--": ""}
    return {
        "number": 7,
        "protocol": "smtp",
        "client": "127.0.0.1",
        "port": 40_000,
        "at": AT,
        "ended": None,
        "tls": "",
        "lines": [{"at": AT, "from": speakers[line[:2]], "text": line[3:]} for line in lines],
        **other,
    }


class Scripted:
    """A server in memory. `answers` has a result for each call, or what makes it of the arguments."""

    def __init__(self, **answers: Any) -> None:
        self.ready = Ready.read(ready_line("/nowhere/control.sock"))
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self._answers = answers

    def ask(self, call: Call[T]) -> T:
        self.asked.append((call.name, dict(call.arguments)))
        answer = self._answers[call.name]
        return call.read(answer(call.arguments) if isinstance(answer, Callable) else answer)  # type: ignore[arg-type]


class Arrivals:
    """A `wait` that finds what is there, and is over at once if that is not enough."""

    def __init__(self, *messages: dict[str, Any], conversations: tuple[dict[str, Any], ...] = ()) -> None:
        self._messages = messages
        self._conversations = conversations

    def __call__(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        found = [message for message in self._messages if message["number"] > arguments.get("after", 0)]
        if len(found) < arguments["count"]:
            details = {"arrived": list(self._messages), "conversations": list(self._conversations)}
            raise CallFailed("timeout", "it did not come", details)
        return {"messages": found[: arguments["count"]]}
