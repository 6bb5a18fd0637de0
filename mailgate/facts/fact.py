"""What all facts have in common."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Fact:
    """What all facts have; the Bulletin fills it in."""

    at: float = 0.0  # Unix time, seconds
    node: str = ""  # which gateway

    def stamp(self, at: float, node: str) -> None:
        """Fill it in, before anybody has seen the fact. To make a copy that has it takes longer than all readers do."""
        object.__setattr__(self, "at", at)
        object.__setattr__(self, "node", node)
