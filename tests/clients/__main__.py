"""`python -m tests.clients`: every client in every mode against a real gateway, and the tables of what came of it."""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
import sys
import tempfile
from pathlib import Path

from tests.clients.fetch_round import FetchRound
from tests.clients.installing import CannotInstall
from tests.clients.postfix import CannotStart
from tests.clients.round import Round
from tests.clients.table import render, write


def main() -> int:
    """0 if all is well, 1 if a cell failed, 2 if there is something missing that cannot be had."""
    sections, failures = [], []
    with tempfile.TemporaryDirectory(prefix="mailgate-clients-", dir="/var/tmp") as name:
        os.chmod(name, 0o711)  # Postfix's processes go through it under names of their own
        try:
            for begin in (Round, FetchRound):
                directory = Path(name) / begin.__name__.lower()
                directory.mkdir(mode=0o711)
                with contextlib.closing(begin(directory)) as played:
                    played.run()
                    sections.append(played.section())
                    failures += played.failures
        except (CannotInstall, CannotStart) as error:
            sys.stderr.write(f"clients: {error}\n")
            return 2
    where = (
        f"{platform.freedesktop_os_release().get('PRETTY_NAME', platform.system())}, Python {sys.version.split()[0]}"
    )
    text = render(sections, datetime.datetime.now(datetime.UTC).date(), where)
    write(text)
    sys.stdout.write(f"{text}\n")
    for failure in failures:
        sys.stderr.write(f"\nFAILED {failure}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
