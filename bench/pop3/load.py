"""Clients in a process of their own: `python -m bench.pop3.load`, with an `Order` in JSON on standard input.

Each client follows its script in lockstep: a command, its whole answer, the next command. All of them are served by one
epoll, without a library in between, so that the servers are what is measured; how much of a core this process itself
takes is part of the result. Whatever is not as it must be ends the run.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from typing import Final

from attrs import asdict, frozen

from bench.pop3.script import Step, What, script

BLOCK_OCTETS: Final = 1 << 18
PATIENCE_SECONDS: Final = 60.0
HEAD_OCTETS: Final = 512  # RFC 2449 section 4: a first line is no longer
END: Final = b"\r\n.\r\n"


@frozen
class Order:
    """What is to be done: `clients` at a time go through the users, once, or again and again for some seconds."""

    port: int
    tls: bool
    what: What
    users: list[str]
    messages: int  # in each maildrop
    octets: int  # of each message
    clients: int
    seconds: float = 0.0  # 0: every user once


@frozen
class Result:
    """What came of it."""

    sessions: int
    seconds: float  # from the first connection to the end of the last session
    cpu_seconds: float  # of this process meanwhile


class WrongAnswer(Exception):
    """A server did not say what it has to."""


class Client:
    """One connection after the other."""

    def __init__(self, load: Load, users: Iterator[str]) -> None:
        self._load = load
        self._users = users
        self._socket: socket.socket | None = None

    def begin(self) -> None:
        """Connect for the next user, if there is one."""
        user = next(self._users, None)
        if user is None:
            return
        order = self._load.order
        self._steps = iter(script(user, order.what, order.messages, order.octets))
        self._step: Step | None = Step(b"")  # the greeting
        self._reset()
        plain = socket.socket()
        plain.settimeout(PATIENCE_SECONDS)
        plain.connect(("127.0.0.1", order.port))
        plain.setblocking(False)
        self._shaking = order.tls
        self._socket = self._load.wrap(plain) if order.tls else plain
        self._load.register(self._socket, self)
        if self._shaking:
            self._shake()

    def ready(self) -> None:
        """There is something to read."""
        if self._shaking and not self._shake():
            return
        assert self._socket is not None
        block = self._load.block
        while True:
            try:
                octets = self._socket.recv_into(block)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            if octets == 0:
                self._ended()
                return
            self._take(octets)
            if octets < BLOCK_OCTETS and not self._load.order.tls:
                return  # no more there, in all likelihood; epoll knows

    def _shake(self) -> bool:
        assert isinstance(self._socket, ssl.SSLSocket)
        with contextlib.suppress(ssl.SSLWantReadError):
            self._socket.do_handshake()
            self._shaking = False
        return not self._shaking

    def _reset(self) -> None:
        self._kept = bytearray()
        self._tail = b""
        self._octets = 0

    def _take(self, octets: int) -> None:
        """That many octets of an answer have come, in the load's block."""
        step = self._step
        if step is None:
            raise WrongAnswer(f"said after QUIT: {bytes(self._load.block[:octets])!r}")
        if step.keep or not self._octets:
            self._kept += self._load.block[: octets if step.keep else min(octets, HEAD_OCTETS)]
        self._octets += octets
        self._tail = (self._tail + bytes(self._load.block[max(0, octets - 5) : octets]))[-5:]
        if not self._kept.startswith(b"+"):
            raise WrongAnswer(f"{step.command!r}: {bytes(self._kept[:200])!r}")
        if self._tail == END if step.multiline else self._tail.endswith(b"\r\n"):
            if not step.check(self._kept, self._octets):
                raise WrongAnswer(f"{step.command!r}, {self._octets} octets: {bytes(self._kept[:200])!r}")
            self._next()

    def _next(self) -> None:
        self._reset()
        self._step = next(self._steps, None)
        if self._step is not None:
            assert self._socket is not None
            self._socket.send(self._step.command)
        elif self._load.order.what == "stay":
            self._load.stays()
            Client(self._load, self._users).begin()  # another one does the rest; this connection is left as it is

    def _ended(self) -> None:
        assert self._socket is not None
        if self._step is not None or self._load.order.what == "stay":
            raise WrongAnswer(f"the server has closed the connection after {self._step and self._step.command!r}")
        self._load.unregister(self._socket)
        self._socket.close()
        self.begin()


class Load:
    """All clients."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.block = memoryview(bytearray(BLOCK_OCTETS))
        self._epoll = select.epoll()
        self._clients: dict[int, tuple[socket.socket, Client]] = {}
        self._sessions = 0
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE

    def run(self) -> Result:
        """To the end, or with "stay" until all users have logged in. Raises `WrongAnswer`."""
        cpu, began = time.process_time(), time.perf_counter()
        self._until = began + self.order.seconds
        for number in range(self.order.clients):
            Client(self, self._users(number)).begin()
        staying = len(self.order.users) if self.order.what == "stay" else None
        while self._clients and self._sessions != staying:
            ready = self._epoll.poll(PATIENCE_SECONDS)
            if not ready:
                raise WrongAnswer(f"no answer for {PATIENCE_SECONDS} s")
            for number, _ in ready:
                self._clients[number][1].ready()
        return Result(self._sessions, time.perf_counter() - began, time.process_time() - cpu)

    def wrap(self, plain: socket.socket) -> ssl.SSLSocket:
        """The same connection, about to shake hands."""
        return self._tls.wrap_socket(plain, do_handshake_on_connect=False)

    def register(self, connection: socket.socket, client: Client) -> None:
        """From now on the client is told of what comes."""
        self._clients[connection.fileno()] = connection, client
        self._epoll.register(connection.fileno(), select.EPOLLIN)

    def unregister(self, connection: socket.socket) -> None:
        """The session is done."""
        self._epoll.unregister(connection.fileno())
        del self._clients[connection.fileno()]
        self._sessions += 1

    def stays(self) -> None:
        """A session is as far as it is to go."""
        self._sessions += 1

    def _users(self, number: int) -> Iterator[str]:
        """A client's share of the users: no two clients ever open the same maildrop at a time."""
        share = self.order.users[number :: self.order.clients]
        yield from share
        while time.perf_counter() < self._until:
            yield from share


def main() -> None:
    """Say that we are ready, and follow one order. With "stay", the sessions end when standard input does."""
    print("ready", flush=True)
    load = Load(Order(**json.loads(sys.stdin.readline())))
    try:
        result = load.run()
    except (WrongAnswer, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    print(json.dumps(asdict(result)), flush=True)
    if load.order.what == "stay":
        sys.stdin.read()


if __name__ == "__main__":
    main()
