"""How the gateway and its committing process talk: frames of plain values over a socket, a batch and then its outcomes.

The format is `marshal`, which both ends, being one version of Python and one of this code, read alike: it is made of
plain values alone, and a body is copied and not encoded. Nobody else is at either end.
"""

from __future__ import annotations

import marshal
import socket
import traceback
from collections.abc import Sequence
from typing import Any, Final

from mailgate.failures import NotCommitted
from mailgate.store.maildir.commit import Outcome
from mailgate.store.maildir.order import Order

_LENGTH_OCTETS: Final = 4


class ProcessFailed(Exception):
    """What went wrong in the other process, with its traceback; nobody foresaw it."""


def send(connection: socket.socket, value: Any) -> None:
    """Send a value. Blocks; raises OSError, when nobody reads any more."""
    frame = marshal.dumps(value)
    connection.sendall(len(frame).to_bytes(_LENGTH_OCTETS) + frame)


def receive(connection: socket.socket) -> Any:
    """Wait for the next value. Raises OSError; EOFError at the end."""
    return marshal.loads(_exactly(connection, int.from_bytes(_exactly(connection, _LENGTH_OCTETS))))


def _exactly(connection: socket.socket, octets: int) -> bytearray:
    data = bytearray(octets)
    rest = memoryview(data)
    while rest:
        if not (count := connection.recv_into(rest)):
            raise EOFError("the other end is closed")
        rest = rest[count:]
    return data


def from_order(order: Order) -> tuple[Any, ...]:
    """An order as it is sent."""
    return order.unique, order.smtputf8, order.heads, order.rest


def to_order(sent: tuple[Any, ...]) -> Order:
    """An order as it was."""
    return Order(*sent)


def from_outcome(outcome: Outcome) -> tuple[Any, ...]:
    """An outcome as it is sent."""
    if isinstance(outcome, tuple):
        return ("committed", outcome)
    if isinstance(outcome, NotCommitted):
        return ("failed", str(outcome), tuple(outcome.visible), outcome.full)
    return ("unforeseen", "".join(traceback.format_exception(outcome)))


def to_outcome(sent: Sequence[Any]) -> Outcome:
    """An outcome as it was; but an exception that nobody foresaw is a `ProcessFailed` with its text."""
    if sent[0] == "committed":
        return tuple(sent[1])
    if sent[0] == "failed":
        return NotCommitted(sent[1], sent[2], full=sent[3])
    return ProcessFailed(sent[1])
