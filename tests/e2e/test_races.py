"""Everybody at one maildrop at once: two POP3 sessions, deliveries, sweeps, and a mail reader that works in the Maildir
itself, as mutt does. Nothing is lost, nothing is there twice, and a session's numbers stay what they were.
"""

from __future__ import annotations

import os
import poplib
import random
import smtplib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.e2e.conftest import lay_out
from tests.e2e.daemon import Daemon

ALICE = "alice@example.test"
DAY = 86_400
OLD, FRESH, DELIVERED, SESSIONS = 40, 40, 60, 12
RULES = "keep_days = 30\nremoved_days = 7\n"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    lay_out(tmp_path)
    (tmp_path / "state" / "domains" / "example.test" / "rules").write_text(RULES)
    daemon = Daemon(["--set", "pop3.allow_plaintext=true"], tmp_path)
    daemon.wait_for(r"pop3\.listen_tls")
    yield daemon
    daemon.stop()


class Place:
    """Alice's Maildir, with mail in it that another program has delivered, half of it too old to stay."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.path = daemon.directory / "state" / "mail" / "example.test" / "alice"
        for folder in ("tmp", "new", "cur"):
            (self.path / folder).mkdir(parents=True)
        now = int(time.time())
        for number in range(OLD):
            self._put(f"old-{number}", now - 60 * DAY)
        for number in range(FRESH):
            self._put(f"fresh-{number}", now - 10 * DAY)

    def _put(self, name: str, seconds: int) -> None:
        content = f"Subject: {name}\n\n{name}\n.\n"
        (self.path / "new" / f"{seconds}.{name}.elsewhere").write_text(content)

    def left(self) -> list[str]:
        """The subjects of the mail that is there."""
        return [subject_of(file.read_bytes()) for folder in ("new", "cur") for file in (self.path / folder).iterdir()]

    def swept(self) -> list[str]:
        """The subjects of the mail that was swept away."""
        removed = self.path / "mailgate-removed"
        return [subject_of(file.read_bytes()) for file in removed.iterdir()] if removed.is_dir() else []


def subject_of(message: bytes) -> str:
    return message.partition(b"Subject: ")[2].split(maxsplit=1)[0].decode()


class Reader:
    """Moves mail from `new` to `cur`, changes flags, and now and then removes a message."""

    def __init__(self, place: Place) -> None:
        self.removed: list[str] = []
        self._place = place
        self._random = random.Random(4)

    def work(self, done: Event) -> None:
        while not done.is_set():
            for folder in ("new", "cur"):
                for name in os.listdir(self._place.path / folder):
                    with suppress(FileNotFoundError):  # somebody else was faster
                        self._touch(self._place.path / folder / name)
                    if done.wait(0.0005):  # as fast as a person's mail reader would be at most
                        return

    def _touch(self, file: Path) -> None:
        if self._random.random() < 0.01:
            subject = subject_of(file.read_bytes())
            file.unlink()
            self.removed.append(subject)
        elif self._random.random() < 0.3:
            flags = self._random.choice(["", "S", "RS", "FS"])
            file.rename(self._place.path / "cur" / f"{file.name.partition(':')[0]}:2,{flags}")


class Sender:
    def __init__(self, daemon: Daemon) -> None:
        self._port = daemon.ports["smtp.listen"]

    def work(self, done: Event) -> None:
        with smtplib.SMTP("127.0.0.1", self._port, timeout=20) as smtp:
            for number in range(DELIVERED):
                smtp.sendmail("a@example.org", [ALICE], f"Subject: delivered-{number}\r\n\r\nx\r\n")


class Sweeps:
    """The administrator's command, again and again; mail that is in a session's hands it has to leave alone."""

    def __init__(self, daemon: Daemon) -> None:
        self.came_through = Event()
        self._directory = daemon.directory

    def work(self, done: Event) -> None:
        while not done.is_set():
            sweep = [sys.executable, "-m", "mailgate.cli", "store", "sweep"]
            status = subprocess.run(sweep, cwd=self._directory, capture_output=True, timeout=30, check=False).returncode
            assert status in (0, 2)  # 2: a session had the maildrop
            if status == 0:
                self.came_through.set()


class Sessions:
    """POP3, one session after the other; each sees the same from its beginning to its end."""

    def __init__(self, daemon: Daemon) -> None:
        self.deleted: list[str] = []
        self.refused = 0
        self._daemon = daemon
        self._subjects: dict[bytes, str] = {}  # by UID
        self._random = random.Random(3)

    def run(self) -> None:
        for _ in range(SESSIONS):
            with self._session() as box:
                self._visit(box)

    @contextmanager
    def _session(self) -> Iterator[poplib.POP3]:
        box = self._log_in()
        yield box
        assert box.quit().startswith(b"+OK")

    def _log_in(self) -> poplib.POP3:
        while True:
            box = poplib.POP3("127.0.0.1", self._daemon.ports["pop3.listen"], timeout=20)
            box.user("alice")
            try:
                box.pass_("wonderland")
            except poplib.error_proto as error:
                assert b"[IN-USE]" in error.args[0]  # a sweep has it
                box.close()
            else:
                return box

    def _visit(self, box: poplib.POP3) -> None:
        uids, sizes = box.uidl()[1], box.list()[1]
        self._is_refused_meanwhile()
        marked: dict[int, str] = {}
        for number in self._random.sample(range(1, len(uids) + 1), min(12, len(uids))):
            subject = self._fetch(box, number, uids[number - 1].split()[1], int(sizes[number - 1].split()[1]))
            if subject and self._random.random() < 0.4:
                box.dele(number)
                marked[number] = subject
        kept = [line for line in uids if int(line.split()[0]) not in marked]
        assert box.uidl()[1] == kept
        self.deleted += marked.values()

    def _fetch(self, box: poplib.POP3, number: int, uid: bytes, octets: int) -> str:
        try:
            lines = box.retr(number)[1]
        except poplib.error_proto as error:
            assert b"gone" in error.args[0]  # the reader has removed it
            return ""
        message = b"".join(line + b"\r\n" for line in lines)
        assert len(message) == octets
        return self._subjects.setdefault(uid, subject_of(message))

    def _is_refused_meanwhile(self) -> None:
        other = poplib.POP3("127.0.0.1", self._daemon.ports["pop3.listen"], timeout=20)
        other.user("alice")
        with pytest.raises(poplib.error_proto, match="IN-USE"):
            other.pass_("wonderland")
        other.quit()
        self.refused += 1


@contextmanager
def meanwhile(*works: Callable[[Event], None]) -> Iterator[None]:
    """Let them work; what one raises fails the test."""
    done, raised = Event(), list[BaseException]()

    def run(work: Callable[[Event], None]) -> None:
        try:
            work(done)
        except BaseException as error:  # noqa: BLE001 (it is raised below)
            raised.append(error)

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join(60)
    if raised:
        raise raised[0]


def test_nothing_is_lost_and_nothing_is_there_twice(daemon: Daemon) -> None:
    place = Place(daemon)
    reader, sweeps, sessions = Reader(place), Sweeps(daemon), Sessions(daemon)
    with meanwhile(reader.work, Sender(daemon).work, sweeps.work):
        sessions.run()
        assert sweeps.came_through.wait(30)
    assert sessions.refused == SESSIONS
    swept = place.swept()
    assert swept and all(subject.startswith("old-") for subject in swept)
    gone = Counter([*sessions.deleted, *reader.removed, *swept])
    there = Counter(place.left())
    everything = {f"old-{number}" for number in range(OLD)}
    everything |= {f"fresh-{number}" for number in range(FRESH)}
    everything |= {f"delivered-{number}" for number in range(DELIVERED)}
    assert set(gone) | set(there) == everything
    assert set(there.values()) == {1}
    assert not set(gone) & set(there)
    # A message that a session had marked may have been removed by the reader before QUIT: then both have a right to it.
    assert all(count == 1 or (subject in reader.removed and count == 2) for subject, count in gone.items())
