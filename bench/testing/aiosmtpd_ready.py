"""aiosmtpd as a server for tests: one port that takes mail and forgets it. Tells the port, ends with standard input.

Run by the bench in a virtual environment that has aiosmtpd and nothing of ours.
"""

from __future__ import annotations

import asyncio
import sys

from aiosmtpd.handlers import Sink  # type: ignore[import-not-found]  # it is not in our environment
from aiosmtpd.smtp import SMTP  # type: ignore[import-not-found]


async def serve() -> None:
    """Until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink(), hostname="localhost"), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
