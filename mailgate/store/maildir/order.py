"""What a batch is to write, as plain values that can go to another process."""

from __future__ import annotations

from attrs import frozen


@frozen
class Order:
    """Copies of one message that are to be written into `tmp`."""

    unique: str  # the part of the files' names before the comma
    smtputf8: bool
    heads: tuple[tuple[str, bytes], ...]  # a copy each: the maildrop, and the fields that only it has
    rest: bytes  # what follows in each of them
