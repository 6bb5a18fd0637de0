"""A listener of one's own: open until it is closed, and closed once."""

from __future__ import annotations

import ssl

from mailgate.testing.listener import Listener
from mailgate.testing.places import Pop3Place
from tests.testing.test_places import pop3_server


def nothing() -> None:
    """Closes nothing."""


def test_it_is_closed_once_at_the_end() -> None:
    closed: list[bool] = []
    with Listener(Pop3Place("127.0.0.1", 2000, str), lambda: closed.append(True)) as listener:
        assert (listener.host, listener.port) == ("127.0.0.1", 2000)
        assert listener.ssl_context is None
        assert repr(listener) == "<Listener 127.0.0.1:2000>"
        assert not closed
    listener.close()
    assert closed == [True]
    assert repr(listener) == "<Listener 127.0.0.1:2000, closed>"


def test_it_logs_in() -> None:
    with pop3_server(b"+OK", b"+OK", b"+OK", b"+OK 1 9", b"+OK") as (place, heard):
        listener = Listener(place, nothing)
        with listener.pop3("a@b", "p") as mailbox:
            assert mailbox.stat() == (1, 9)
    assert heard[:2] == [b"USER a@b", b"PASS p"]


def test_where_tls_comes_first_there_is_a_context() -> None:
    listener = Listener(Pop3Place("127.0.0.1", 2000, str, ssl.create_default_context), nothing)
    assert listener.ssl_context is not None
