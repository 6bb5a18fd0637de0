"""Ports, and the way into a maildrop: what is said there in the end."""

from __future__ import annotations

import poplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mailgate.testing.places import Place, Pop3Place


@contextmanager
def pop3_server(*replies: bytes) -> Iterator[tuple[Pop3Place, list[bytes]]]:
    """Greets, answers each line with the next reply, and hangs up where there is none."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, connection.makefile("rwb", buffering=0) as lines:
                for reply in replies:
                    lines.write(reply + b"\r\n")
                    heard.extend(lines.readline().splitlines())

        thread = threading.Thread(target=serve)
        thread.start()
        host, port = listening.getsockname()
        yield Pop3Place(host, port, lambda to: f"secret of {to}"), heard
        thread.join()


def test_a_place_is_written_as_people_do() -> None:
    assert str(Place("127.0.0.1", 25)) == "127.0.0.1:25"
    assert str(Place("::1", 25)) == "[::1]:25"
    assert str(Pop3Place("127.0.0.1", 110, str)) == "127.0.0.1:110"
    assert Place.read({"host": "127.0.0.1", "port": 25}) == Place("127.0.0.1", 25)


def test_it_logs_in_and_quits() -> None:
    with pop3_server(b"+OK", b"+OK", b"+OK", b"+OK 2 320", b"+OK") as (place, heard), place("a@b") as mailbox:
        assert mailbox.stat() == (2, 320)
    assert heard == [b"USER a@b", b"PASS secret of a@b", b"STAT", b"QUIT"]


def test_another_password_may_be_given() -> None:
    with pop3_server(b"+OK", b"+OK", b"+OK", b"+OK") as (place, heard), place("a@b", "wrong"):
        pass
    assert b"PASS wrong" in heard


def test_after_a_failure_nothing_is_deleted() -> None:
    with (
        pop3_server(b"+OK", b"+OK", b"+OK", b"+OK", b"+OK", b"+OK") as (place, heard),
        pytest.raises(ZeroDivisionError),
        place("a@b") as mailbox,
    ):
        mailbox.dele(1)
        raise ZeroDivisionError
    assert heard[2:] == [b"DELE 1", b"RSET", b"QUIT"]


def test_a_failed_login_is_what_poplib_says_and_the_connection_is_closed() -> None:
    with (
        pop3_server(b"+OK", b"+OK", b"-ERR [AUTH] no", b"-ERR what") as (place, heard),
        pytest.raises(poplib.error_proto, match="AUTH"),
        place("a@b"),
    ):
        pass
    assert heard == [b"USER a@b", b"PASS secret of a@b", b"RSET"]


def test_a_server_that_has_hung_up_is_not_talked_to() -> None:
    with (
        pop3_server(b"+OK", b"+OK", b"+OK") as (place, _),
        pytest.raises(poplib.error_proto, match="EOF"),
        place("a@b") as mailbox,
    ):
        mailbox.stat()


def test_who_has_said_quit_already_need_not_again() -> None:
    with pop3_server(b"+OK", b"+OK", b"+OK", b"+OK") as (place, heard), place("a@b") as mailbox:
        mailbox.quit()
    assert heard.count(b"QUIT") == 1


def test_a_failure_after_quit_is_the_only_one() -> None:
    with (
        pop3_server(b"+OK", b"+OK", b"+OK", b"+OK") as (place, heard),
        pytest.raises(ZeroDivisionError),
        place("a@b") as mailbox,
    ):
        mailbox.quit()
        raise ZeroDivisionError
    assert heard.count(b"QUIT") == 1


def test_tls_comes_first_where_there_is_a_context() -> None:
    with pop3_server(b"-ERR no TLS here") as (place, heard):
        over_tls = Pop3Place(place.host, place.port, place.password_of, ssl.create_default_context)
        with pytest.raises(ssl.SSLError), over_tls("a@b"):
            pass
    assert heard[0].startswith(b"\x16\x03")  # RFC 8446 5.1: a handshake record
