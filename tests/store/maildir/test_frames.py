from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Thread

import pytest

from mailgate.failures import NotCommitted
from mailgate.store.maildir import frames
from mailgate.store.maildir.commit import Outcome
from mailgate.store.maildir.order import Order


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_values_arrive_one_by_one(ends: tuple[socket.socket, socket.socket]) -> None:
    values = [(), ("a", b"\x00\xff", (1, None, True)), "ö"]
    for value in values:
        frames.send(ends[0], value)
    assert [frames.receive(ends[1]) for _ in values] == values


def test_what_is_larger_than_any_buffer_arrives(ends: tuple[socket.socket, socket.socket]) -> None:
    value = bytes(range(256)) * 20_000
    sender = Thread(target=frames.send, args=(ends[0], value))
    sender.start()
    assert frames.receive(ends[1]) == value
    sender.join()


@pytest.mark.parametrize("sent", [b"", b"\0\0", b"\0\0\0\x05ab"])
def test_the_end_is_told_wherever_it_comes(sent: bytes, ends: tuple[socket.socket, socket.socket]) -> None:
    ends[0].sendall(sent)
    ends[0].close()
    with pytest.raises(EOFError):
        frames.receive(ends[1])


def test_an_order_stays_what_it_is() -> None:
    order = Order("1.a.b", True, (("alice@example.test", b"X: y\r\n"), ("bob@example.test", b"")), b"\x00content")
    assert frames.to_order(frames.from_order(order)) == order


@pytest.mark.parametrize("outcome", [("a/new/1", "b/new/1"), ()])
def test_paths_stay_what_they_are(outcome: Outcome) -> None:
    assert frames.to_outcome(frames.from_outcome(outcome)) == outcome


def test_a_failure_keeps_its_words_and_what_is_visible() -> None:
    failure = frames.to_outcome(frames.from_outcome(NotCommitted("no room", ["a/new/1"], full=True)))
    assert isinstance(failure, NotCommitted)
    assert (str(failure), failure.visible, failure.full) == ("no room", ("a/new/1",), True)


def test_what_nobody_foresaw_has_its_traceback() -> None:
    try:
        raise ZeroDivisionError("odd")
    except ZeroDivisionError as error:
        failure = frames.to_outcome(frames.from_outcome(error))
    assert isinstance(failure, frames.ProcessFailed) and "ZeroDivisionError: odd" in str(failure)
    assert "test_frames.py" in str(failure)
