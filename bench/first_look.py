"""A first look at speed: content parsing alone, and the whole gateway over loopback. mailgate by itself, without peers.

Run by hand (`python -m bench.first_look`), after a change; `make bench` compares with others. `--quick` only shows that
it runs. Prints the median of five and the range.
"""

from __future__ import annotations

import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from poplib import POP3
from typing import BinaryIO, Final

from attrs import frozen

from bench.interpreter import Interpreter, ours, systems
from bench.processes import cpu_seconds
from mailgate.development import write_certificate
from mailgate.wire.dots import DotReader, DotWriter

QUICK: Final = "--quick" in sys.argv
RUNS: Final = 1 if QUICK else 5
REPEATS: Final = 1 if QUICK else 50
CLIENTS: Final = 20
MESSAGES: Final = CLIENTS if QUICK else 3_000
BODY: Final = b"Subject: bench\r\n\r\n" + b"All work and no play makes Jack a dull boy.\r\n" * 222  # 10 KB
STUFFED: Final = BODY.replace(b"\r\n", b"\r\n..") * 100  # the worst there is: a dot to take away from every line
ROOT: Final = Path(__file__).parents[1]
DOMAIN: Final = "example.test"
PASSWORD: Final = "secret"
CONFIGURATION: Final = """\
hostname = "localhost"
state = "."
[tls]
certificate = "cert.pem"
key = "key.pem"
[smtp]
listen = ["tcp:0:interface=127.0.0.1"]
[pop3]
listen = ["tcp:0:interface=127.0.0.1"]
allow_plaintext = true
[limits]
transactions = 1000000
connections_per_minute = 1000000
[[handler]]
use = "loop-guard"
"""
START_SECONDS: Final = 20.0


@frozen
class Delivered:
    """A run of deliveries."""

    rate: float  # messages a second
    cpu_milliseconds: float  # of the gateway, a message
    slowest_milliseconds: float  # from the final dot to its reply, at the 99th percentile


def parse(content: bytes) -> float:
    """MB/s of DATA content, in blocks as they come from a socket."""
    blocks = [content[at : at + 65_536] for at in range(0, len(content), 65_536)]
    began = time.perf_counter()
    for _ in range(REPEATS):
        reader = DotReader()
        for block in blocks:
            reader.feed(block)
    return REPEATS * len(content) / (time.perf_counter() - began) / 1e6


def stuff() -> float:
    """MB/s of POP3 content."""
    content = STUFFED.replace(b"\r\n", b"\n")
    began = time.perf_counter()
    for _ in range(REPEATS):
        writer = DotWriter()
        for at in range(0, len(content), 65_536):
            writer.feed(content[at : at + 65_536])
        writer.finish()
    return REPEATS * len(content) / (time.perf_counter() - began) / 1e6


def deliver(port: int, process: int) -> Delivered:
    """10 KB messages over 20 connections. The client writes octets as they are: smtplib would cost more than we do."""
    waits: list[float] = []

    def client(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as replies:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            envelope = f"MAIL FROM:<a@example.org>\r\nRCPT TO:<user{number}@{DOMAIN}>\r\nDATA\r\n".encode()
            expect(replies, b"220")
            connection.sendall(b"EHLO client.example.org\r\n")
            expect(replies, b"250")
            for _ in range(MESSAGES // CLIENTS):
                connection.sendall(envelope)
                expect(replies, b"250", b"250", b"354")
                sent = time.perf_counter()
                connection.sendall(BODY + b".\r\n")
                expect(replies, b"250")
                waits.append(time.perf_counter() - sent)

    before = cpu_seconds(process)
    seconds = elapsed(client)
    sent = MESSAGES // CLIENTS * CLIENTS
    return Delivered(
        rate=sent / seconds,
        cpu_milliseconds=(cpu_seconds(process) - before) / sent * 1000,
        slowest_milliseconds=sorted(waits)[len(waits) * 99 // 100] * 1000,
    )


def expect(replies: BinaryIO, *codes: bytes) -> None:
    """Read so many replies; anything but these codes ends the run."""
    for code in codes:
        while (line := replies.readline())[3:4] == b"-":
            pass
        if not line.startswith(code):
            raise SystemExit(f"expected {code!r}, got {line!r}")


def poll(port: int) -> float:
    """POP3 sessions a second: login, STAT, LIST, UIDL, QUIT, each maildrop with what `deliver` left there."""

    def client(number: int) -> None:
        for _ in range(REPEATS):
            box = POP3("127.0.0.1", port)
            box.user(f"user{number}@{DOMAIN}")
            box.pass_(PASSWORD)
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
def gateway(
    python: Interpreter, directory: str, module: str = "twisted.scripts.twistd"
) -> Iterator[tuple[int, int, int]]:
    """A gateway as an organisation runs it, in a process of its own, with all it has in a new directory there.

    Gives its ports for SMTP and POP3, and its process id.
    """
    home = Path(tempfile.mkdtemp(dir=directory))
    write_certificate(str(home))
    (home / "mailgate.toml").write_text(CONFIGURATION)
    users = home / "domains" / DOMAIN / "users"
    users.parent.mkdir(parents=True)
    users.write_text("".join(f"user{number}:{{PLAIN}}{PASSWORD}\n" for number in range(CLIENTS)))
    with (home / "log").open("w+") as log:  # a pipe that nobody empties would stop it
        process = subprocess.Popen(
            python.twistd(module),
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=home,
            env={**os.environ, **python.environment},
        )
        try:
            smtp, pop3 = _ports(process, home / "log")
            yield smtp, pop3, process.pid
        finally:
            process.terminate()
            process.wait()


def _ports(process: subprocess.Popen[bytes], log: Path) -> tuple[int, ...]:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        if len(ports := re.findall(r"listening on 127\.0\.0\.1:(\d+) \(", log.read_text())) == 2:
            return tuple(map(int, ports))
        time.sleep(0.01)
    raise SystemExit(f"the gateway did not start: {log.read_text()}")


def show(what: str, figures: list[float], unit: str, digits: int = 0) -> None:
    """A line: the median and the range."""
    median, least, most = (
        f"{figure:,.{digits}f}" for figure in (statistics.median(figures), min(figures), max(figures))
    )
    print(f"{what:<48}{median:>9} {unit}   ({least} to {most})")


def show_delivered(what: str, runs: list[Delivered]) -> None:
    """Three lines."""
    show(f"10 KB messages over 20 connections, {what}", [run.rate for run in runs], "messages/s")
    show("  CPU of the gateway", [run.cpu_milliseconds for run in runs], "ms a message", 2)
    show("  from the final dot to its reply, 99 of 100", [run.slowest_milliseconds for run in runs], "ms", 1)


def main() -> None:
    """All figures."""
    python = ours() if QUICK else systems()
    print(f"the gateway on Python {python.about}; the clients (Python threads) share this machine\n")
    show("DATA content parsed, one core", [parse(BODY * 100) for _ in range(RUNS)], "MB/s")
    show("  a stuffed dot on every line", [parse(STUFFED) for _ in range(RUNS)], "MB/s")
    show("POP3 content written, one core", [stuff() for _ in range(RUNS)], "MB/s")
    # Nothing is deleted before the end: ext4 is many times slower at making files where some were deleted lately.
    with tempfile.TemporaryDirectory() as mail:
        with gateway(python, mail, "bench.unsynced") as (smtp, _, process):
            deliver(smtp, process)  # makes the maildrops
            show_delivered("never synced", [deliver(smtp, process) for _ in range(RUNS)])
        with gateway(python, mail) as (smtp, pop3, process):
            deliver(smtp, process)
            show_delivered("durable", [deliver(smtp, process) for _ in range(RUNS)])
            show("POP3 polls, as many messages as came so far", [poll(pop3) for _ in range(RUNS)], "sessions/s")


if __name__ == "__main__":
    main()
