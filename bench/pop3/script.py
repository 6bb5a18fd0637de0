"""What a session says, and how each answer is checked."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal

from attrs import frozen

from bench.messages import content, stuffed, stuffed_octets
from bench.pop3.maildrops import DOMAIN, PASSWORD

What = Literal["poll", "fetch", "drain", "stay"]
SAMPLE: Final = 50  # every so many messages one is compared octet for octet

# Is the answer right? It is given whole if `keep`, else as much as came first; and its length.
Check = Callable[[bytearray, int], bool]


@frozen
class Step:
    """A command and its answer, whose status has been looked at when `check` is asked."""

    command: bytes
    multiline: bool = False
    keep: bool = False
    check: Check = lambda answer, octets: True


@lru_cache(10_000)
def script(user: str, what: What, messages: int, octets: int) -> tuple[Step, ...]:
    """A session.

    "poll" looks what there is, "fetch" reads all, "drain" reads and removes all, and "stay" logs in and stays.
    """
    login = Step(f"USER {user}@{DOMAIN}\r\n".encode()), Step(f"PASS {PASSWORD}\r\n".encode())
    return login + _transaction(what, messages, octets)


@lru_cache(8)
def _transaction(what: What, messages: int, octets: int) -> tuple[Step, ...]:
    status = b"+OK %d %d" % (messages, messages * octets)
    stat = Step(b"STAT\r\n", check=lambda answer, _: answer.rstrip() == status)
    if what == "stay":
        return (stat,)
    if what == "poll":
        return stat, _listing(messages, octets), _uids(messages), Step(b"QUIT\r\n")
    steps = [stat]
    for number in range(1, messages + 1):
        steps.append(_retrieval(number, octets))
        if what == "drain":
            steps.append(Step(b"DELE %d\r\n" % number))
    return *steps, Step(b"QUIT\r\n")


def _listing(messages: int, octets: int) -> Step:
    wanted = b"".join(b"%d %d\r\n" % (number, octets) for number in range(1, messages + 1)) + b".\r\n"
    return Step(b"LIST\r\n", True, True, lambda answer, _: _says(answer, wanted))


def _uids(messages: int) -> Step:
    """Servers have UIDs of their own; there must be one for each message."""
    return Step(b"UIDL\r\n", True, True, lambda answer, _: answer.count(b"\r\n") == messages + 2)


def _retrieval(number: int, octets: int) -> Step:
    command = b"RETR %d\r\n" % number
    if number % SAMPLE == 1:
        return Step(command, True, True, lambda answer, _: _says(answer, _sent(number, octets)))
    wanted = stuffed_octets(octets) + 3
    return Step(command, True, False, lambda answer, length: length - _first_line(answer) == wanted)


def _says(answer: bytearray, wanted: bytes) -> bool:
    """Is this what comes after the first line?"""
    return len(answer) - _first_line(answer) == len(wanted) and answer.endswith(wanted)


def _first_line(answer: bytearray) -> int:
    return answer.find(b"\r\n") + 2


@lru_cache(64)
def _sent(number: int, octets: int) -> bytes:
    return stuffed(content(number, octets)) + b".\r\n"
