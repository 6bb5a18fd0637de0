"""What all facts have in common."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Fact:
    """What all facts have; the Bulletin fills it in."""

    at: float = 0.0  # Unix time, seconds
    node: str = ""  # which gateway
