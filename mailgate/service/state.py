"""What a gateway keeps about itself: the node's name, a lock, and a place for spools."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import re
from typing import Final

from mailgate.mail import make_id
from mailgate.spool import FILE_PREFIX

NODE_CHARACTERS: Final = 8
_NODE: Final = re.compile(r"[0-9a-z]{8}")


class StateError(Exception):
    """The state directory cannot serve; the message says what to do."""


class State:
    """One gateway's state directory. Nobody else uses it until `close`."""

    def __init__(self, directory: str) -> None:
        """Make the directory and the node's name if they are not there. Raises `StateError`."""
        self._file = os.path.join(directory, "node")
        try:
            os.makedirs(directory, mode=0o700, exist_ok=True)
            _make_node(directory, self._file)
            self._descriptor = os.open(self._file, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise StateError(f"{error.filename or directory} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.node = self._read()
        except BlockingIOError:
            self.close()
            raise StateError(
                f"another gateway runs with {directory}; stop it, or give this one its own state"
            ) from None
        except StateError:
            self.close()
            raise

    def close(self) -> None:
        """Let another gateway have it. Any number of times."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _read(self) -> str:
        name = os.read(self._descriptor, 64).decode("ascii", "replace").strip()
        if _NODE.fullmatch(name) is None:
            raise StateError(
                f"{self._file} should hold {NODE_CHARACTERS} letters and digits; remove it to have it made again"
            )
        return name


def misplaced(directory: str) -> str:
    """Why a server that runs as root must not: what it wrote there could not be used by whose directory it is. Empty:
    nothing speaks against it.
    """
    try:
        owner = os.stat(directory).st_uid
    except OSError:
        return ""  # that it cannot be used is found out by who uses it
    if os.geteuid() != 0 or owner == 0:
        return ""
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = str(owner)
    return (
        f"{directory} belongs to {name}, and this would run as root: start it with 'twistd --uid {name} … mailgate …', "
        "or by systemd"
    )


def spool_directory(mail: str, node: str) -> str:
    """The directory for this node's spools, on the store's file system; what a crash left there is removed.

    The dot keeps it apart from every domain's directory. It is made when the first spool needs it. Raises OSError.
    """
    directory = os.path.join(mail, ".spool", node)
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(directory):
            if name.startswith(FILE_PREFIX):
                os.unlink(os.path.join(directory, name))
    return directory


def _make_node(directory: str, file: str) -> None:
    """Make the node's file, whole or not at all, unless it is there."""
    if os.path.exists(file):
        return
    name = make_id(0, int.from_bytes(os.urandom(10)))[-NODE_CHARACTERS:]
    draft = os.path.join(directory, f"node.{name}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, f"{name}\n".encode())
        os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)  # who comes second takes the first one's
    finally:
        os.close(descriptor)
        os.unlink(draft)
