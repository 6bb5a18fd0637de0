"""A terminal for clients that want one."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Final

SIZE: Final = {"COLUMNS": "120", "LINES": "40"}


def at_a_terminal(words: Sequence[str], environment: Mapping[str, str], seconds: float) -> tuple[int | None, bytes]:
    """Run a program; give its exit code, None if it had to be ended after so long, and what it has shown."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            words,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**environment, **SIZE},
            start_new_session=True,
        )
        os.close(theirs)
        return _watch(process, ours, seconds)
    finally:
        os.close(ours)


def _watch(process: subprocess.Popen[bytes], terminal: int, seconds: float) -> tuple[int | None, bytes]:
    shown = b""
    deadline = time.monotonic() + seconds
    try:
        while (left := deadline - time.monotonic()) > 0:
            if select.select([terminal], [], [], left)[0]:
                try:
                    shown += os.read(terminal, 65_536)
                except OSError:  # Linux says EIO when nobody has the other end any more
                    return process.wait(seconds), shown
        return None, shown
    finally:
        process.kill()
        process.wait()
