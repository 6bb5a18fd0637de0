"""Clients in a process of their own: `python -m bench.smtp.load`, with an `Order` in JSON on standard input.

All of them are served by one epoll and write octets as they are, so that the servers are what is measured; how much of
a core this process itself takes is part of the result. Every client waits for the reply to its final dot before it goes
on. What comes before, MAIL, RCPT and DATA, it sends in one go (RFC 2920), or command by command if told so. Any reply
but the one that is wanted ends the run.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import Final

from attrs import asdict, frozen

from bench.messages import sent

BLOCK_OCTETS: Final = 1 << 16
PATIENCE_SECONDS: Final = 120.0
SHOWN_OCTETS: Final = 200  # of what was said, when the answer is wrong
SENDER: Final = b"MAIL FROM:<sender@example.org>\r\n"
SLOT: Final = 1_000_000  # a message's number is that of its slot, times this, and then counted within it


@frozen
class Order:
    """What is to be done: `connections` at a time, each a slot in which one session follows the other."""

    port: int
    tls: bool  # by STARTTLS
    pipelining: bool
    recipients: list[list[str]]  # whole addresses; each slot takes the next of these lists
    octets: int  # of each message
    connections: int
    a_session: int  # messages in one, at most
    first: int  # number of the first message in every slot
    seconds: float = 0.0  # after that no message is begun; 0: there is no such end
    each: int = 0  # messages in a slot, at most; 0: no limit


@frozen
class Result:
    """What came of it."""

    accepted: list[int]  # messages, slot by slot
    began: float  # seconds of the monotonic clock, which all processes share
    ended: float
    cpu_seconds: float  # of this process meanwhile
    median_milliseconds: float  # from the last octet of a message, given to the kernel, to the reply
    slow_milliseconds: float  # the same, 99 of 100


class WrongAnswer(Exception):
    """A server did not say what it has to."""


Turn = tuple[bytes, tuple[bytes, ...]]  # what is said, and the codes of the replies to it


class Slot:
    """One session after the other."""

    def __init__(self, load: Load, number: int) -> None:
        self._load = load
        self._number = number
        recipients = load.order.recipients[number % len(load.order.recipients)]
        envelope = [SENDER, *(f"RCPT TO:<{recipient}>\r\n".encode() for recipient in recipients), b"DATA\r\n"]
        codes = (*(b"250" for _ in envelope[1:]), b"354")
        self._envelope: list[Turn] = [(command, (code,)) for command, code in zip(envelope, codes, strict=True)]
        if load.order.pipelining:
            self._envelope = [(b"".join(envelope), codes)]
        self.accepted = 0

    def begin(self) -> None:
        """Connect, unless all is sent."""
        if not self._goes_on():
            return
        self._turns = self._session()
        self._codes: deque[bytes] = deque()
        self._replies = b""
        self._out = memoryview(b"")
        self._shaking = False
        self._socket = socket.socket()
        self._socket.settimeout(PATIENCE_SECONDS)
        self._socket.connect(("127.0.0.1", self._load.order.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._load.register(self._socket, self)
        self._go_on()

    def ready(self, events: int) -> None:
        """There is something to read, or room to write."""
        if self._shaking and not self._shake():
            return
        if events & select.EPOLLOUT:
            self._load.watch(self._socket, select.EPOLLIN)
            self._flush()
        while True:
            try:
                block = self._socket.recv(BLOCK_OCTETS)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            if not block:
                self._ended()
                return
            self._take(block)
            if self._shaking or not isinstance(self._socket, ssl.SSLSocket):
                return  # no more there, in all likelihood; epoll knows

    def _session(self) -> Iterator[Turn]:
        yield b"", (b"220",)
        yield b"EHLO client.example.org\r\n", (b"250",)
        if self._load.order.tls:
            yield b"STARTTLS\r\n", (b"220",)
            self._begin_tls()
            yield b"EHLO client.example.org\r\n", (b"250",)
        order = self._load.order
        for _ in range(order.a_session):
            if not self._goes_on():
                break
            yield from self._envelope
            number = self._number * SLOT + order.first + self.accepted
            yield sent(number, order.octets), (b"250",)
            self._load.waits.append(time.perf_counter() - self._said)
            self.accepted += 1
        yield b"QUIT\r\n", (b"221",)

    def _goes_on(self) -> bool:
        return self._load.goes_on() and not 0 < self._load.order.each <= self.accepted

    def _begin_tls(self) -> None:
        self._load.unregister(self._socket)
        self._socket = self._load.wrap(self._socket)
        self._load.register(self._socket, self)
        self._shaking = True

    def _shake(self) -> bool:
        assert isinstance(self._socket, ssl.SSLSocket)
        try:
            self._socket.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self._shaking = False
        self._flush()
        return True

    def _go_on(self) -> None:
        turn = next(self._turns, None)
        if turn is None:
            return
        octets, codes = turn
        self._codes.extend(codes)
        self._command = octets[:SHOWN_OCTETS]
        self._out = memoryview(octets)
        if self._shaking:
            self._shake()
        else:
            self._flush()

    def _flush(self) -> None:
        while self._out:
            self._said = time.perf_counter()
            try:
                self._out = self._out[self._socket.send(self._out) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._load.watch(self._socket, select.EPOLLIN | select.EPOLLOUT)
                return

    def _take(self, block: bytes) -> None:
        self._replies += block
        *lines, self._replies = self._replies.split(b"\n")
        for line in lines:
            if line[3:4] == b"-":
                continue
            if not self._codes or not line.startswith(self._codes.popleft()):
                raise WrongAnswer(f"{line!r} to {self._command!r}")
            if not self._codes:
                self._go_on()

    def _ended(self) -> None:
        if self._codes or next(self._turns, None) is not None:
            raise WrongAnswer(f"the server has closed the connection after {self._command!r}")
        self._load.unregister(self._socket)
        self._socket.close()
        self.begin()


class Load:
    """All clients."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.waits: list[float] = []
        self._epoll = select.epoll()
        self._slots: dict[int, Slot] = {}
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE

    def run(self) -> Result:
        """To the end. Raises `WrongAnswer`."""
        sent(0, self.order.octets)  # what is made once is not part of it
        cpu, began = time.process_time(), time.monotonic()
        self._until = began + self.order.seconds if self.order.seconds else float("inf")
        slots = [Slot(self, number) for number in range(self.order.connections)]
        for slot in slots:
            slot.begin()
        while self._slots:
            ready = self._epoll.poll(PATIENCE_SECONDS)
            if not ready:
                raise WrongAnswer(f"no answer for {PATIENCE_SECONDS} s")
            for number, events in ready:
                self._slots[number].ready(events)
        ended, used = time.monotonic(), time.process_time() - cpu
        waits = sorted(self.waits)
        median, slow = (waits[len(waits) * part // 100] * 1000 for part in (50, 99))
        return Result([slot.accepted for slot in slots], began, ended, used, median, slow)

    def goes_on(self) -> bool:
        """May another message be begun?"""
        return time.monotonic() < self._until

    def wrap(self, plain: socket.socket) -> ssl.SSLSocket:
        """The same connection, about to shake hands."""
        return self._tls.wrap_socket(plain, do_handshake_on_connect=False)

    def register(self, connection: socket.socket, slot: Slot) -> None:
        """From now on the slot is told of what comes."""
        self._slots[connection.fileno()] = slot
        self._epoll.register(connection.fileno(), select.EPOLLIN)

    def watch(self, connection: socket.socket, events: int) -> None:
        """What the slot is told of."""
        self._epoll.modify(connection.fileno(), events)

    def unregister(self, connection: socket.socket) -> None:
        """It is told no more."""
        self._epoll.unregister(connection.fileno())
        del self._slots[connection.fileno()]


def main() -> None:
    """Follow one order, and tell what came of it."""
    load = Load(Order(**json.loads(sys.stdin.readline())))
    try:
        result = load.run()
    except (WrongAnswer, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    print(json.dumps(asdict(result)), flush=True)


if __name__ == "__main__":
    main()
