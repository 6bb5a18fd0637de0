"""Where the servers put mail, and whether all of it is there and intact."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

from bench.messages import content, kept, number_of

DOMAIN: Final = "example.test"
PATIENCE_SECONDS: Final = 120.0
POLL_SECONDS: Final = 0.005
IDLE_SHARE: Final = 5  # to look takes at most so small a part of the time: it is the server's


class Lost(Exception):
    """A message that was acknowledged is not there, not intact, or there twice."""


@frozen
class Site:
    """What every server is told: where mail goes, for whom, and what it shows clients."""

    mail: Path
    users: tuple[str, ...]
    certificate: Path
    key: Path

    def folder(self, user: str) -> str:
        """Where a user's new mail is."""
        return f"{self.mail}/{DOMAIN}/{user}/new"


Wanted = Mapping[str, Mapping[int, int]]  # by user: the messages' numbers, and the size of each


def arrive(site: Site, wanted: Wanted, ended: float) -> float:
    """Wait until as many messages are there as were acknowledged; give the time when they were.

    `ended` is when the clients were done: if all are there by then, it was at that time. Raises `Lost`.
    """
    missing = sum(map(len, wanted.values()))
    first = True
    while True:
        looked = time.monotonic()
        found = sum(_count(site.folder(user)) for user in wanted)
        now = time.monotonic()
        if found >= missing:
            return ended if first else now
        if now > ended + PATIENCE_SECONDS:
            raise Lost(f"{missing - found} of {missing} messages have not come after {PATIENCE_SECONDS:.0f} s")
        first = False
        time.sleep(max(POLL_SECONDS, (now - looked) * IDLE_SHARE))


def check(site: Site, wanted: Wanted) -> None:
    """Read everything: each message is there once, whole and with nothing changed but line ends. Raises `Lost`."""
    for user, octets_of in wanted.items():
        found = Counter(_number(entry.path, octets_of) for entry in os.scandir(site.folder(user)))
        missing, unwanted = Counter(octets_of.keys()) - found, found - Counter(octets_of.keys())
        if missing or unwanted:
            raise Lost(f"{user}: missing {list(missing)[:5]}, too much {list(unwanted)[:5]}")


def _count(folder: str) -> int:
    try:
        return len(os.listdir(folder))
    except FileNotFoundError:
        return 0


def _number(path: str, octets_of: Mapping[int, int]) -> int:
    with open(path, "rb", buffering=0) as file:
        message = file.read()
    number = number_of(message)
    octets = None if number is None else octets_of.get(number)
    if number is None or octets is None or not message.endswith((kept(number, octets), content(number, octets))):
        raise Lost(f"{path} has {len(message)} octets, and is not what was sent")
    return number
