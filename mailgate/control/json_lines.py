"""The form of the socket's octets: a JSON object a line, in both directions.

Only LF ends a line; JSON takes a CR in front of it for white space. Knows nothing of connections.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

from mailgate.control.answering import MAX_NAME_CHARACTERS, Answer
from mailgate.control.calls import CallError, Octets

MAX_REQUEST_OCTETS: Final = 40 * 1024 * 1024  # of a line: a message of 25 MiB in base64, and room
PIECE_OCTETS: Final = 49_152  # of an answer, so much is made and written at a time; a multiple of 3, for base64


class LineBuffer:
    """Octets that have arrived and are not yet used."""

    def __init__(self, limit: int = MAX_REQUEST_OCTETS) -> None:
        """`limit` is what a line may have, in octets, without its end."""
        self._limit = limit
        self._octets = bytearray()
        self._searched = 0  # no line end is before this offset

    def __len__(self) -> int:
        return len(self._octets)

    def feed(self, data: bytes) -> None:
        """Append octets that arrived."""
        self._octets += data

    def take_line(self) -> bytearray | None:
        """The next line, without its end; None if it is not whole yet. Raises `CallError` for one that is too long,
        as soon as it is.
        """
        end = self._octets.find(b"\n", self._searched)
        self._searched = len(self._octets)
        if (self._searched if end < 0 else end) > self._limit:
            raise CallError("too large", f"a request has at most {self._limit} octets")
        if end < 0:
            return None
        line = self._octets[:end]
        del self._octets[: end + 1]
        self._searched = 0
        return line

    def take_all(self) -> bytes:
        """Whatever there is."""
        data = bytes(self._octets)
        self._octets.clear()
        self._searched = 0
        return data


def read_request(line: bytes | bytearray) -> tuple[str, Mapping[str, Any]]:
    """The call's name and its arguments. Raises `CallError` for a line that is not `{"call": …, "arguments": {…}}`."""
    request = read_object(line)
    if unknown := sorted(set(request) - {"call", "arguments"}):
        raise CallError("bad", f"a request has 'call' and 'arguments', not {unknown[0][:MAX_NAME_CHARACTERS]!r}")
    name, values = request.get("call"), request.get("arguments", {})
    if not isinstance(name, str):
        raise CallError("bad", "'call' has to be there, and to be a text")
    if not isinstance(values, dict):
        raise CallError("bad", "'arguments' has to be an object")
    return name, values


def read_object(octets: bytes | bytearray) -> dict[str, Any]:
    """A JSON object (RFC 8259, in UTF-8). Raises `CallError` for anything else."""
    try:
        value = json.loads(str(octets, "utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise CallError("bad", "this JSON is nested too deeply") from None
    except ValueError as error:
        raise CallError("bad", f"this is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise CallError("bad", "this JSON has to be an object")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")  # RFC 8259 section 6


def answer_line(answer: Answer) -> Iterator[bytes]:
    """An answer's line, piece by piece: large ones are made while they are read, and are not held twice."""
    content = answer.content
    if isinstance(content, Octets):
        yield from _octets_line(content)
    elif answer.kind is not None:
        yield content + b"\n"
    else:
        yield b'{"result": '
        for at in range(0, len(content), PIECE_OCTETS):
            yield content[at : at + PIECE_OCTETS]
        yield b"}\n"


def _octets_line(octets: Octets) -> Iterator[bytes]:
    about = json.dumps({"content_type": octets.content_type, "filename": octets.filename}).encode("ascii")
    yield b'{"result": ' + about.removesuffix(b"}") + b', "content": "'
    for at in range(0, len(octets.content), PIECE_OCTETS):
        yield base64.b64encode(octets.content[at : at + PIECE_OCTETS])
    yield b'"}}\n'
