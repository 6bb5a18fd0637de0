"""What there is in the end, read from the Maildirs themselves, by nothing of mailgate."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tests.crash.ledger import Found
from tests.crash.messages import digest_of_copy

_NAME: Final = re.compile(r"(?P<uid>[^,]+),S=(?P<octets>\d+),W=(?P<wire_octets>\d+)")


def read(maildrop: Path, user: str) -> list[Found]:
    """What a user has. A file whose name tells the wrong size, or none, has a digest that nobody knows."""
    return [_found(file, user) for folder in ("new", "cur") for file in sorted((maildrop / folder).iterdir())]


def left_over(mail: Path) -> int:
    """How many files there are that no user sees."""
    return sum(1 for path in mail.parent.rglob("*") if path.is_file() and path.parent.name not in ("new", "cur"))


def _found(file: Path, user: str) -> Found:
    content = file.read_bytes()
    name = _NAME.match(file.name)
    if name is None:
        return Found(file.name, b"")
    sizes = len(content), len(content) + content.count(b"\n")
    is_true = (int(name["octets"]), int(name["wire_octets"])) == sizes
    return Found(name["uid"], digest_of_copy(content, user) if is_true else b"not of that size")
