"""A machine that can also send a reply badly. Everything else is the real machine's."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IReactorTime

from mailgate.interference.shaping import Shaped, shape
from mailgate.wire.output import After, Output


class InterferedMachine:
    """Implements `connection.Machine` around another one."""

    def __init__(self, machine: Any, clock: IReactorTime) -> None:
        self._machine = machine
        self._clock = clock
        self._dropped = False

    @property
    def buffered(self) -> int:
        """As the real machine has it."""
        buffered: int = self._machine.buffered
        return buffered

    @property
    def said(self) -> str:
        """As the real machine has it."""
        said: str = self._machine.said
        return said

    def receive(self, data: bytes) -> None:
        """Take octets from the peer."""
        self._machine.receive(data)

    def next_event(self) -> object | None:
        """The next event; none after the connection was dropped."""
        return None if self._dropped else self._machine.next_event()

    def send(self, reply: Any) -> Output:
        """Put a reply into octets, and go where it leads."""
        if not isinstance(reply, Shaped):
            output: Output = self._machine.send(reply)
            return output
        if reply.answer is None:
            self._dropped = True
            return Output(b"", After.CLOSE)
        self._dropped = reply.manner.drop_after_octets is not None
        return shape(self._machine.send(reply.answer), reply.manner, self._clock)
