"""`python -m tests.clients`: every client in every mode against a real gateway, and the table of what came of it."""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
import sys
import tempfile
from pathlib import Path

from tests.clients.installing import CannotInstall
from tests.clients.postfix import CannotStart
from tests.clients.round import Round
from tests.clients.table import render, write


def main() -> int:
    """0 if all is well, 1 if a cell failed, 2 if there is something missing that cannot be had."""
    with tempfile.TemporaryDirectory(prefix="mailgate-clients-", dir="/var/tmp") as name:
        os.chmod(name, 0o711)  # Postfix's processes go through it under a name of their own
        try:
            with contextlib.closing(Round(Path(name))) as played:
                played.run()
        except (CannotInstall, CannotStart) as error:
            sys.stderr.write(f"clients: {error}\n")
            return 2
    where = (
        f"{platform.freedesktop_os_release().get('PRETTY_NAME', platform.system())}, Python {sys.version.split()[0]}"
    )
    today = datetime.datetime.now(datetime.UTC).date()
    text = render(played.clients, played.rows, played.besides, today, where)
    write(text)
    sys.stdout.write(f"{text}\n")
    for failure in played.failures:
        sys.stderr.write(f"\nFAILED {failure}\n")
    return 1 if played.failures else 0


if __name__ == "__main__":
    sys.exit(main())
