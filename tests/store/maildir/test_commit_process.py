"""In a thread, to see inside; `test_apart` has real processes."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from mailgate.store.maildir import frames
from mailgate.store.maildir.commit_process import serve
from mailgate.store.maildir.syncing import Syncing
from tests.store.support import ALICE, BOB, NODE, files_below


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[socket.socket]:
    """The gateway's end, with a process behind it that has said it is ready."""
    ours, theirs = socket.socketpair()
    thread = Thread(target=serve, args=(theirs,))
    thread.start()
    frames.send(ours, (str(tmp_path), NODE, "auto"))
    assert frames.receive(ours) == ()
    yield ours
    ours.close()
    thread.join(30)
    assert not thread.is_alive()
    theirs.close()


def _order(unique: str, *maildrops: str) -> tuple[Any, ...]:
    return unique, False, tuple((maildrop, b"A: b\r\n") for maildrop in maildrops), b"\r\nbody"


def test_a_batch_has_an_outcome_an_order(gateway: socket.socket, tmp_path: Path) -> None:
    frames.send(gateway, (_order(f"1.a.{NODE}", ALICE, BOB), _order(f"1.b.{NODE}", ALICE), _order("1.c.d", "../x")))
    (first, second, third), is_as_whole, said = frames.receive(gateway)
    assert [first[0], second[0], third[0]] == ["committed", "committed", "failed"]
    paths = [os.path.relpath(path, tmp_path) for path in first[1] + second[1]]
    assert files_below(str(tmp_path)) == sorted(paths) and len(paths) == 3
    assert isinstance(is_as_whole, bool) and said == ()


def test_one_batch_follows_the_other(gateway: socket.socket, tmp_path: Path) -> None:
    for number in range(5):
        frames.send(gateway, (_order(f"1.{number}.{NODE}", ALICE),))
        ((outcome,), _, _) = frames.receive(gateway)
        assert Path(outcome[1][0]).read_bytes() == b"A: b\r\n\r\nbody"


def test_warnings_go_to_the_gateways_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Syncing, *_: Any) -> None:
        self._rest("syncfs failed")
        raise OSError(errno.EIO, "gone")

    ours, theirs = socket.socketpair()
    # Two frames at once: the process is not to wait for anybody to read what it says.
    frames.send(ours, (str(tmp_path), NODE, "syncfs"))
    frames.send(ours, (_order(f"1.a.{NODE}", ALICE, BOB),))
    monkeypatch.setattr(Syncing, "_sync", fails)
    ours.shutdown(socket.SHUT_WR)
    with ours, theirs:
        serve(theirs)
        assert frames.receive(ours) == ()
        _, _, said = frames.receive(ours)
    assert said[0][0] == "warn" and "syncfs failed; files are made durable by fsync" in said[0][1]
    assert not [line for line in said if line[0] == "info"]
