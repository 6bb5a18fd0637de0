"""SMTP clients. Each has one message under way, and sends it again until it is acknowledged, as clients do."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from threading import Event
from typing import Final

from tests.crash.gate import Gate
from tests.crash.ledger import Ledger
from tests.crash.messages import Plan, Pool, digest_of, draw
from tests.crash.wire import Unexpected, Wire

GIVE_UP_CHANCE: Final = 0.2  # that a client does not send again what was not answered
MESSAGES_A_CONNECTION: Final = 200
_CHUNK_OCTETS: Final = 50_000

Send = Callable[[Wire, Plan, bytes], int]  # gives how many replies are still to come when all is sent


def step_by_step(wire: Wire, plan: Plan, content: bytes) -> int:
    """A command, a reply."""
    for command in _envelope(plan):
        wire.send(command)
        wire.reply(b"250")
    wire.send(b"DATA\r\n")
    wire.reply(b"354")
    wire.send(_stuffed(content))
    return 1


def pipelined(wire: Wire, plan: Plan, content: bytes) -> int:
    """Envelope and DATA at once (RFC 2920)."""
    commands = _envelope(plan)
    wire.send(b"".join([*commands, b"DATA\r\n"]))
    for _ in commands:
        wire.reply(b"250")
    wire.reply(b"354")
    wire.send(_stuffed(content))
    return 1


def chunked(wire: Wire, plan: Plan, content: bytes) -> int:
    """Envelope and all chunks at once (RFC 3030)."""
    commands = _envelope(plan)
    chunks = [content[start : start + _CHUNK_OCTETS] for start in range(0, len(content), _CHUNK_OCTETS)]
    commands += [b"BDAT %d\r\n%s" % (len(chunk), chunk) for chunk in chunks[:-1]]
    wire.send(b"".join([*commands, b"BDAT %d LAST\r\n%s" % (len(chunks[-1]), chunks[-1])]))
    return len(commands) + 1


WAYS: Final[tuple[Send, ...]] = (step_by_step, pipelined, chunked)


class Sender:
    """`run` is for a thread of its own, and returns some time after `enough` is set, when nothing is open any more."""

    def __init__(self, name: str, way: Send, seed: int, pool: Pool, ledger: Ledger, gate: Gate, port: int) -> None:
        self._name = name
        self._way = way
        self._random = Random(f"{seed} {name}")
        self._pool = pool
        self._ledger = ledger
        self._gate = gate
        self._port = port
        self._number = 0
        self._pending: Plan | None = None
        self.enough = Event()

    def run(self) -> None:
        """See above."""
        try:
            while not (self.enough.is_set() and self._pending is None):
                self._gate.wait()
                try:
                    self._connection()
                except OSError as error:
                    self._note(error)
                except Unexpected as error:
                    self._ledger.complain(f"{self._name} was told {error}")
                    self._pending = None
        finally:
            self._gate.leave()

    def _connection(self) -> None:
        with Wire(self._port) as wire:
            wire.reply(b"220")
            wire.send(b"EHLO client.example.org\r\n")
            wire.reply(b"250")
            for _ in range(MESSAGES_A_CONNECTION):
                if self._pending is None:
                    if self.enough.is_set():
                        return
                    self._number += 1
                    self._pending = draw(self._random, f"{self._name}-{self._number}")
                self._transaction(wire, self._pending)
                self._pending = None

    def _transaction(self, wire: Wire, plan: Plan) -> None:
        content = self._pool.content(plan)
        digest = digest_of(content)
        self._ledger.send(digest, plan.name, plan.recipients)
        replies = self._way(wire, plan, content)
        try:
            for _ in range(replies):
                wire.reply(b"250")
        except OSError:
            self._ledger.leave_open(digest, self._name)
            if self._random.random() < GIVE_UP_CHANCE:
                self._pending = None
            raise
        self._ledger.acknowledge(digest)

    def _note(self, error: OSError) -> None:
        if isinstance(error, TimeoutError):
            self._ledger.complain(f"{self._name} has no reply: {error}")


def _envelope(plan: Plan) -> list[bytes]:
    sender = b"MAIL FROM:<sender@example.org> BODY=8BITMIME\r\n"
    return [sender, *(b"RCPT TO:<%s>\r\n" % recipient.encode() for recipient in plan.recipients)]


def _stuffed(content: bytes) -> bytes:
    return content.replace(b"\r\n.", b"\r\n..") + b".\r\n"
