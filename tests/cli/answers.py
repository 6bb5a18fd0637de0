"""A control socket whose answers a test has written down."""

from __future__ import annotations

import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from attrs import define, field

from mailgate.short_paths import ShortPath


@define
class Answers:
    """What is answered, in order, and what was asked. Behind the last answer connections are closed without one."""

    answers: list[dict[str, Any]]
    asked: list[tuple[str, dict[str, Any]]] = field(factory=list)


@contextmanager
def server(house: Path, *results: Any, error: dict[str, Any] | None = None) -> Iterator[Answers]:
    """In the state directory of that house, while the block runs: it answers with `results`, or with an error."""
    told = Answers([{"result": result} for result in results] + ([{"error": error}] if error is not None else []))

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            request = json.loads(self.rfile.readline())
            told.asked.append((request["call"], request["arguments"]))
            if told.answers:
                self.wfile.write(json.dumps(told.answers.pop(0)).encode() + b"\n")

    with ShortPath(str(house / "control.sock")) as path, socketserver.UnixStreamServer(path, Handler) as listener:
        thread = Thread(target=listener.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield told
        finally:
            listener.shutdown()
            thread.join()
            (house / "control.sock").unlink()
