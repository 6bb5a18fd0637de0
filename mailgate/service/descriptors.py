"""How many files and sockets the process may have open."""

from __future__ import annotations

import resource
from typing import Final

BESIDES: Final = 256  # ports, log, libraries, and what threads of the store have open
PER_CONNECTION: Final = 2  # the socket, and the file of a body that is too large for memory


def make_room(connections: int) -> str:
    """Allow as many as so many connections take at most; give a warning, for the log, if the system does not let us.

    Shells and systemd start a process with 1,024, so that `select` goes on working, and let it ask for more.
    """
    wanted = connections * PER_CONNECTION + BESIDES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return ""
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed == wanted:
        return ""
    return (
        f"{allowed} open files are allowed, and {connections} connections may need {wanted}; "
        "raise LimitNOFILE of the unit (or ulimit -Hn), or lower limits.connections"
    )
