"""A text file as lines with their ends. What is not edited keeps every octet: comments, blank lines, CRLF, the lack of
a newline at the end. Lines are counted from 1 and end with LF alone, as the parsers have it.

Whose last line goes is left with a blank one. A file without an octet is what editors show for an instant when they
save, so a gateway waits before it believes one (`accounts.watched`); and what was taken away is to count at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

EMPTIED: Final = "\n"


def with_line(text: str, line: str) -> str:
    """`text` and one line more, which ends as those before."""
    if text == EMPTIED:
        return f"{line}\n"
    end = "\r\n" if text[: text.find("\n") + 1].endswith("\r\n") else "\n"
    gap = "" if not text or text.endswith("\n") else end
    return f"{text}{gap}{line}{end}"


def with_changed_line(text: str, number: int, change: Callable[[str], str]) -> str:
    """`text` in which one line is as `change` makes it; that is given the line without its end."""
    lines = _cut(text)
    content = lines[number - 1].rstrip("\r\n")
    lines[number - 1] = change(content) + lines[number - 1][len(content) :]
    return "".join(lines)


def without_lines(text: str, numbers: Collection[int]) -> str:
    """`text` without these lines, and never nothing."""
    left = "".join(line for number, line in enumerate(_cut(text), 1) if number not in numbers)
    return left or EMPTIED


def _cut(text: str) -> list[str]:
    *ended, last = text.split("\n")
    return [*(f"{line}\n" for line in ended), last]


def line_of(where: str) -> int:
    """The number in a place such as `users:7`."""
    return int(where.rpartition(":")[2])
