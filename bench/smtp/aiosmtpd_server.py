"""aiosmtpd with a few lines that write a Maildir: tmp, fsync, rename, fsync of the directory; in asyncio's own pool.

Run by the bench in a virtual environment that has aiosmtpd and nothing of ours. Arguments: port, directory of the
maildrops, certificate, key.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import ssl
import sys
import time
from typing import Any

from aiosmtpd.smtp import SMTP  # type: ignore[import-not-found]  # it is not in our environment

_count = itertools.count()


class Maildir:
    """What aiosmtpd calls a handler."""

    def __init__(self, mail: str) -> None:
        self._mail = mail
        self._open: dict[str, int] = {}  # the directories that are synced

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        loop = asyncio.get_running_loop()
        await asyncio.gather(
            *(loop.run_in_executor(None, self._deliver, address, envelope.content) for address in envelope.rcpt_tos)
        )
        return "250 kept"

    def _deliver(self, address: str, content: bytes) -> None:
        user, _, domain = address.partition("@")
        home = f"{self._mail}/{domain}/{user}"
        if home not in self._open:
            for folder in ("tmp", "new", "cur"):
                os.makedirs(f"{home}/{folder}", exist_ok=True)
            self._open[home] = os.open(f"{home}/new", os.O_RDONLY | os.O_DIRECTORY)
        name = f"{time.time():.0f}.{os.getpid()}_{next(_count)}.bench"
        with open(f"{home}/tmp/{name}", "xb", buffering=0) as file:
            file.write(content)
            os.fsync(file.fileno())
        os.rename(f"{home}/tmp/{name}", f"{home}/new/{name}")
        os.fsync(self._open[home])


async def serve(port: int, mail: str, certificate: str, key: str) -> None:
    """Until somebody ends us."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    handler = Maildir(mail)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, hostname="localhost", tls_context=tls), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), *sys.argv[2:]))
