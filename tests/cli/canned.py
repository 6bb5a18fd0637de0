"""A server that answers by HTTP what a test has written down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from attrs import define, field, frozen

MESSAGE = {
    "id": "m1",
    "sender": "app@example.test",
    "recipients": ["alice@example.test", "bob@example.test"],
    "subject": "Welcome",
}


@frozen
class Asked:
    """A request."""

    path: str
    arguments: dict[str, list[str]]
    authorization: str | None


@define
class Canned:
    """One server; a path that has no answer gets 404 without JSON."""

    url: str
    answers: dict[str, tuple[int, bytes]] = field(factory=dict)
    asked: list[Asked] = field(factory=list)

    def answer(self, path: str, value: Any, status: int = 200) -> None:
        """From now on: octets as they are, all else as JSON."""
        self.answers[path] = status, value if isinstance(value, bytes) else json.dumps(value).encode()


@contextmanager
def canned() -> Iterator[Canned]:
    """A server on a free port of loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        told = Canned(f"http://127.0.0.1:{server.server_port}")
        server.canned = told  # type: ignore[attr-defined]
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        told: Canned = self.server.canned  # type: ignore[attr-defined]
        parts = urlsplit(self.path)
        told.asked.append(Asked(parts.path, parse_qs(parts.query), self.headers["Authorization"]))
        status, octets = told.answers.get(parts.path, (404, b"<html>not here</html>"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, *arguments: Any) -> None:
        """Nobody reads it."""
