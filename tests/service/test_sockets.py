"""The places of UNIX sockets, with real ones: only what nobody listens at is removed."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailgate.faults import Fault
from mailgate.service.sockets import make_way, missing_directory

WHERE = "lmtp.listen"


@contextmanager
def listening(path: Path, kind: int = socket.SOCK_STREAM) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, kind) as server:
        server.bind(str(path))
        if kind == socket.SOCK_STREAM:
            server.listen(0)
        yield server


def left_behind(path: Path) -> None:
    with listening(path):
        pass
    assert path.is_socket()


def test_a_socket_at_which_nobody_listens_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    left_behind(path)
    (tmp_path / "lmtp.lock").symlink_to(str(os.getpid()))  # whatever Twisted's lock says
    assert make_way(WHERE, f"unix:{path}:mode=660") is None
    assert not path.exists()


def test_a_place_where_nothing_is_needs_nothing(tmp_path: Path) -> None:
    assert make_way(WHERE, f"unix:{tmp_path}/lmtp") is None
    assert list(tmp_path.iterdir()) == []


def test_another_server_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    with listening(path) as server:
        assert make_way(WHERE, f"unix:{path}") == Fault(WHERE, f"another server listens at {path}")
        assert path.is_socket()
        server.accept()[0].close()


def test_a_server_with_a_queue_is_a_server(tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    with listening(path), socket.socket(socket.AF_UNIX) as waiting:
        waiting.connect(str(path))
        assert make_way(WHERE, f"unix:{path}") == Fault(WHERE, f"another server listens at {path}")
        assert path.is_socket()


def test_a_socket_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with listening(path, socket.SOCK_DGRAM):
        fault = make_way(WHERE, f"unix:{path}")
    assert fault == Fault(WHERE, f"{path} cannot be used: {os.strerror(errno.EPROTOTYPE)}")
    assert path.is_socket()


@pytest.mark.parametrize("what", ["file", "directory", "link", "dangling link"])
def test_what_is_no_socket_is_left_alone(tmp_path: Path, what: str) -> None:
    path = tmp_path / "lmtp"
    if what == "file":
        path.write_text("mail")
    elif what == "directory":
        path.mkdir()
    else:
        if what == "link":
            left_behind(tmp_path / "elsewhere")
        path.symlink_to("elsewhere")
    fault = make_way(WHERE, f"unix:{path}")
    assert fault == Fault(WHERE, f"{path} is there and is no socket", "remove it, or choose another path")
    assert os.path.lexists(path)
    assert (tmp_path / "elsewhere").exists() == (what == "link")


def test_a_socket_that_cannot_be_removed_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lmtp"
    left_behind(path)

    def unlink(path: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(os, "unlink", unlink)
    assert make_way(WHERE, f"unix:{path}") == Fault(WHERE, f"{path} cannot be used: Permission denied")


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    fault = Fault(WHERE, f"there is no directory {tmp_path}/run", "create it")
    listener = f"unix:{tmp_path}/run/lmtp"
    assert missing_directory(WHERE, listener) == make_way(WHERE, listener) == fault
    (tmp_path / "run").write_text("")
    assert missing_directory(WHERE, listener) == Fault(WHERE, f"{tmp_path}/run is not a directory")
    (tmp_path / "run").unlink()
    (tmp_path / "run").mkdir()
    assert missing_directory(WHERE, listener) is make_way(WHERE, listener) is None


@pytest.mark.parametrize(
    ("directory", "name"), [("/run/mailgate-not-here", "mailgate-not-here"), ("/run/not-here/too", "not-here/too")]
)
def test_for_what_is_in_run_systemd_is_named(directory: str, name: str) -> None:
    fault = missing_directory(WHERE, f"unix:{directory}/lmtp:mode=660")
    assert fault is not None
    assert fault.hint == f"create it; systemd does with RuntimeDirectory={name}"


@pytest.mark.parametrize("listener", ["tcp:25", "systemd:domain=UNIX:index=0", "unix:\0lmtp"])
def test_what_is_in_no_file_system_has_no_place(listener: str) -> None:
    assert missing_directory(WHERE, listener) is make_way(WHERE, listener) is None


def test_a_path_without_a_directory_is_where_the_process_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    left_behind(Path("lmtp"))
    assert missing_directory(WHERE, "unix:lmtp") is make_way(WHERE, "unix:lmtp") is None
    assert not (tmp_path / "lmtp").exists()
