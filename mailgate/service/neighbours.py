"""Other processes on this machine: who listens at a UNIX socket."""

from __future__ import annotations

import socket
import struct
from typing import Final

from mailgate.short_paths import ShortPath

_CREDENTIALS: Final = struct.Struct("iII")  # unix(7), SO_PEERCRED: process, user, group
_PEER_CREDENTIALS: Final = getattr(socket, "SO_PEERCRED", None)  # Linux has it


def process_at(path: str) -> int | None:
    """The id of the process that listens at this UNIX socket; None: nobody does, or nobody can tell.

    It is the kernel that answers, and it does so at once, whatever that process is busy with.
    """
    if _PEER_CREDENTIALS is None:
        return None
    try:
        with ShortPath(path) as name, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            probe.connect(name)
            process, _, _ = _CREDENTIALS.unpack(
                probe.getsockopt(socket.SOL_SOCKET, _PEER_CREDENTIALS, _CREDENTIALS.size)
            )
    except OSError:
        return None
    return process or None  # 0: it is in a namespace that we cannot see
