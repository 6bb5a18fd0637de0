"""What bad clients cost: a gateway is attacked in every way that is listed here, and what it takes is measured.

Run by `make attack`; `--quick` does the same on a small scale (tests/e2e plays it so). Prints a table, and ends with 1
if a figure is over its limit.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Final

from attrs import frozen

from mailgate.development import write_certificate

QUICK = "--quick" in sys.argv
MB: Final = 1_000_000
MIB: Final = 1 << 20
DEADLINE_SECONDS: Final = 1.5 if QUICK else 10.0  # for EHLO
SESSION_SECONDS: Final = 3.0 if QUICK else 60.0
GRACE_SECONDS: Final = 12.0  # the farewell's own deadline (connection.CLOSE_SECONDS), and the machine's noise
PATIENCE_SECONDS: Final = 120.0
ANSWER_SECONDS: Final = 2.0  # in which a good client has to be served meanwhile
CONFIGURATION: Final = f"""
hostname = "mx.example.test"
state = "."
[tls]
certificate = "cert.pem"
key = "key.pem"
[smtp]
listen = ["tcp:0:interface=127.0.0.1"]
[submission]
listen_tls = ["tcp:0:interface=127.0.0.1"]
[limits]
connections = 5000
greeting_timeout = "{DEADLINE_SECONDS}s"
session_timeout = "{SESSION_SECONDS}s"
[log]
level = "warn"
[[handler]]
use = "loop-guard"
"""


@frozen
class Finding:
    """One figure of one attack, and what it may be at most."""

    attack: str
    what: str
    value: float
    most: float
    unit: str

    @property
    def holds(self) -> bool:
        """Is it within its limit?"""
        return self.value <= self.most

    def __str__(self) -> str:
        verdict = "" if self.holds else "   OVER"
        return f"{self.attack:<44}{self.what:<34}{self.value:>10,.2f} {self.unit:<3} (limit {self.most:,.2f}){verdict}"


class Gateway:
    """The gateway under attack."""

    def __init__(self, process: subprocess.Popen[str], directory: Path) -> None:
        self._process = process
        self.directory = directory
        assert process.stdout is not None
        ports = {}
        for line in process.stdout:
            if (found := re.search(r"listening on 127\.0\.0\.1:(\d+) \((\S+)\)", line)) is not None:
                ports[found[2]] = int(found[1])
            if len(ports) == 2:
                break
        else:
            raise SystemExit("the gateway did not start")
        self.smtp, self.smtps = ports["smtp.listen"], ports["submission.listen_tls"]
        while not (directory / "control.sock").exists():
            time.sleep(0.01)  # the last of its sockets: those that come later are the attackers'

    def resident(self, figure: str = "VmRSS") -> float:
        """MB in memory: now, or with "VmHWM" at most so far."""
        text = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(rf"{figure}:\s+(\d+) kB", text)
        assert found is not None
        return int(found[1]) * 1024 / MB

    def sockets(self) -> int:
        """How many it has open."""
        count = 0
        for name in Path(f"/proc/{self._process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                count += os.readlink(name).startswith("socket:")
        return count

    def connect(self, port: int | None = None) -> socket.socket:
        """A client's socket."""
        return socket.create_connection(("127.0.0.1", port or self.smtp), timeout=PATIENCE_SECONDS)

    def serve(self) -> float:
        """Seconds that a good client takes to hand over a message."""
        began = time.perf_counter()
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=PATIENCE_SECONDS) as smtp:
            smtp.sendmail("a@example.org", ["alice@example.test"], b"Subject: hello\r\n\r\nhello\r\n")
        return time.perf_counter() - began


@contextmanager
def gateway() -> Iterator[Gateway]:
    """A gateway in a process and a directory of its own."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "mailgate.toml").write_text(CONFIGURATION)
        write_certificate(name)
        users = directory / "domains" / "example.test" / "users"
        users.parent.mkdir(parents=True)
        users.write_text("alice:{PLAIN}secret\n")
        # The log's own level is "warn"; the ports are told at "info", so the command line has the last word on it.
        command = [sys.executable, "-c", "from twisted.scripts.twistd import run; run()", "-n", "--pidfile="]
        process = subprocess.Popen(
            [*command, "mailgate", "--set", 'log.level="info"'], cwd=directory, stdout=subprocess.PIPE, text=True
        )
        try:
            under_attack = Gateway(process, directory)
            assert process.stdout is not None
            Thread(target=process.stdout.read, daemon=True).start()  # nobody else reads the log
            yield under_attack
        finally:
            process.terminate()
            process.wait()


# What the attacks share.


def scaled(full: int, quick: int) -> int:
    """The size of an attack."""
    return quick if QUICK else full


@contextmanager
def crowd(target: Gateway, clients: int, port: int) -> Iterator[list[socket.socket]]:
    """So many connections."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(target.connect(port)) for _ in range(clients)]


def seconds_to_the_end(sockets: list[socket.socket]) -> float:
    """How long it takes until the server has closed all of them."""
    began = time.perf_counter()
    waiting = {each.fileno(): each for each in sockets}
    poll = select.poll()
    for number in waiting:
        poll.register(number, select.POLLIN)
    while waiting:
        ready = poll.poll((began + PATIENCE_SECONDS - time.perf_counter()) * 1000)
        if not ready:
            raise AssertionError(f"{len(waiting)} connections are still open")
        for number, _ in ready:
            with contextlib.suppress(ConnectionError):
                if waiting[number].recv(65_536):
                    continue
            poll.unregister(number)
            del waiting[number]
    return time.perf_counter() - began


def replies(client: socket.socket, count: int = 1) -> list[bytes]:
    """The last lines of so many replies."""
    stream = client.makefile("rb")
    lines: list[bytes] = []
    while len(lines) < count:
        line = stream.readline()
        if not line:
            raise AssertionError(f"the server has closed the connection after {lines[-1:]}")
        if line[3:4] == b" ":
            lines.append(line)
    return lines


def besieged(attack: str, target: Gateway, sockets: list[socket.socket], before: float, most: float) -> list[Finding]:
    """What connections that stay cost, how a good client fares meanwhile, and that they are gone in time."""
    served = target.serve()
    grown = target.resident() - before
    gone = seconds_to_the_end(sockets)
    return [
        Finding(attack, "memory more", grown, most, "MB"),
        Finding(attack, "a good client is served in", served, ANSWER_SECONDS, "s"),
        Finding(attack, "all are gone after", gone, DEADLINE_SECONDS + GRACE_SECONDS, "s"),
    ]


# The attacks.


def silence(target: Gateway) -> list[Finding]:
    """Half-open sessions: nobody says anything."""
    clients = scaled(1000, 200)
    before = target.resident()
    with crowd(target, clients, target.smtp) as sockets:
        for each in sockets:
            each.recv(512)
        return besieged(f"{clients} silent sessions", target, sockets, before, 50.0)


def half_a_handshake(target: Gateway) -> list[Finding]:
    """Sessions that stop in the TLS handshake, after the ClientHello."""
    clients = scaled(1000, 200)
    outgoing = ssl.MemoryBIO()
    context = ssl.create_default_context()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="mx.example.test").do_handshake()
    hello = outgoing.read()
    before = target.resident()
    with crowd(target, clients, target.smtps) as sockets:
        for each in sockets:
            each.sendall(hello)
        for each in sockets:
            each.recv(512)
        return besieged(f"{clients} handshakes that stop", target, sockets, before, 100.0)


def junk_for_tls(target: Gateway) -> list[Finding]:
    """Noise where TLS is expected."""
    clients = scaled(200, 50)
    before = target.resident()
    with crowd(target, clients, target.smtps) as sockets:
        for each in sockets:
            each.sendall(os.urandom(1024))
        return besieged(f"{clients} times junk for TLS", target, sockets, before, 20.0)


def drop_by_drop(target: Gateway) -> list[Finding]:
    """Clients that send an octet now and then, half of them in a command, half of them as content."""
    clients = scaled(100, 20)
    before = target.resident()
    with crowd(target, clients, target.smtp) as sockets:
        for each in sockets[::2]:
            each.sendall(b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n")
        served = target.serve()
        grown = target.resident() - before
        began = time.perf_counter()
        alive = list(sockets)
        while alive:
            ready, _, _ = select.select(alive, [], [], 0.25)
            alive = [each for each in alive if each not in ready or _goes_on(each)]
            for each in list(alive):
                try:
                    each.sendall(b"x")
                except ConnectionError:
                    alive.remove(each)
        gone = time.perf_counter() - began
    attack = f"{clients} clients, an octet at a time"
    return [
        Finding(attack, "memory more", grown, 20.0, "MB"),
        Finding(attack, "a good client is served in", served, ANSWER_SECONDS, "s"),
        Finding(attack, "all are gone after", gone, SESSION_SECONDS + GRACE_SECONDS, "s"),
    ]


def _goes_on(client: socket.socket) -> bool:
    try:
        return bool(client.recv(65_536))
    except ConnectionError:
        return False


def never_reads(target: Gateway) -> list[Finding]:
    """Clients that want many answers and read none."""
    clients = scaled(50, 10)
    before, open_before = target.resident(), target.sockets()
    demands = b"RCPT TO:<alice@example.test>\r\n" * scaled(500_000, 100_000)
    with crowd(target, clients, target.smtp) as sockets:
        for each in sockets:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            each.sendall(b"EHLO a\r\nMAIL FROM:<>\r\n")
            each.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                each.send(demands)
        served = target.serve()
        grown = target.resident("VmHWM") - before
        began = time.perf_counter()
        # The clients themselves may not learn of it for long: their full buffers keep the reset away from them.
        while target.sockets() > open_before:
            if time.perf_counter() - began > PATIENCE_SECONDS:
                raise AssertionError("they are still there")
            time.sleep(0.05)
        gone = time.perf_counter() - began
    attack = f"{clients} clients that never read"
    return [
        Finding(attack, "memory more", grown, 50.0, "MB"),
        Finding(attack, "a good client is served in", served, ANSWER_SECONDS, "s"),
        Finding(attack, "all are gone after", gone, SESSION_SECONDS + GRACE_SECONDS, "s"),
    ]


def long_line(target: Gateway) -> list[Finding]:
    """A line without an end: as a command, and as content."""
    octets = scaled(1000 * MB, 50 * MB)
    block = b"x" * MIB
    before = target.resident()
    with target.connect() as client:
        for _ in range(octets // MIB):
            client.sendall(block)
        client.sendall(b"\r\n")
        assert replies(client, 2)[1].startswith(b"500 5.5.2 ")
    with target.connect() as client:
        client.sendall(b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n")
        replies(client, 5)
        for _ in range(octets // MIB):
            client.sendall(block)
        client.sendall(b"\r\n.\r\n")
        assert replies(client)[0].startswith(b"552 5.3.4 ")
    grown = target.resident("VmHWM") - before
    return [Finding(f"a line of {octets // MB:,} MB", "memory more, at most", grown, 50.0, "MB")]


def many_recipients(target: Gateway) -> list[Finding]:
    """More recipients than anybody has; those that are accepted get their message."""
    recipients = scaled(100_000, 5_000)
    before = target.resident()
    with target.connect() as client, ThreadPoolExecutor(1) as sender:
        client.sendall(b"EHLO a\r\nMAIL FROM:<>\r\n")
        replies(client, 3)
        began = time.perf_counter()
        sending = sender.submit(client.sendall, b"RCPT TO:<alice@example.test>\r\n" * recipients + b"DATA\r\n")
        said = replies(client, recipients + 1)
        seconds = time.perf_counter() - began
        sending.result()
        assert sum(reply.startswith(b"250 2.1.5 ") for reply in said) == 1000
        assert sum(reply.startswith(b"452 4.5.3 ") for reply in said) == recipients - 1000
        client.sendall(b"Subject: many\r\n\r\n.\r\n")
        assert replies(client)[0].startswith(b"250 2.0.0 ")
    grown = target.resident("VmHWM") - before
    attack = f"{recipients:,} recipients"
    return [
        Finding(attack, "memory more, at most", grown, 50.0, "MB"),
        Finding(attack, "answered in", seconds, 60.0, "s"),
    ]


def large_messages(target: Gateway) -> list[Finding]:
    """Many large messages at once."""
    messages, octets = scaled(100, 20), scaled(25, 5) * MB
    block = (b"x" * 998 + b"\r\n") * 64

    def send(_: int) -> None:
        with target.connect() as client:
            client.sendall(b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n")
            replies(client, 5)
            client.sendall(b"Subject: large\r\n\r\n")
            for _ in range(octets // len(block)):
                client.sendall(block)
            client.sendall(b".\r\n")
            reply = replies(client)[0]
            assert reply.startswith(b"250 "), reply

    with ThreadPoolExecutor(messages) as pool:
        sending = pool.map(send, range(messages))
        served = max(target.serve() for _ in range(3))
        list(sending)
    attack = f"{messages} messages of {octets // MB} MB at once"
    return [
        Finding(attack, "memory in all, at most", target.resident("VmHWM"), 512.0, "MB"),
        Finding(attack, "a good client is served in", served, ANSWER_SECONDS, "s"),
    ]


def large_headers(target: Gateway) -> list[Finding]:
    """Headers that are nearly as large as a message may be; they are kept octet for octet."""
    octets = scaled(25 * MB, 5 * MB)
    long_field = b"X-Long: " + b"\n ".join([b"y" * 70] * (octets // 73)) + b"\n\nbody\n"
    many_fields = b"X: y\n" * (octets // 6) + b"\nbody\n"
    findings = []
    for what, content in (("one field", long_field), ("short fields", many_fields)):
        empty(target)
        wire = content.replace(b"\n", b"\r\n")
        began = time.perf_counter()
        with target.connect() as client:
            client.sendall(b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n")
            replies(client, 5)
            client.sendall(wire + b".\r\n")
            reply = replies(client)[0]
            assert reply.startswith(b"250 "), reply
        seconds = time.perf_counter() - began
        kept = next((target.directory / "mail" / "example.test" / "alice" / "new").iterdir()).read_bytes()
        assert kept.endswith(b"\n" + content), "the header has been changed"
        findings.append(Finding(f"a header of {octets // MB} MB, {what}", "taken in", seconds, 2.0, "s"))
    return findings


def empty(target: Gateway) -> None:
    """Remove what alice has."""
    for message in (target.directory / "mail" / "example.test" / "alice" / "new").glob("*"):
        message.unlink()


ATTACKS: Final[tuple[Callable[[Gateway], list[Finding]], ...]] = (
    silence,
    half_a_handshake,
    junk_for_tls,
    drop_by_drop,
    never_reads,
    long_line,
    many_recipients,
    large_messages,
    large_headers,
)


def main() -> int:
    """All attacks, each on a gateway of its own. Gives the exit status."""
    broken = 0
    for attack in ATTACKS:
        with gateway() as target:
            for finding in attack(target):
                print(finding, flush=True)
                broken += not finding.holds
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
