"""The places of UNIX sockets in the file system: is there a directory, and is what a killed server left out of the way?

The kernel tells what Twisted's lock files cannot: whether somebody listens.
"""

from __future__ import annotations

import errno
import os
import socket
import stat

from mailgate.config.listeners import unix_path
from mailgate.faults import Fault


def missing_directory(where: str, listener: str) -> Fault | None:
    """The fault that a UNIX socket's directory is not there, if it is one and it is not. `where` is for the fault."""
    path = unix_path(listener)
    directory = os.path.dirname(path)
    if not directory or os.path.isdir(directory):
        return None
    if os.path.lexists(directory):
        return Fault(where, f"{directory} is not a directory")
    return Fault(where, f"there is no directory {directory}", _remedy(directory))


def make_way(where: str, listener: str) -> Fault | None:
    """Remove a UNIX socket at which nobody listens any longer; give the fault if the place cannot be had. Nothing but
    such a socket is removed. Listeners that are no UNIX sockets have no such place.
    """
    path = unix_path(listener)
    if not path:
        return None
    if fault := missing_directory(where, listener):
        return fault
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return Fault(where, f"{path} is there and is no socket", "remove it, or choose another path")
        if _answers(path):
            return Fault(where, f"another server listens at {path}")
        os.unlink(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Fault(where, f"{path} cannot be used: {error.strerror or error}")
    return None


def _remedy(directory: str) -> str:
    name = directory.removeprefix("/run/")
    return "create it" if name == directory else f"create it; systemd does with RuntimeDirectory={name}"


def _answers(path: str) -> bool:
    """Does anybody listen? Raises OSError if nobody can tell: the socket is not ours to use, or of another kind."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        result = probe.connect_ex(path)
    if result == errno.ECONNREFUSED:
        return False
    if result in (0, errno.EAGAIN):  # the second: so many want in that there is a queue
        return True
    raise OSError(result, os.strerror(result), path)
