"""Whatever a server does, the clients end with a letter's content or with `Trouble` that says why."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mailgate.cli.demo import clients
from mailgate.cli.demo.clients import Trouble, fetch, send
from mailgate.cli.demo.letters import letters
from mailgate.cli.demo.wiretap import Place

LETTER = letters()[0]
USER = LETTER.recipient
OK = b"+OK\r\n"
GREETING = b"220 mx.example.test\r\n"
HELLO = b"250 mx.example.test\r\n"


@contextmanager
def server(*replies: bytes) -> Iterator[Place]:
    """Says the first of `replies` at once and the next after each line it hears; then hangs up."""

    def serve() -> None:
        with listening, listening.accept()[0] as connection, connection.makefile("rb") as lines:
            for reply in replies:
                connection.sendall(reply)
                lines.readline()

    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve)
    thread.start()
    yield Place(*listening.getsockname())
    thread.join()


def test_a_message_is_fetched_as_it_is() -> None:
    message = b"+OK\r\na: \xff\r\n\r\n..\r\n.\r\n"
    with server(OK, OK, OK, b"+OK 2 9\r\n", message, OK) as place:
        assert fetch(place, USER, None) == b"a: \xff\r\n\r\n.\r\n"


def test_an_empty_maildrop() -> None:
    with server(OK, OK, OK, b"+OK 0 0\r\n") as place, pytest.raises(Trouble, match="found nothing"):
        fetch(place, USER, None)


def test_pop3_refuses() -> None:
    with (
        server(OK, OK, b"-ERR [SYS/TEMP] later\r\n") as place,
        pytest.raises(Trouble, match=r"could not fetch it: error_proto: .*\[SYS/TEMP\] later"),
    ):
        fetch(place, USER, None)


def test_pop3_hangs_up() -> None:
    with server(OK, OK) as place, pytest.raises(Trouble, match="could not fetch it"):
        fetch(place, USER, None)


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ([b"421 4.3.2 not now\r\n"], "mailgate answered 421 4.3.2 not now"),
        ([GREETING, HELLO, b"451 4.3.0 later\r\n", HELLO], "mailgate answered 451 4.3.0 later"),
        ([GREETING, HELLO, b"250 ok\r\n", b"550 5.1.1 nobody\r\n", HELLO], "mailgate answered 550 5.1.1 nobody"),
        ([GREETING], "could not send it: SMTPServerDisconnected"),
    ],
)
def test_smtp_refuses(replies: list[bytes], reason: str) -> None:
    with server(*replies) as place, pytest.raises(Trouble, match=reason):
        send(place, LETTER, None)


def test_nobody_listens() -> None:
    with socket.socket() as bound:  # bound and not listening: the port is taken, and refuses
        bound.bind(("127.0.0.1", 0))
        place = Place(*bound.getsockname())
        with pytest.raises(Trouble, match="ConnectionRefusedError"):
            send(place, LETTER, None)
        with pytest.raises(Trouble, match="ConnectionRefusedError"):
            fetch(place, USER, None)


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "TIMEOUT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = Place(*silent.getsockname())
        with pytest.raises(Trouble, match="timed out"):
            send(place, LETTER, None)
        with pytest.raises(Trouble, match="timed out"):
            fetch(place, USER, None)
