"""What a machine tells its server to do for one reply."""

from __future__ import annotations

import enum
from collections.abc import AsyncGenerator
from typing import NamedTuple


class After(enum.Enum):
    """What comes when the reply has been written."""

    GO_ON = enum.auto()
    START_TLS = enum.auto()
    CLOSE = enum.auto()


class Output(NamedTuple):
    """Octets to write at once, then, if there is a body, its blocks as fast as the peer reads them."""

    octets: bytes
    after: After = After.GO_ON
    body: AsyncGenerator[bytes, None] | None = None
