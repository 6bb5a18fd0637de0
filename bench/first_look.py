"""A first look at speed: content parsing alone, and the whole gateway over loopback. mailgate by itself, without peers.

Run by `make bench`; `--quick` only shows that it runs. Prints the median of five and the range.
"""

from __future__ import annotations

import re
import resource
import smtplib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from poplib import POP3

from mailgate.wire.dots import DotReader, DotWriter

QUICK = "--quick" in sys.argv
RUNS = 1 if QUICK else 5
REPEATS = 1 if QUICK else 50
CLIENTS = 20
MESSAGES = CLIENTS if QUICK else 2_000
BODY = b"Subject: bench\r\n\r\n" + b"All work and no play makes Jack a dull boy.\r\n" * 222  # 10 KB
LARGE = BODY.replace(b"\r\n", b"\r\n..") * 100


def parse() -> float:
    """MB/s of DATA content, in blocks as they come from a socket."""
    blocks = [LARGE[at : at + 65_536] for at in range(0, len(LARGE), 65_536)]
    began = time.perf_counter()
    for _ in range(REPEATS):
        reader = DotReader()
        for block in blocks:
            reader.feed(block)
    return REPEATS * len(LARGE) / (time.perf_counter() - began) / 1e6


def stuff() -> float:
    """MB/s of POP3 content."""
    content = LARGE.replace(b"\r\n", b"\n")
    began = time.perf_counter()
    for _ in range(REPEATS):
        writer = DotWriter()
        for at in range(0, len(content), 65_536):
            writer.feed(content[at : at + 65_536])
        writer.finish()
    return REPEATS * len(content) / (time.perf_counter() - began) / 1e6


def deliver(port: int) -> float:
    """Durable 10 KB messages a second over 20 connections."""

    def client(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as smtp:
            for _ in range(MESSAGES // CLIENTS):
                smtp.sendmail("a@example.org", [f"user{number}@example.test"], BODY)

    return MESSAGES / elapsed(client)


def poll(port: int) -> float:
    """POP3 sessions a second: login, STAT, LIST, UIDL, QUIT, each maildrop with what `deliver` left there."""

    def client(number: int) -> None:
        for _ in range(REPEATS):
            box = POP3("127.0.0.1", port)
            box.user(f"user{number}@example.test")
            box.pass_("any")
            box.stat(), box.list(), box.uidl()
            box.quit()

    return REPEATS * CLIENTS / elapsed(client)


def elapsed(client: Callable[[int], None]) -> float:
    """Seconds that 20 of the client take side by side."""
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    return time.perf_counter() - began


@contextmanager
def gateway() -> Iterator[tuple[int, int]]:
    """A gateway of its own process; gives its ports for SMTP and POP3."""
    twistd = [sys.executable, "-c", "from twisted.scripts.twistd import run; run()"]
    only = ["--set", "pop3.listen_tls=[]", "--set", "submission.listen=[]"]
    ports = ["--set", "smtp.listen=tcp:0", "--set", "pop3.listen=tcp:0", *only]
    with tempfile.TemporaryDirectory() as mail:
        words = ["-n", "--pidfile=", "mailgate", "--dev", "--keep=no", "--set", f'store.directory="{mail}"', *ports]
        process = subprocess.Popen([*twistd, *words], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            block = ""
            for line in process.stdout:
                block += line
                if line.startswith("Stop"):
                    break
            else:
                raise SystemExit(f"the gateway did not start: {block}")
            smtp, pop3 = re.findall(r"^  \w+ +127\.0\.0\.1:(\d+)", block, re.MULTILINE)
            yield int(smtp), int(pop3)
        finally:
            process.terminate()
            process.wait()


def show(what: str, figures: list[float], unit: str) -> None:
    """A line: the median and the range."""
    print(f"{what:<44}{statistics.median(figures):>9,.0f} {unit}   ({min(figures):,.0f} to {max(figures):,.0f})")


def main() -> None:
    """All figures."""
    print(f"{sys.version.split()[0]} on {sys.platform}; the clients (Python threads) share this machine\n")
    show("DATA content parsed, one core", [parse() for _ in range(RUNS)], "MB/s")
    show("POP3 content written, one core", [stuff() for _ in range(RUNS)], "MB/s")
    with gateway() as (smtp, pop3):
        show("10 KB messages delivered, 20 connections", [deliver(smtp) for _ in range(RUNS)], "messages/s")
        show("POP3 polls, as many messages as came so far", [poll(pop3) for _ in range(RUNS)], "sessions/s")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"\nthe gateway: {used.ru_utime + used.ru_stime:.1f} s of CPU, {used.ru_maxrss / 1024:.0f} MB at most")


if __name__ == "__main__":
    main()
