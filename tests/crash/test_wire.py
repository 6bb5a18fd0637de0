from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from tests.crash.gateway import HOST
from tests.crash.wire import Lost, Unexpected, Wire

Say = Callable[[bytes], None]


@pytest.fixture
def ends() -> Iterator[tuple[Wire, Say]]:
    """A wire, and what says something to it and hangs up."""
    with socket.create_server((HOST, 0)) as server, Wire(server.getsockname()[1]) as wire:
        peer, _ = server.accept()

        def say(octets: bytes) -> None:
            with peer:
                peer.sendall(octets)

        with peer:
            yield wire, say


def test_an_smtp_reply_may_have_several_lines(ends: tuple[Wire, Say]) -> None:
    wire, say = ends
    say(b"250-mx\r\n250 SIZE\r\n354 go on\r\n550 5.1.1 no\r\n")
    wire.reply(b"250")
    wire.reply(b"354")
    with pytest.raises(Unexpected, match=r"550 5\.1\.1 no"):
        wire.reply(b"250")


def test_a_pop3_response_has_its_dots_taken_out(ends: tuple[Wire, Say]) -> None:
    wire, say = ends
    say(b"+OK here\r\na\r\n..b\r\n.\r\n-ERR no\r\n")
    assert wire.ok() == b"+OK here\r\n"
    assert wire.lines() == [b"a\r\n", b".b\r\n"]
    with pytest.raises(Unexpected, match="-ERR no"):
        wire.ok()


@pytest.mark.parametrize("said", [b"", b"250 hal"])
def test_a_gateway_that_is_gone_has_said_nothing(ends: tuple[Wire, Say], said: bytes) -> None:
    wire, say = ends
    say(said)
    with pytest.raises(Lost):
        wire.reply(b"250")
