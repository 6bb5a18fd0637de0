"""Did the content come back as it was sent? Compared octet by octet, and never as parsed messages."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from itertools import takewhile
from typing import Final

from attrs import frozen

EXCERPT_OCTETS: Final = 32


@frozen
class Proof:
    """The comparison of one message. Octets and digests are of the content as sent, and of what came back behind the
    fields that mailgate put in front.
    """

    sent_octets: int
    sent_digest: str  # SHA-256, hexadecimal
    returned_octets: int
    returned_digest: str
    front: bytes  # what mailgate put in front
    names: tuple[str, ...]  # of the fields in it
    difference: str  # where they part; empty if they do not

    @property
    def intact(self) -> bool:
        """Are they the same, octet for octet?"""
        return (self.sent_octets, self.sent_digest) == (self.returned_octets, self.returned_digest)


def compare(sent: bytes, fetched: bytes, added: Collection[str]) -> Proof:
    """Hold what was handed to SMTP beside what POP3 gave; `added` are the names of the fields that may be in front.

    `sent` must not itself begin with one of these.
    """
    front, names = _front(fetched, {name.lower() for name in added})
    returned = fetched[len(front) :]
    return Proof(
        sent_octets=len(sent),
        sent_digest=sha256(sent).hexdigest(),
        returned_octets=len(returned),
        returned_digest=sha256(returned).hexdigest(),
        front=front,
        names=names,
        difference="" if sent == returned else _difference(sent, returned),
    )


def _front(fetched: bytes, added: Collection[str]) -> tuple[bytes, tuple[str, ...]]:
    """The fields at the top whose names are among `added`, folded lines included."""
    octets, names, ours = 0, [], False
    for line in fetched.splitlines(keepends=True):
        if not (ours and line.startswith((b" ", b"\t"))):
            name = line.partition(b":")[0].decode("ascii", "replace")
            ours = name.lower() in added
            if not ours:
                break
            names.append(name)
        octets += len(line)
    return fetched[:octets], tuple(names)


def _difference(sent: bytes, returned: bytes) -> str:
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(sent, returned, strict=False)))
    line = sent.count(b"\n", 0, same) + 1
    begin = max(same - EXCERPT_OCTETS // 4, 0)
    was, came = (content[begin : begin + EXCERPT_OCTETS] for content in (sent, returned))
    return (
        f"{len(sent):,} octets were sent, {len(returned):,} came back; they part at octet {same:,}, in line {line:,}: "
        f"sent {was!r}, came back {came!r}"
    )
