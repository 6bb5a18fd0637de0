"""How long it takes from the wish for a server until it can be spoken to; it is ended again."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Final

from bench.interpreter import CACHE
from bench.smtp.peers import AIOSMTPD, PEERS
from mailgate.testing import Gateway

READY: Final = Path(__file__).parent / "aiosmtpd_ready.py"
END_SECONDS: Final = 10.0


def start_ours() -> float:
    """Seconds, as a test has them: `Gateway.start()`."""
    gateway = Gateway()
    began = time.perf_counter()
    gateway.start()
    seconds = time.perf_counter() - began
    gateway.stop()
    return seconds


def start_aiosmtpd() -> float:
    """Seconds until it says where it listens."""
    command = [str(CACHE / "aiosmtpd" / "bin" / "python"), str(READY)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - began
        process.communicate(timeout=END_SECONDS)
    if not line.strip().isdigit():
        raise RuntimeError(f"{AIOSMTPD} did not start, and said {line!r}")
    return seconds


def prepare_aiosmtpd() -> str:
    """Its version. Raises `CannotInstall`."""
    (peer,) = (peer for peer in PEERS if peer.name == AIOSMTPD)
    return peer.prepare()
