"""A first look at speed: content parsing alone, and the whole gateway over loopback. mailgate by itself, without peers.

Run by `make bench`. Prints the median of five and the range, and CPU time where that says more than a rate does.
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
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from poplib import POP3

from mailgate.wire.dots import DotReader, DotWriter

RUNS = 5
MESSAGES = 2_000
CLIENTS = 20
BODY = b"Subject: bench\r\n\r\n" + b"All work and no play makes Jack a dull boy.\r\n" * 222  # 10 KB
LARGE = BODY.replace(b"\r\n", b"\r\n..") * 100


def parse() -> float:
    """MB/s of DATA content, in blocks as they come from a socket."""
    blocks = [LARGE[at : at + 65_536] for at in range(0, len(LARGE), 65_536)]
    began = time.process_time()
    for _ in range(50):
        reader = DotReader()
        for block in blocks:
            reader.feed(block)
    return 50 * len(LARGE) / (time.process_time() - began) / 1e6


def stuff() -> float:
    """MB/s of POP3 content."""
    content = LARGE.replace(b"\r\n", b"\n")
    began = time.process_time()
    for _ in range(50):
        writer = DotWriter()
        for at in range(0, len(content), 65_536):
            writer.feed(content[at : at + 65_536])
        writer.finish()
    return 50 * len(content) / (time.process_time() - began) / 1e6


def deliver(port: int) -> float:
    """Durable 10 KB messages a second over 20 connections."""

    def client(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as smtp:
            for _ in range(MESSAGES // CLIENTS):
                smtp.sendmail("a@example.org", [f"user{number}@example.test"], BODY)

    return MESSAGES / _elapsed(client)


def poll(port: int) -> float:
    """POP3 sessions a second: login, STAT, LIST, UIDL, QUIT, each maildrop with what `deliver` left there."""

    def client(number: int) -> None:
        for _ in range(50):
            box = POP3("127.0.0.1", port)
            box.user(f"user{number}@example.test")
            box.pass_("any")
            box.stat(), box.list(), box.uidl()
            box.quit()

    return 50 * CLIENTS / _elapsed(client)


def _elapsed(client: Callable[[int], None]) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    return time.perf_counter() - began


def show(what: str, figures: list[float], unit: str) -> None:
    print(f"{what:<44}{statistics.median(figures):>9,.0f} {unit}   ({min(figures):,.0f} to {max(figures):,.0f})")


def main() -> None:
    print(f"{sys.version.split()[0]} on {sys.platform}; the clients share this machine with the gateway\n")
    show("DATA content parsed, one core", [parse() for _ in range(RUNS)], "MB/s")
    show("POP3 content written, one core", [stuff() for _ in range(RUNS)], "MB/s")
    with tempfile.TemporaryDirectory() as directory:
        command = [
            sys.executable,
            "-c",
            "from twisted.scripts.twistd import run; run()",
            "-n",
            "--pidfile=",
            "mailgate",
        ]
        ports = ["--set", "smtp.listen=tcp:0", "--set", "pop3.listen=tcp:0", "--set", "pop3.listen_tls=[]"]
        gateway = subprocess.Popen(
            [
                *command,
                "-n",
                "--pidfile=",
                "mailgate",
                "--dev",
                *ports,
                "--set",
                "submission.listen=[]",
                "--set",
                f'store.directory="{directory}"',
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert gateway.stdout is not None
        block = "".join(iter(gateway.stdout.readline, "Stop  Ctrl-C\n"))
        smtp, pop3 = (int(port) for port in re.findall(r"^  \w+ +127\.0\.0\.1:(\d+)", block, re.MULTILINE))
        try:
            show("10 KB messages delivered, 20 connections", [deliver(smtp) for _ in range(RUNS)], "messages/s")
            show("POP3 polls, 100 to 500 messages a maildrop", [poll(pop3) for _ in range(RUNS)], "sessions/s")
        finally:
            gateway.terminate()
            gateway.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"\nthe gateway: {used.ru_utime + used.ru_stime:.1f} s of CPU, {used.ru_maxrss / 1024:.0f} MB at most")


if __name__ == "__main__":
    main()
