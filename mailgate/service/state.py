"""What a gateway keeps about itself: the node's name, a lock, and a place for spools."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import re
from typing import Final

from mailgate.mail import make_id
from mailgate.service.neighbours import process_at
from mailgate.service.places import CONTROL
from mailgate.spool import FILE_PREFIX

NODE_CHARACTERS: Final = 8
_NODE: Final = re.compile(r"[0-9a-z]{8}")


class StateError(Exception):
    """The state directory cannot serve; the message says what to do."""


class State:
    """One gateway's state directory. From `claim` or `open` on nobody else uses it, until `close`."""

    def __init__(self, directory: str) -> None:
        """Nothing is touched before `claim`."""
        self.node = ""  # known from `open` on
        self._directory = directory
        self._file = os.path.join(directory, "node")
        self._lock = -1

    def claim(self) -> None:
        """Take the lock if there is its file. Makes nothing, so root may, and what root has taken stays taken when the
        privileges go. Raises `StateError` if another gateway has it; that it cannot be used at all, `open` says.
        """
        with contextlib.suppress(OSError):
            self._take(self._reading())

    def open(self) -> None:
        """Make the directory and the node's name if they are not there, and take the lock unless `claim` has. For who
        we are from now on. Raises `StateError`.
        """
        try:
            os.makedirs(self._directory, mode=0o700, exist_ok=True)
            _make_node(self._directory, self._file)
            self._take(self._reading())
            octets = os.pread(self._lock, 64, 0)
        except OSError as error:
            self.close()
            raise StateError(f"{error.filename or self._file} cannot be used: {error.strerror}") from error
        self.node = self._name_in(octets)

    def close(self) -> None:
        """Let another gateway have it. Any number of times."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _reading(self) -> int:
        return os.open(self._file, os.O_RDONLY | os.O_CLOEXEC)

    def _take(self, descriptor: int) -> None:
        """Lock the file that is open there, unless it is locked by us. The descriptor is ours to close."""
        if self._lock >= 0 and os.path.sameopenfile(self._lock, descriptor):
            os.close(descriptor)  # locks belong to descriptors: to each other the two would be strangers
            return
        self.close()  # of a file that somebody has removed since
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise StateError(self._taken()) from None
        except OSError:
            os.close(descriptor)
            raise
        self._lock = descriptor

    def _taken(self) -> str:
        process = process_at(os.path.join(self._directory, CONTROL))
        # The number comes early: of what keeps a daemon from starting, twistd shows the terminal 100 octets.
        who = f"runs (process {process})" if process else "runs"
        return f"another gateway {who} with {self._directory}; stop it, or give this one its own state"

    def _name_in(self, octets: bytes) -> str:
        name = octets.decode("ascii", "replace").strip()
        if _NODE.fullmatch(name) is None:
            self.close()
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
