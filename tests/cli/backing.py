"""What the tests of `mailgate backup` and `restore` share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner, Result

from mailgate.cli import main
from mailgate.cli.backing_copying import Pair


def backup(house: Path, *options: str, to: str = "copy") -> Result:
    """`mailgate backup`, into a directory beside what a gateway has."""
    return CliRunner().invoke(main, ["backup", str(house / to), "--config", str(house / "mailgate.toml"), *options])


def restore(house: Path, *arguments: str, source: str = "copy") -> Result:
    """`mailgate restore`, from there."""
    words = ["restore", *arguments, "--from", str(house / source), "--config", str(house / "mailgate.toml")]
    return CliRunner().invoke(main, words)


def tree(directory: Path) -> dict[str, bytes]:
    """Every file below it, and what it has."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


@contextmanager
def pair_of(source: Path, target: Path) -> Iterator[Pair]:
    """Both open; the target is made."""
    target.mkdir(exist_ok=True)
    descriptors = [os.open(path, os.O_RDONLY) for path in (source, target)]
    try:
        yield Pair(descriptors[0], descriptors[1], str(source))
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
