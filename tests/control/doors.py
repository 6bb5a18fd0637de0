"""What the tests of both doors share: functions to call, a client each."""

from __future__ import annotations

import http.client
import io
import json
from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from mailgate.control.calls import Arguments, CallError, Functions, Octets
from mailgate.control.site import APISite

SOME_ID = "01hf7yat00some0error0id000"
FULL_OCTETS = 65_536  # as Twisted's transports: what is written beyond pauses the producer


def new_id() -> str:
    return SOME_ID


class Desk:
    """Functions that know nothing of mail, and what became of those that wait."""

    def __init__(self) -> None:
        self.waiting: list[Deferred[Any]] = []
        self.cancelled = 0
        self.says_when_cancelled: str | None = None
        self.octets = Octets(b"octets")

    async def echo(self, arguments: Arguments) -> Any:
        return {"got": arguments._values}

    async def wait(self, arguments: Arguments) -> Any:
        waits: Deferred[Any] = Deferred(self._cancel)
        self.waiting.append(waits)
        return await waits

    def _cancel(self, waits: Deferred[Any]) -> None:
        self.cancelled += 1
        if self.says_when_cancelled is not None:
            waits.callback(self.says_when_cancelled)

    async def give_octets(self, arguments: Arguments) -> Octets:
        return self.octets

    async def refuse(self, arguments: Arguments) -> Any:
        raise CallError("busy", "a session has it open", maildrops=["alice@example.test"])

    async def fail(self, arguments: Arguments) -> Any:
        raise RuntimeError("the secret inside")

    async def give_nonsense(self, arguments: Arguments) -> Any:
        return {"time": float("nan")}

    def functions(self, **more: str) -> Functions:
        """By these names, and by more of them: `name="echo"`."""
        own = ("echo", "wait", "give_octets", "refuse", "fail", "give_nonsense")
        return {name: getattr(self, of) for name, of in {**{name: name for name in own}, **more}.items()}


class Wire(StringTransport):
    """A transport that asks for a pause, and ends it, as Twisted's own do."""

    was_cut = False

    def abortConnection(self) -> None:
        self.was_cut = True

    def write(self, data: bytes) -> None:
        super().write(data)  # type: ignore[no-untyped-call]
        if self.producer is not None and len(self.value()) > FULL_OCTETS:  # type: ignore[no-untyped-call]
            self.producer.pauseProducing()

    def take(self) -> bytes:
        """The client reads what there is."""
        data: bytes = self.value()  # type: ignore[no-untyped-call]
        self.clear()  # type: ignore[no-untyped-call]
        if self.producer is not None:
            self.producer.resumeProducing()
        return data

    @property
    def is_read_from(self) -> bool:
        return bool(self.producerState == "producing")


class _Stream(io.BytesIO):
    def close(self) -> None:
        """What the answer's reader has left is looked at afterwards."""


class HTTPAnswer:
    """An answer as a stranger has read it, to the last octet."""

    def __init__(self, octets: bytes, method: str) -> None:
        self._file = _Stream(octets)
        response = http.client.HTTPResponse(self, method=method)  # type: ignore[arg-type]
        response.begin()
        self.status = response.status
        self.fields = response.headers
        self.fields_text = octets.partition(b"\r\n\r\n")[0].decode("ascii")
        self.body = response.read()
        assert not self._file.read(), "there is more than this answer"

    def makefile(self, mode: str) -> io.BytesIO:
        return self._file

    @property
    def json(self) -> Any:
        assert self.fields["Content-Type"] == "application/json; charset=utf-8"
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.json["error"]
        return error


class HTTPClient:
    """A connection to a site."""

    def __init__(self, site: APISite) -> None:
        self.wire = Wire()  # type: ignore[no-untyped-call]
        self.channel = site.buildProtocol(None)
        self.channel.makeConnection(self.wire)

    def send(self, method: str, path: str, fields: Mapping[str, str] | None = None, body: bytes | None = None) -> None:
        """Send a request; `fields` besides Host, and in its place."""
        lines = {"Host": "localhost:8025", **(fields or {})}
        if body is not None:
            lines.setdefault("Content-Length", str(len(body)))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.raw(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + (body or b""))

    def raw(self, octets: bytes) -> None:
        self.channel.dataReceived(octets)

    def answer(self, method: str = "GET") -> HTTPAnswer:
        """What has been answered; there has to be one."""
        return HTTPAnswer(self.wire.take(), method)

    def ask(
        self, method: str, path: str, fields: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> HTTPAnswer:
        self.send(method, path, fields, body)
        return self.answer(method)

    def leave(self) -> None:
        self.channel.connectionLost(Failure(ConnectionDone()))
