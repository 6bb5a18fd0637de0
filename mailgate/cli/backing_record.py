"""What a backup says of itself, `backup.json`: of which gateway it is, when it was made, and where things belong."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import click

NAME: Final = "backup.json"
VERSION: Final = 1
_DRAFT: Final = f"{NAME}.new"
_MAX_OCTETS: Final = 1 << 20
_OPENING: Final = os.O_CLOEXEC | os.O_NOFOLLOW


@contextmanager
def written(directory: str) -> Iterator[int]:
    """An open and locked directory to back up to, made if it is not there.

    Raises OSError, and `ClickException` where something else is kept there, or another backup is made.
    """
    import fcntl

    os.makedirs(directory, mode=0o700, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException(f"another backup to {directory} is under way") from None
        there = set(os.listdir(descriptor)) - {"lost+found"}
        if there and NAME not in there and there != {_DRAFT}:
            raise click.ClickException(f"{directory} is not empty, and no backup: name a directory of its own")
        yield descriptor
    finally:
        os.close(descriptor)


def write(directory: int, record: Mapping[str, Any]) -> None:
    """Replace the record in an open directory. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _OPENING
    content = json.dumps({"version": VERSION, **record}, indent=2) + "\n"
    with os.fdopen(os.open(_DRAFT, flags, 0o600, dir_fd=directory), "w") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(_DRAFT, NAME, src_dir_fd=directory, dst_dir_fd=directory)
    os.fsync(directory)


def read(directory: str) -> dict[str, Any]:
    """Raises `ClickException` where there is no backup that is understood here, and OSError."""
    try:
        descriptor = os.open(os.path.join(directory, NAME), os.O_RDONLY | os.O_NONBLOCK | _OPENING)
    except (FileNotFoundError, NotADirectoryError):
        raise click.ClickException(f"{directory} is no backup: it has no {NAME}") from None
    with os.fdopen(descriptor, "rb") as stream:
        content = stream.read(_MAX_OCTETS)
    try:
        record = json.loads(content)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict) or record.get("version") != VERSION:
        raise click.ClickException(f"{directory}/{NAME} is not understood: was it made by another version?")
    return record


def check_apart(directory: str, sources: Sequence[tuple[str, str]]) -> None:
    """Is the directory neither in one of these, each with its key, nor around it? Raises `ClickException`."""
    place = os.path.realpath(directory)
    for key, source in sources:
        real = os.path.realpath(source)
        if os.path.commonpath((place, real)) in (place, real):
            raise click.ClickException(
                f"{directory} and {key}, {source}, are one in the other: a backup goes elsewhere"
            )
