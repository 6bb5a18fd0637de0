"""Kills the gateway at random moments under load, again and again, and keeps the account of every message."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from threading import Thread
from typing import Final

from attrs import Factory, define, frozen

from tests.crash import files
from tests.crash.fetchers import Fetcher, read_all
from tests.crash.gate import Gate
from tests.crash.gateway import Gateway
from tests.crash.ledger import Ledger, Maildrops
from tests.crash.messages import USERS, Pool
from tests.crash.senders import WAYS, Sender

SENDERS: Final = 9
FETCHERS: Final = 3  # of the users, who all get mail
BACK_SECONDS: Final = 3.0  # after which clients must be served again
STALLED_SECONDS: Final = 60  # in which the acknowledgements that are waited for must come, or all is called off
EARLY_EVERY: Final = 10  # so many kills, one more while the gateway starts
_EARLY_SECONDS: Final = 1.0
_LATE_SECONDS: Final = 0.03
_GLANCE_SECONDS: Final = 0.002


@frozen
class Size:
    """How long a campaign is."""

    kills: int
    acknowledgements: int
    seed: int


@define
class Report:
    """What came of it."""

    size: Size
    faults: list[str] = Factory(list)
    starts: list[float] = Factory(list)  # seconds, each
    early_kills: int = 0
    committers_killed: int = 0
    acknowledged: int = 0
    messages: int = 0
    copies: int = 0
    octets: int = 0
    left_open: int = 0  # attempts
    duplicates: int = 0
    removed: int = 0
    pop3_sessions: int = 0
    left_over: int = 0
    load_seconds: float = 0.0
    reading_seconds: float = 0.0


class Campaign:
    """`run` it once. `progress` is told how many kills were made."""

    def __init__(self, directory: Path, size: Size, progress: Callable[[int], None] = lambda kills: None) -> None:
        self._size = size
        self._progress = progress
        self._random = Random(size.seed)
        self._ledger = Ledger()
        self._gate = Gate(SENDERS + FETCHERS)
        self._gateway = Gateway(directory)
        self._report = Report(size)
        pool = Pool(size.seed)
        shared = self._ledger, self._gate
        self._senders = [
            Sender(f"sender{number}", WAYS[number % len(WAYS)], size.seed, pool, *shared, self._gateway.smtp)
            for number in range(SENDERS)
        ]
        self._fetchers = [Fetcher(user, size.seed, *shared, self._gateway.pop3) for user in USERS[:FETCHERS]]
        self._enough = [client.enough for client in self._senders] + [client.enough for client in self._fetchers]

    def run(self) -> Report:
        """Load, kills, reading, account."""
        began = time.monotonic()
        runs = [client.run for client in self._senders] + [client.run for client in self._fetchers]
        clients = [Thread(target=run, daemon=True) for run in runs]
        try:
            for client in clients:
                client.start()
            self._kill_again_and_again()
            self._finish(clients)
            read = time.monotonic()
            self._report.load_seconds = read - began
            self._audit()
            self._report.reading_seconds = time.monotonic() - read
        finally:
            self._gateway.kill()
        return self._report

    def _kill_again_and_again(self) -> None:
        for kill in range(self._size.kills):
            self._start(kill)
            left = self._size.acknowledgements - self._ledger.acknowledged
            mean = max(left, 0) / (self._size.kills - kill)
            self._gate.open()
            wanted = int(self._random.uniform(0.3, 1.7) * mean) + 1
            is_served = self._kill_committer_after(int(self._random.uniform(0, 0.8) * wanted))
            is_served = is_served and self._wait_for(self._ledger.acknowledged + wanted)
            time.sleep(self._random.uniform(0, _LATE_SECONDS))
            self._gateway.kill()
            self._gate.shut()
            self._ledger.kills += 1
            self._progress(kill + 1)
            if not is_served:
                return

    def _kill_committer_after(self, acknowledgements: int) -> bool:
        """The gateway has to go on without it, and no client may notice. Give whether it served that long."""
        is_served = self._wait_for(self._ledger.acknowledged + acknowledgements)
        time.sleep(self._random.uniform(0, _LATE_SECONDS))
        if self._gateway.kill_committer():
            self._report.committers_killed += 1
        return is_served

    def _start(self, kill: int) -> None:
        sync = ("auto", "fsync")[kill % 2]
        if kill % EARLY_EVERY == 0:
            self._gateway.launch(sync)
            time.sleep(self._random.uniform(0, _EARLY_SECONDS))
            self._gateway.kill()
            self._report.early_kills += 1
        self._report.starts.append(self._gateway.start(sync))

    def _wait_for(self, acknowledgements: int) -> bool:
        until = time.monotonic() + STALLED_SECONDS
        while self._ledger.acknowledged < acknowledgements:
            if time.monotonic() > until:
                self._ledger.complain(f"no {acknowledgements} acknowledgements in {STALLED_SECONDS} s")
                return False
            time.sleep(_GLANCE_SECONDS)
        return True

    def _finish(self, clients: list[Thread]) -> None:
        """Nobody has anything open when this returns."""
        self._report.starts.append(self._gateway.start())
        self._gate.open()
        self._wait_for(self._size.acknowledgements)
        for enough in self._enough:
            enough.set()
        for thread in clients:
            thread.join(STALLED_SECONDS)
            if thread.is_alive():
                self._ledger.complain("a client hangs")
        self._gateway.kill()

    def _audit(self) -> None:
        maildrops: Maildrops = {user: files.read(self._maildrop(user), user) for user in USERS}
        report, ledger = self._report, self._ledger
        report.faults += ledger.settle(maildrops) + self._disagreements(maildrops)
        report.faults += [f"the gateway's log: {line}" for line in self._gateway.complaints()]
        slow = [seconds for seconds in report.starts if seconds > BACK_SECONDS]
        report.faults += [f"service was back after {seconds:.1f} s only" for seconds in slow]
        report.acknowledged = ledger.acknowledged
        report.messages = len(ledger.sent)
        report.copies = sum(len(found) for found in maildrops.values())
        report.left_open = sum(len(sent.unanswered) for sent in ledger.sent.values())
        report.duplicates = ledger.duplicates(maildrops)
        report.removed = len(ledger.gone)
        report.pop3_sessions = sum(fetcher.sessions for fetcher in self._fetchers)
        report.octets = sum(path.stat().st_size for path in self._gateway.mail.rglob("*") if path.is_file())

    def _disagreements(self, maildrops: Maildrops) -> list[str]:
        """Between the files and POP3."""
        self._gateway.start()
        self._report.left_over = files.left_over(self._gateway.mail)
        faults = []
        for user in USERS:
            by_file = {(found.uid, found.digest) for found in maildrops[user]}
            by_pop3 = {(found.uid, found.digest) for found in read_all(self._gateway.pop3, user)}
            faults += [f"{user} has a file of {uid} that POP3 does not show" for uid, _ in sorted(by_file - by_pop3)]
            faults += [f"{user} sees {uid} by POP3 and has no such file" for uid, _ in sorted(by_pop3 - by_file)]
        self._gateway.stop()
        return faults

    def _maildrop(self, user: str) -> Path:
        return self._gateway.mail / user.split("@")[0]
