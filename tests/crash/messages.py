"""The messages of a campaign: made from a seed and a name, recognised by a digest, never kept."""

from __future__ import annotations

import hashlib
from random import Random
from typing import Final

from attrs import frozen

DOMAIN: Final = "example.test"
USERS: Final = tuple(f"{name}@{DOMAIN}" for name in ("ann", "ben", "cat", "dan", "eve", "fay", "gus", "hal"))
PASSWORD: Final = "a password"
SMALLEST_OCTETS: Final = 1_000
LARGEST_OCTETS: Final = 1_000_000
_SIZES: Final = ((0.60, 4_000), (0.92, 32_000), (0.98, 128_000), (1.0, LARGEST_OCTETS))  # below that chance, up to that
_LINE_OCTETS: Final = 78
_POOL_LINES: Final = 2 * LARGEST_OCTETS // _LINE_OCTETS
_LETTERS: Final = (bytes(range(0x21, 0x7F)) + bytes(range(0xC0, 0x100)) + b" \t." * 40)[:256]  # one for each octet
_SUBJECT: Final = b"Subject: crash "
_MANY: Final = 6  # recipients


@frozen
class Plan:
    """A message that is to be sent."""

    name: str
    recipients: tuple[str, ...]
    octets: int  # about
    offset: int  # in the pool


class Pool:
    """Lines to make contents of: 8 bits, some with a dot in front, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        random = Random(seed)
        self._octets = b"".join(_line(random) for _ in range(_POOL_LINES))

    def content(self, plan: Plan) -> bytes:
        """The message, with CRLF line ends."""
        start = plan.offset * _LINE_OCTETS
        lines = max(plan.octets // _LINE_OCTETS, 1)
        head = b"%s%s\r\nFrom: <sender@example.org>\r\n\r\n" % (_SUBJECT, plan.name.encode())
        return head + self._octets[start : start + lines * _LINE_OCTETS] + b"The end.\r\n"


def draw(random: Random, name: str) -> Plan:
    """A message of any size, to somebody."""
    chance, smallest = random.random(), SMALLEST_OCTETS
    for limit, largest in _SIZES:
        if chance < limit:
            break
        smallest = largest
    octets = random.randint(smallest, largest)
    count = random.choices((1, random.randint(2, 3), random.randint(4, _MANY)), (75, 20, 5))[0]
    recipients = tuple(sorted(random.sample(USERS, count)))
    return Plan(name, recipients, octets, random.randrange(_POOL_LINES // 2))


def digest_of(content: bytes) -> bytes:
    """By which a message is known, whatever its line ends."""
    return hashlib.blake2b(content.replace(b"\r\n", b"\n"), digest_size=16).digest()


def digest_of_copy(copy: bytes, user: str) -> bytes:
    """The same for what a user has of it, with LF line ends: the fields that the gateway put in front do not count.

    Of a copy that is not his, or that has no beginning, it is not the digest of any message.
    """
    head, subject, rest = copy.partition(b"\n" + _SUBJECT)
    if f"Delivered-To: {user}".encode() not in head.split(b"\n"):
        return b"not his: " + digest_of(copy)
    return digest_of(subject[1:] + rest)


def _line(random: Random) -> bytes:
    return random.randbytes(_LINE_OCTETS - 2).translate(_LETTERS) + b"\r\n"
