"""Commits batches in a process of its own, for as long as that works; else here.

A batch is some hundred short calls of the system. Made by a thread, each of them gives the interpreter's lock away and
waits to have it again, while the reactor does the same: with 20 recipients to a message the two spent two thirds of
their time so. A process has a lock of its own, and a processor where there are several.

What goes there is small and written there; whatever is in files already is named here, by the caller's thread. When the
process dies, what had names of its batch is brought to its end and the rest is committed here (`remains`), as all
batches are until there is a new one: no client notices.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from attrs import frozen
from twisted.logger import Logger, LogLevel

from mailgate.failures import NotCommitted, StoreError
from mailgate.store.maildir import frames
from mailgate.store.maildir.commit import Job, Outcome
from mailgate.store.maildir.committer import Run
from mailgate.store.maildir.disk import Disk
from mailgate.store.maildir.layout import Layout
from mailgate.store.maildir.order import Order
from mailgate.store.maildir.remains import Remains
from mailgate.store.maildir.syncing import Way

REST_SECONDS: Final = 60.0  # how long to do without, after one has died or could not be started
_BUFFER_OCTETS: Final = 1 << 20  # asked for, so that a batch goes at once; the system may give less

log = Logger(namespace="mailgate.store")


@frozen
class Process:
    """A committing process, and our end of the socket."""

    connection: socket.socket
    program: subprocess.Popen[bytes]

    def end(self, *, kill: bool = False) -> None:
        """Let it finish what it is at, or `kill` it; blocks until it is gone."""
        if kill:
            self.program.kill()
        self.connection.close()
        self.program.wait()


Start = Callable[[], Process]


def start_process(module: str = "mailgate.store.maildir.commit_process") -> Process:
    """Start one, which is not awaited; it runs `module`. Raises OSError."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_OCTETS)
            # It is to import what we did, wherever that came from, and nothing from the current directory.
            environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(os.path.isabs, sys.path))}
            command = [sys.executable, "-P", "-m", module]
            program = subprocess.Popen(command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=environment)
            return Process(ours, program)
        except BaseException:
            ours.close()
            raise


class Apart:
    """A committer's `Run`. All but `close` and `is_as_whole` is for its thread alone."""

    def __init__(
        self,
        layout: Layout,
        disk: Disk,
        node: str,
        way: Way,
        here: Run,
        start: Start,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """`here` commits what does not go to the process, which `start` starts, when our own is called."""
        self.is_as_whole: bool | None = None  # as `Syncing` has it, there; None: not known
        self._remains = Remains(layout, disk)
        self._hello = (layout.root, node, way)
        self._here = here
        self._start = start
        self._timer = timer
        self._process: Process | None = None
        self._is_ready = False
        self._was_lone = True  # the last batch was one copy of one message
        self._rest_until: float | None = None

    def start(self) -> None:
        """Start the process, which takes its time, and does not keep us waiting."""
        try:
            self._process = self._start()
        except OSError as error:
            self._rest(f"cannot be started: {error.strerror or error}")
            return
        try:
            frames.send(self._process.connection, self._hello)
        except OSError:
            self._lose()

    def close(self) -> None:
        """Let it end. Blocks; when no batch is under way any more."""
        if self._process is not None:
            self._process.end()
            self._process = None
        self._is_ready = False
        self._rest_until = float("inf")

    def __call__(self, jobs: Sequence[Job]) -> Sequence[Outcome]:
        """Commit a batch. Blocks."""
        makers = [job.order for job in jobs if job.order is not None]
        is_lone = sum(job.files for job in jobs) == 1
        was_lone, self._was_lone = self._was_lone, is_lone
        # One message after the other: nobody else wants the interpreter, and the trip there costs more than it saves.
        if len(makers) < len(jobs) or (is_lone and was_lone) or not self._can():
            return self._here(jobs)
        try:
            orders = [make() for make in makers]
        except StoreError:
            return self._here(jobs)  # where it is that job alone which fails
        outcomes = self._there(orders)
        return self._settled(jobs, orders) if outcomes is None else outcomes

    def _can(self) -> bool:
        if self._process is None:
            if self._rest_until is not None and self._timer() >= self._rest_until:
                self._rest_until = None
                self.start()
            return False
        if not self._is_ready and select.select([self._process.connection], [], [], 0)[0]:
            try:
                frames.receive(self._process.connection)
                self._is_ready = True
            except (OSError, EOFError):
                self._lose()
        return self._is_ready

    def _there(self, orders: Sequence[Order]) -> Sequence[Outcome] | None:
        """None if the process died of it, or with it."""
        assert self._process is not None, "_can() has seen to that"
        try:
            frames.send(self._process.connection, tuple(map(frames.from_order, orders)))
            outcomes, self.is_as_whole, said = frames.receive(self._process.connection)
        except (OSError, EOFError):
            self._lose()
            return None
        for level, text in said:
            log.emit(LogLevel.lookupByName(level), "{text}", text=text)
        return list(map(frames.to_outcome, outcomes))

    def _settled(self, jobs: Sequence[Job], orders: Sequence[Order]) -> Sequence[Outcome]:
        """What comes of a batch whose process is gone: what was taken back is done here.

        Not so where a copy stayed visible: done again, that would be there twice.
        """
        outcomes = list(map(self._remains.settle, orders))
        again = [
            number
            for number, outcome in enumerate(outcomes)
            if isinstance(outcome, NotCommitted) and not outcome.visible
        ]
        if again:
            for number, outcome in zip(again, self._here([jobs[number] for number in again]), strict=True):
                outcomes[number] = outcome
        return outcomes

    def _lose(self) -> None:
        assert self._process is not None, "only one that there is can be lost"
        process, self._process, self._is_ready, self.is_as_whole = self._process, None, False, None
        process.end(kill=True)  # before anything is settled: it must not go on
        self._rest("has died")

    def _rest(self, why: str) -> None:
        self._rest_until = self._timer() + REST_SECONDS
        log.error(
            "the process that commits {why}; for {seconds:.0f} s the server does its work, more slowly",
            why=why,
            seconds=REST_SECONDS,
        )
