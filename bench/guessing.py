"""A brute-force run: 10,000 guessed passwords from several addresses, beside users who only want their mail.

`make guess`. The gateway runs in a process of its own, as an organisation runs it; all traffic is on loopback, where
each address counts as a network. It takes about a minute, and ends with status 1 if what is promised does not hold.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import poplib
import re
import smtplib
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from attrs import field, frozen, mutable

from bench.processes import peak_megabytes, pss_megabytes
from bench.servers import Server, running
from mailgate.accounts.passwords import hash_password
from mailgate.development import write_certificate

GUESSES: Final = 10_000
RUN_SECONDS: Final = 90.0  # and no longer, however many are left
PAUSE_SECONDS: Final = 1.2  # between the sessions of a thread, so that it takes a minute
ATTACKERS: Final = tuple(f"127.0.0.{number}" for number in range(2, 10))
THREADS: Final = 6  # of each
SESSION_GUESSES: Final = 5  # then the server ends it
ACCOUNTS: Final = tuple(f"user{number}" for number in range(20))
BEHIND: Final = ATTACKERS[0]  # alice's own address is one of those that guess
ELSEWHERE: Final = "127.0.0.200"  # where alice never was
POLL_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 30.0
PASSWORD: Final = "correct horse battery"

MAX_POLL_SECONDS: Final = 1.0
MAX_NEWCOMER_SECONDS: Final = 15.0  # the longest delay, and a login
MAX_LOOKS: Final = 10  # within ten seconds, once the first guesses are used up
FIRST_TENS: Final = 4  # which takes half a minute
MAX_GROWTH_MEGABYTES: Final = 10.0

CONFIGURATION: Final = """\
hostname = "mx.example.test"
state = "."
[tls]
certificate = "cert.pem"
key = "key.pem"
[pop3]
listen = ["tcp:0:interface=127.0.0.1"]
allow_plaintext = true
[submission]
listen = ["tcp:0:interface=127.0.0.1"]
allow_plaintext = true
"""
TEN_SECONDS: Final = len("2026-11-23T16:36:2")  # of a time in the log
TWISTD: Final = (sys.executable, "-c", "from twisted.scripts.twistd import run; run()", "-n", "--pidfile=", "mailgate")
_LISTENING: Final = re.compile(r"listening on 127\.0\.0\.1:(\d+) \((\S+)\)")
_FAILED: Final = re.compile(r"^(\S+) warn login (failed|throttled): client (\S+), ", re.MULTILINE)


@mutable
class Tale:
    """What the run came to."""

    guesses: Counter[str] = field(factory=Counter)  # by what was answered
    polls: list[float] = field(factory=list)  # seconds each
    trouble: list[str] = field(factory=list)
    newcomer_seconds: float = 0.0
    over: threading.Event = field(factory=threading.Event)
    lock: threading.Lock = field(factory=threading.Lock)


@frozen
class Target:
    """Where to guess."""

    pop3: int
    submission: int


# The guessers.


def guesses(source: int) -> Iterator[tuple[str, str]]:
    """Names and passwords, without end: alice's account, other accounts, and names that nobody has."""
    for number in itertools.count():
        names = ("alice", ACCOUNTS[number % len(ACCOUNTS)], f"nobody{number % 500}")
        yield f"{names[number % 3]}@example.test", f"guess {source} {number}"


def attack(target: Target, address: str, supply: Iterator[tuple[str, str]], left: Iterator[int], tale: Tale) -> None:
    """Guess until no guess is left, or time is up; by POP3 and SMTP in turn."""
    for session in itertools.cycle((guess_by_pop3, guess_by_smtp)):
        with tale.lock:
            batch = [next(supply) for _ in itertools.islice(left, SESSION_GUESSES)]
        if not batch or tale.over.is_set():
            return
        try:
            session(target, address, batch, tale)
        except OSError as error:
            with tale.lock:
                tale.guesses[f"no answer: {type(error).__name__}"] += 1
        tale.over.wait(PAUSE_SECONDS)


def guess_by_pop3(target: Target, address: str, batch: Sequence[tuple[str, str]], tale: Tale) -> None:
    """One session."""
    with dialogue(target.pop3, address) as say:
        say(None)
        for name, password in batch:
            say(f"USER {name}")
            note(say(f"PASS {password}"), tale)


def guess_by_smtp(target: Target, address: str, batch: Sequence[tuple[str, str]], tale: Tale) -> None:
    """One session."""
    with dialogue(target.submission, address) as say:
        say(None)
        reply = say("EHLO guesser.example")
        while reply[3:4] == "-":
            reply = say(None)
        for name, password in batch:
            note(say("AUTH PLAIN " + base64.b64encode(f"\0{name}\0{password}".encode()).decode()), tale)


@contextlib.contextmanager
def dialogue(port: int, address: str) -> Iterator[Callable[[str | None], str]]:
    """Says a line, or nothing, and gives the line that comes back. Raises OSError when there is none."""
    with (
        socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS, (address, 0)) as connection,
        connection.makefile("rb") as lines,
    ):

        def say(line: str | None) -> str:
            if line is not None:
                connection.sendall(line.encode() + b"\r\n")
            if not (answer := lines.readline()):
                raise ConnectionError("closed")
            return answer.decode()

        yield say


def note(reply: str, tale: Tale) -> None:
    """Count what was answered."""
    words = reply.split("]")[0] + "]" if reply.startswith("-ERR [") else reply[:9]
    with tale.lock:
        tale.guesses[words.strip()] += 1
        if reply.startswith(("+OK", "235")):
            tale.trouble.append(f"a guess was let in: {reply}")


# The users.


def poll(target: Target, address: str) -> float:
    """Log in, look, log out; give the seconds that it took. Raises `poplib.error_proto` and OSError."""
    began = time.perf_counter()
    client = Mailbox(target.pop3, address)
    client.user("alice@example.test")
    client.pass_(PASSWORD)
    client.stat()
    client.quit()
    return time.perf_counter() - began


class Mailbox(poplib.POP3):
    """poplib's client, from an address of our choice."""

    def __init__(self, port: int, address: str) -> None:
        self._address = address
        super().__init__("127.0.0.1", port, PATIENCE_SECONDS)

    def _create_socket(self, timeout: float) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout, (self._address, 0))


def be_alice(target: Target, tale: Tale) -> None:
    """Poll every second, from behind an address that guesses."""
    while not tale.over.is_set():
        try:
            tale.polls.append(poll(target, BEHIND))
        except (OSError, poplib.error_proto) as error:
            tale.trouble.append(f"alice did not get in: {error}")
        tale.over.wait(POLL_SECONDS)


def be_elsewhere(target: Target, tale: Tale) -> None:
    """Once, in the midst of it, log in from where alice never was; send something from there, too."""
    tale.over.wait(RUN_SECONDS / 6)
    try:
        tale.newcomer_seconds = poll(target, ELSEWHERE)
        with smtplib.SMTP(
            "127.0.0.1", target.submission, timeout=PATIENCE_SECONDS, source_address=(ELSEWHERE, 0)
        ) as smtp:
            smtp.login("alice@example.test", PASSWORD)
            smtp.sendmail("alice@example.test", ["alice@example.test"], b"Subject: hello\r\n\r\nhello\r\n")
    except (OSError, poplib.error_proto, smtplib.SMTPException) as error:
        tale.trouble.append(f"alice did not get in from elsewhere: {error}")


# The run.


def run(target: Target) -> tuple[Tale, float]:
    """Everybody at once; give what came of it, and how many seconds it took."""
    tale, left = Tale(), iter(range(GUESSES))
    users = [threading.Thread(target=each, args=(target, tale)) for each in (be_alice, be_elsewhere)]
    attackers = []
    for number, address in enumerate(ATTACKERS):
        supply = guesses(number)
        attackers += [
            threading.Thread(target=attack, args=(target, address, supply, left, tale)) for _ in range(THREADS)
        ]
    began = time.monotonic()
    for thread in (*users, *attackers):
        thread.start()
    for thread in attackers:
        thread.join(max(0.0, began + RUN_SECONDS - time.monotonic()))
    seconds = time.monotonic() - began
    tale.over.wait(max(0.0, RUN_SECONDS / 3 - seconds))  # alice has to get in for a while, however fast they were
    tale.over.set()
    for thread in (*users, *attackers):
        thread.join(PATIENCE_SECONDS)
    return tale, seconds


def looks(said: str) -> list[int]:
    """How many wrong passwords were looked at, in each ten seconds from the first one on."""
    tens = Counter(when[:TEN_SECONDS] for when, how, _ in _FAILED.findall(said))
    looked = Counter(when[:TEN_SECONDS] for when, how, _ in _FAILED.findall(said) if how == "failed")
    return [looked[ten] for ten in sorted(tens)]


def warm_up(target: Target) -> None:
    """Have the gateway load and allocate what any login wants: alice's, and a typing mistake at every thread."""
    tale = Tale()
    mistakes = [
        threading.Thread(target=guess, args=(target, "127.0.0.100", [("user0@example.test", "a slip")], tale))
        for guess in (guess_by_pop3, guess_by_smtp) * 4
    ]
    for thread in mistakes:
        thread.start()
    for thread in mistakes:
        thread.join()
    poll(target, BEHIND)  # alice was here today


@contextlib.contextmanager
def gateway(directory: Path) -> Iterator[Server]:
    """With alice, and others who are never there."""
    (directory / "mailgate.toml").write_text(CONFIGURATION)
    write_certificate(str(directory))
    users = directory / "domains" / "example.test" / "users"
    users.parent.mkdir(parents=True)
    secret = hash_password(PASSWORD)
    users.write_text("".join(f"{name}:{secret}\n" for name in ("alice", *ACCOUNTS)))
    with running("mailgate", TWISTD, directory, _ports) as server:
        yield server


def _ports(said: str) -> tuple[int, int] | None:
    ports = {name: int(port) for port, name in _LISTENING.findall(said)}
    return (ports["pop3.listen"], ports["submission.listen"]) if len(ports) == 2 else None


def main() -> int:
    """Run it and tell; the exit status."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with gateway(directory) as server:
            target = Target(server.clear, server.tls)
            warm_up(target)
            before = pss_megabytes(server.pid)
            tale, seconds = run(target)
            after, peak = pss_megabytes(server.pid), peak_megabytes(server.pid)
            said = (directory / "said").read_text()
    return tell(tale, seconds, looks(said), (before, after, peak))


def tell(tale: Tale, seconds: float, looked: Sequence[int], memory: tuple[float, float, float]) -> int:
    """Print the figures; 1 if one of them is over its limit."""
    before, after, peak = memory
    total = sum(tale.guesses.values())
    worst = max(tale.polls, default=PATIENCE_SECONDS)
    print(f"{total} guesses from {len(ATTACKERS)} addresses in {seconds:.0f} s, by what was answered:")
    for words, count in tale.guesses.most_common():
        print(f"  {count:>6}  {words}")
    print(f"passwords looked at, in every 10 s: {', '.join(map(str, looked))}; {sum(looked)} in all")
    print(f"alice behind {BEHIND}: {len(tale.polls)} polls, the slowest {worst:.2f} s (limit {MAX_POLL_SECONDS} s)")
    print(f"alice from {ELSEWHERE}, for the first time: {tale.newcomer_seconds:.1f} s (limit {MAX_NEWCOMER_SECONDS} s)")
    print(f"memory: {before:.1f} MB before, {after:.1f} MB after, {peak:.1f} MB at most")
    faults = list(dict.fromkeys(tale.trouble))
    faults += ["a poll was slow"] if worst > MAX_POLL_SECONDS else []
    faults += ["the newcomer waited too long"] if tale.newcomer_seconds > MAX_NEWCOMER_SECONDS else []
    faults += ["memory grew"] if after - before > MAX_GROWTH_MEGABYTES else []
    faults += ["guesses did not become few"] if max(looked[FIRST_TENS:], default=0) > MAX_LOOKS else []
    for fault in faults:
        print(f"FAULT: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
