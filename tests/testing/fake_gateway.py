"""A server that has its answers from a table: a thread for tests of the socket, a process for those of the plugin.

`python fake_gateway.py <answers.json> <asked.jsonl>` behaves as `python -m mailgate.testing` does. It needs nothing but
the standard library.
"""

from __future__ import annotations

import json
import os
import shutil
import socketserver
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

HANG_UP = "hang up"  # instead of an answer

Answers = Mapping[str, Any]
"""What to answer to each call, as the whole line has it."""


class FakeServer:
    """Listens at `path` while in its `with` block. `asked` are the calls that came, with their arguments."""

    def __init__(self, path: str, answers: Answers, asked: Callable[[str, Any], None]) -> None:
        self._server = _Server(path, _Handler)
        self._server.answers = answers
        self._server.asked = asked
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> FakeServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingUnixStreamServer):
    answers: Answers
    asked: Callable[[str, Any], None]
    daemon_threads = True


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        for line in self.rfile:
            request = json.loads(line)
            self.server.asked(request["call"], request["arguments"])
            answer = self.server.answers.get(request["call"], {"result": {}})
            if answer == HANG_UP:
                return
            if answer is not None:
                self.wfile.write(json.dumps(answer).encode() + b"\n")


def ready_line(control: str) -> dict[str, Any]:
    """What a server says when it is ready."""
    return {
        "version": "0.1.0",
        "pid": os.getpid(),
        "ports": {"smtp": {"host": "127.0.0.1", "port": 2525}, "pop3": {"host": "127.0.0.1", "port": 2110}},
        "ca_file": "/nowhere/cert.pem",
        "control": control,
    }


def main(answers_file: str, asked_file: str, *options: str) -> None:
    """Serve until the end of standard input."""
    with open(answers_file) as stream:
        answers = json.load(stream)
    directory = tempfile.mkdtemp()
    control = os.path.join(directory, "control.sock")
    with open(asked_file, "a", buffering=1) as log:

        def asked(name: str, arguments: Any) -> None:
            log.write(json.dumps([name, arguments]) + "\n")
            if name == "die":
                os._exit(3)

        asked("start", list(options))
        with FakeServer(control, answers, asked):
            print(json.dumps(ready_line(control)), flush=True)  # noqa: T201
            sys.stdin.buffer.read()
        asked("stop", {})
    shutil.rmtree(directory)


if __name__ == "__main__":
    main(*sys.argv[1:])
