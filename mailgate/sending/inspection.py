"""What can be seen of a smarthost to be wrong before anything is sent."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Final

from mailgate.faults import Fault
from mailgate.sending.place import Smarthost

OTHERS: Final = stat.S_IRWXO  # a group may be the one that mailgate runs as


def inspect_smarthost(place: Smarthost, hostname: str, password_file: str) -> Iterator[Fault]:
    """Every fault; each one's `where` is the setting it belongs to, "smarthost" or "smarthost_password".

    `hostname` is our own. `password_file` may be empty; that it cannot be read is for `read_password` to say.
    """
    if place.host == hostname.lower().rstrip("."):
        yield Fault("smarthost", f"{place.host} is this host itself: mail sent there would loop", "name another host")
    if place.user and password_file:
        yield from _kept_secret(password_file)


def _kept_secret(file: str) -> Iterator[Fault]:
    try:
        mode = os.stat(file).st_mode
    except OSError:
        return
    if mode & OTHERS:
        yield Fault("smarthost_password", f"{file} is open to everybody here", f"chmod 600 {file}")
