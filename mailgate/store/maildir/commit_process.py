"""The committing process: fulfils the orders of one gateway, and ends with it.

Started by `apart.Apart`, which has the other end of the socket that is our standard input. What it does for a batch is
what the gateway's own thread would do. It ends when the socket does, after the batch that it is at: whoever stops a
whole service sends signals to us too, while messages are still on their way here, so signals do not end it.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from functools import partial
from typing import Any, Final

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer

from mailgate.store.maildir import frames
from mailgate.store.maildir.commit import Job, commit
from mailgate.store.maildir.disk import Disk
from mailgate.store.maildir.layout import Layout
from mailgate.store.maildir.staging import Writer
from mailgate.store.maildir.syncing import Syncing, Way

_IGNORED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve(connection: socket.socket) -> None:
    """Answer batch after batch, until the other end is closed. Raises OSError."""
    said: list[tuple[str, str]] = []
    observer = _Overheard(said)
    globalLogPublisher.addObserver(observer)
    try:
        root, node, way = frames.receive(connection)
        work = _Work(root, node, way)
        frames.send(connection, ())  # ready
        while True:
            batch = frames.receive(connection)
            frames.send(connection, (work.done(batch), work.is_as_whole, tuple(said)))
            said.clear()
    except (EOFError, ConnectionError):
        return
    finally:
        globalLogPublisher.removeObserver(observer)


class _Work:
    def __init__(self, root: str, node: str, way: Way) -> None:
        self._disk = Disk()
        self._syncing = Syncing(root, self._disk, way)
        self._writer = Writer(Layout(root, self._disk), self._disk, node, time.time)

    @property
    def is_as_whole(self) -> bool:
        return self._syncing.is_as_whole()

    def done(self, batch: Any) -> tuple[tuple[Any, ...], ...]:
        return tuple(map(frames.from_outcome, commit(self._disk, self._syncing, [self._job(sent) for sent in batch])))

    def _job(self, sent: Any) -> Job:
        order = frames.to_order(sent)
        return Job(partial(self._writer.fulfil, order), len(order.heads))


@implementer(ILogObserver)
class _Overheard:
    """Adds what the gateway's log is to have: level and text."""

    def __init__(self, said: list[tuple[str, str]]) -> None:
        self._said = said

    def __call__(self, event: LogEvent) -> None:
        level = event.get("log_level")
        if level is not None and level >= LogLevel.warn:  # how files are synced, the gateway has said already
            self._said.append((level.name, formatEvent(event)))


def main() -> None:
    """Serve whoever started us."""
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as connection:
        serve(connection)


if __name__ == "__main__":
    main()
