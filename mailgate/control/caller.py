"""The callers' side of the control socket: a line of JSON, and the line that comes back. Stands in commands and in
other people's test runs, and imports nothing of Twisted.

Every call has a connection of its own. So any thread may call at any time, a forked child does not talk into its
parent's calls, and who gives up waiting (Ctrl-C, a time-out of the test) takes the wait with it.
"""

from __future__ import annotations

import json
import os
import pwd
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from mailgate.short_paths import ShortPath

T = TypeVar("T")

ANSWER_SECONDS: Final = 30.0  # a server that says nothing for so long is stuck


class CallFailed(Exception):
    """The server could not do what it was asked, and said why.

    `kind` is one of bad, forbidden, missing, timeout, busy, too large, failed, unavailable; `details` is what else
    the answer had.
    """

    def __init__(self, kind: str, message: str, details: Mapping[str, Any]) -> None:
        super().__init__(f"{message} ({kind})")
        self.kind = kind
        self.message = message
        self.details = details

    def __reduce__(self) -> tuple[type[CallFailed], tuple[str, str, Mapping[str, Any]]]:
        """As it was made: `concurrent.futures` and pytest-xdist send exceptions from process to process."""
        return CallFailed, (self.kind, self.message, self.details)


class GatewayGone(Exception):
    """The server does not answer: it has ended, or is stuck. The text has what it said on its standard error."""


class NobodyThere(GatewayGone):
    """No server listens at that socket."""


@dataclass(frozen=True)
class Call(Generic[T]):
    """What to ask of the server, and how to read what it answers."""

    name: str
    arguments: Mapping[str, Any]
    read: Callable[[Any], T]
    seconds: float = 0.0  # how long the server was asked to wait


class Caller:
    """Calls the server whose control socket is at `path`.

    `last_words` tells what became of a server that does not answer.
    """

    def __init__(self, path: str, last_words: Callable[[], str], answer_seconds: float = ANSWER_SECONDS) -> None:
        self._path = path
        self._last_words = last_words
        self._answer_seconds = answer_seconds

    def ask(self, call: Call[T]) -> T:
        """What came of it. Raises `CallFailed` and `GatewayGone`."""
        request = json.dumps({"call": call.name, "arguments": call.arguments}).encode() + b"\n"
        try:
            line = self._exchange(request, call.seconds)
        except TimeoutError:
            seconds = self._answer_seconds + call.seconds
            raise self._gone(f"did not answer {call.name!r} within {seconds:g} s") from None
        except PermissionError as error:
            raise self._gone(
                f"could not be asked for {call.name!r}: {error.strerror}: {_who_may(self._path)}"
            ) from None
        except OSError as error:
            kind = NobodyThere if isinstance(error, FileNotFoundError | ConnectionRefusedError) else GatewayGone
            raise self._gone(f"could not be asked for {call.name!r}: {error}", kind) from None
        if not line.endswith(b"\n"):
            raise self._gone(f"closed the connection instead of answering {call.name!r}")
        return call.read(_result(json.loads(line)))

    def _exchange(self, request: bytes, seconds: float) -> bytes:
        with ShortPath(self._path) as path, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(path)  # before the time-out: with one, a full backlog is an error at once
            connection.settimeout(self._answer_seconds + seconds)
            connection.sendall(request)
            with connection.makefile("rb") as answers:
                return answers.readline()

    def _gone(self, what: str, kind: type[GatewayGone] = GatewayGone) -> GatewayGone:
        return kind(f"the gateway {what}\n{self._last_words()}")


def _who_may(path: str) -> str:
    """What somebody without rights at the socket `path` can do."""
    directory = os.path.dirname(os.path.abspath(path))
    try:
        owner = pwd.getpwuid(os.stat(directory).st_uid).pw_name
    except (OSError, KeyError):  # KeyError: nobody has that number any more
        return f"{directory} is not yours; run this as root, or as the user that mailgate runs as"
    if owner == "root":
        return f"{directory} belongs to root; run this as root"
    return f"{directory} belongs to {owner}; run this as that user (sudo -u {owner} ...), or as root"


def _result(answer: Mapping[str, Any]) -> Any:
    if "error" not in answer:
        return answer["result"]
    details = dict(answer["error"])
    raise CallFailed(details.pop("kind"), details.pop("message"), details)
