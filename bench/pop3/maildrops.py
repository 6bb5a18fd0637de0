"""The maildrops that every server has a copy of. File names tell both sizes: to list them, none need be opened."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Final

from attrs import frozen

from bench.messages import content
from mailgate.store.maildir.filename import compose, compose_unique

DOMAIN: Final = "example.test"
PASSWORD: Final = "secret"
SECRET: Final = "{PLAIN}" + PASSWORD  # the same for all servers: hashes are not what is measured
MOST_LINKS: Final = 50_000  # ext4 allows 65,000 to one file
_EPOCH: Final = 1_700_000_000  # every message has a second of its own, so that all servers put them in the same order


@frozen
class Drops:
    """So many maildrops, alike."""

    prefix: str  # of their users' names
    count: int
    messages: int
    octets: int  # of a message, with CRLF line ends
    linked: bool = False  # are the files names of a few? For maildrops that are listed and never read.

    @property
    def users(self) -> list[str]:
        """The local parts of their addresses."""
        return [f"{self.prefix}-{number}" for number in range(self.count)]


@frozen
class Site:
    """What a server is to serve, and to whom."""

    mail: Path
    users: tuple[str, ...]
    certificate: Path
    key: Path
    secret: str = SECRET


def fill(mail: Path, drops: Drops, owner: int | None) -> None:
    """Make the maildrops below `mail`; with an owner, for that user and group. All messages are new."""
    for user in drops.users:
        maildrop = mail / DOMAIN / user
        for folder in ("new", "cur", "tmp"):
            (maildrop / folder).mkdir(parents=True, mode=0o700)
            if owner is not None:
                os.chown(maildrop / folder, owner, owner)
        if owner is not None:
            os.chown(maildrop, owner, owner)
        _fill(str(maildrop / "new"), drops, owner)


def _fill(folder: str, drops: Drops, owner: int | None) -> None:
    linked = ""
    for number in range(1, drops.messages + 1):
        path = f"{folder}/{_name(number, drops.octets)}"
        if linked and number % MOST_LINKS:
            os.link(linked, path)
            continue
        _write(path, content(number, drops.octets).replace(b"\r\n", b"\n"), owner)
        linked = path if drops.linked else ""


def _write(path: str, octets: bytes, owner: int | None) -> None:
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb", buffering=0) as file:
        file.write(octets)
        if owner is not None:
            os.fchown(file.fileno(), owner, owner)


def _name(number: int, octets: int) -> str:
    unique = compose_unique(_EPOCH + number, f"{number:026d}", "bench")
    return compose(unique, octets - _line_ends(octets), octets, smtputf8=False)


@lru_cache
def _line_ends(octets: int) -> int:
    return content(0, octets).count(b"\r\n")
