"""What a dialogue speaks over: the contract between it and a connection."""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol

from mailgate.mail import Reply


class Wire(Protocol):
    """A connection to the smarthost. What waits raises `Trouble` if the connection breaks, an answer does not come in
    time, or it makes no sense.
    """

    def send(self, *commands: str) -> None:
        """Send command lines, without waiting. Each wants one `reply`. Raises `Trouble`, as all that speaks does, if
        the host has said anything that was not asked for.
        """

    def respond(self, response: str) -> None:
        """Answer a challenge of AUTH. Wants one `reply`."""

    async def reply(self) -> Reply:
        """The next reply, in the order of what was sent; the first is the greeting."""

    async def start_tls(self) -> None:
        """Go over to TLS; returns when the handshake is done and the certificate is verified, name and chain."""

    async def content(self, blocks: Generator[bytes, None, None]) -> Reply:
        """Send content with LF line ends, the final dot, and give the reply to that.

        Whatever is raised before the final dot is out, the host never sees it. After that a cancelled wait goes on.
        """
