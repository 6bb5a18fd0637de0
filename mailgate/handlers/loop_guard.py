"""Refuses messages that have passed too many hosts: they travel in a circle (RFC 5321 6.3)."""

from __future__ import annotations

from typing import Final

from zope.interface import implementer

from mailgate.interfaces import IMessageHandler, IRehearsal
from mailgate.mail import BLOCK_OCTETS, PASS, Body, Message, Refused, Reply, Verdict
from mailgate.wire.header import HeaderScanner

MAX_HOPS: Final = 100  # RFC 5321 6.3: simple counting wants a threshold of at least 100


@implementer(IMessageHandler, IRehearsal)
class LoopGuard:
    """Counts the Received fields that a message came with, as every host it passed has put one on it."""

    def __init__(self, max_hops: int = MAX_HOPS) -> None:
        """`max_hops`: the most Received fields that may be there. Raises ValueError below 1."""
        if type(max_hops) is not int or max_hops < 1:  # TOML gives what somebody wrote; true is no number
            raise ValueError("max_hops is a whole number, at least 1")
        self._max_hops = max_hops

    def handle(self, message: Message) -> Verdict:
        if self._may_be_too_many(message.body):
            self._check(message)
        return PASS

    def rehearse(self, message: Message) -> str:
        """As `IRehearsal` has it."""
        return f"passes it: {self._check(message)} hops, and {self._max_hops} are the limit"

    def _may_be_too_many(self, body: Body) -> bool:
        """Has the header as many lines as there may be hops? Most have a tenth of that, and nobody need read them."""
        if body.content is None or body.lines < self._max_hops:
            return body.lines >= self._max_hops
        end = body.content.find(b"\n\n")
        return body.content.count(b"\n", 0, end if end >= 0 else len(body.content)) + 1 > self._max_hops

    def _check(self, message: Message) -> int:
        """How many hops there were. Raises `Refused` if there were too many."""
        header = HeaderScanner()
        with message.body.open() as stream:
            while not header.done and (block := stream.read(BLOCK_OCTETS)):
                header.feed(block)
        if header.hops > self._max_hops:
            raise Refused(Reply(554, "5.4.6", "Too many hops: the message goes in circles"))
        return header.hops
