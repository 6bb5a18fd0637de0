"""The way out: one write a turn, at once where the system takes it, else through the transport's buffer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet import tcp
from twisted.internet.abstract import FileDescriptor

from mailgate.connection.outlet import Outlet


class Plain(tcp.Connection):
    """A socket's transport: takes so many octets at once, the rest into its buffer."""

    def __init__(self, takes: int = 1_000) -> None:
        self.takes: int | Exception = takes
        self.sent: list[bytes] = []
        self.dataBuffer = b""
        self._tempDataBuffer = []
        self.connected = 1
        self.TLS = False

    def writeSomeData(self, data: bytes) -> Any:
        if isinstance(self.takes, Exception):
            return self.takes
        self.sent.append(data[: self.takes])
        return len(self.sent[-1])

    def write(self, data: bytes) -> None:
        self._tempDataBuffer.append(data)

    @property
    def buffered(self) -> bytes:
        return self.dataBuffer + b"".join(self._tempDataBuffer)


class Other:
    """Any other transport."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)


def say(outlet: Outlet, *octets: bytes) -> None:
    for each in octets:
        outlet.write(each)
    outlet.flush()


def test_what_is_said_in_one_turn_is_one_write() -> None:
    transport = Plain()
    outlet = Outlet(transport)
    outlet.write(b"a")
    outlet.write(b"b")
    assert transport.sent == []
    outlet.flush()
    outlet.flush()
    assert (transport.sent, transport.buffered) == ([b"ab"], b"")


def test_what_the_system_does_not_take_waits_in_the_transport() -> None:
    transport = Plain(takes=3)
    say(Outlet(transport), b"abcde")
    assert (transport.sent, transport.buffered) == ([b"abc"], b"de")


def _waits_in_one_buffer(transport: Plain) -> None:
    transport.dataBuffer = b"x"


def _waits_in_the_other(transport: Plain) -> None:
    transport._tempDataBuffer.append(b"x")


@pytest.mark.parametrize("wait", [_waits_in_one_buffer, _waits_in_the_other])
def test_nothing_overtakes_what_waits(wait: Callable[[Plain], None]) -> None:
    transport = Plain()
    wait(transport)
    say(Outlet(transport), b"abc")
    assert (transport.sent, transport.buffered) == ([], b"xabc")


def test_a_lost_connection_is_the_transports_to_find_out() -> None:
    transport = Plain()
    transport.takes = ConnectionResetError()
    say(Outlet(transport), b"abc")
    assert transport.buffered == b"abc"
    transport = Plain()
    transport.connected = 0
    say(Outlet(transport), b"abc")
    assert (transport.sent, transport.buffered) == ([], b"abc")


def test_tls_encrypts_what_is_written_to_it() -> None:
    transport = Plain()
    outlet = Outlet(transport)
    say(outlet, b"a")
    transport.TLS = True  # STARTTLS
    say(outlet, b"b")
    assert (transport.sent, transport.buffered) == ([b"a"], b"b")


def test_any_other_transport_is_written_to() -> None:
    transport = Other()
    say(Outlet(transport), b"a", b"b")
    assert transport.written == [b"ab"]


def test_tls_from_the_beginning_lends_out_the_abilities_of_its_socket() -> None:
    class Wrapper(Other):
        def __init__(self, wrapped: Plain) -> None:
            super().__init__()
            self.wrapped = wrapped

        def __getattr__(self, name: str) -> object:
            return getattr(self.wrapped, name)

    socket = Plain()
    transport = Wrapper(socket)
    say(Outlet(transport), b"secret")
    assert (transport.written, socket.sent, socket.buffered) == ([b"secret"], [], b"")


def test_what_nobody_will_read_is_forgotten() -> None:
    transport = Plain()
    outlet = Outlet(transport)
    outlet.write(b"a")
    outlet.discard()
    say(outlet, b"b")
    assert transport.sent == [b"b"]


def test_twisted_has_what_it_takes() -> None:
    assert all(hasattr(tcp.Connection, name) for name in ("writeSomeData", "connected", "TLS"))
    descriptor = FileDescriptor(reactor=object())  # type: ignore[arg-type]
    assert (descriptor.dataBuffer, descriptor._tempDataBuffer) == (b"", [])


def test_all_that_is_said_is_counted_sent_or_not() -> None:
    outlet = Outlet(Plain(takes=2))
    say(outlet, b"abc", b"", b"d")
    outlet.write(b"ef")
    outlet.discard()
    assert outlet.octets == 6
