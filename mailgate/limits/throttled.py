"""What a throttle raises."""

from __future__ import annotations


class Throttled(Exception):
    """A login is refused without a look at its password. The message says why, for the log; the wire hears "later"."""
