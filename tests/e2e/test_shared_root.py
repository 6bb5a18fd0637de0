"""Two gateways, each with its own state, and a mail reader, all at one root at once, as on two machines with one disk:
nothing is lost, nothing is there twice, nobody shares a session, and a message has the same UID through both.
"""

from __future__ import annotations

import os
import poplib
import random
import smtplib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event

import pytest

from tests.e2e.conftest import lay_out
from tests.e2e.daemon import Daemon

ALICE, BOB = "alice@example.test", "bob@example.test"
DELIVERED = 80  # through each gateway
SESSIONS = 15  # at each
CHANGES_A_SECOND = 200  # faster than any person


@pytest.fixture
def gateways(tmp_path: Path) -> Iterator[tuple[Daemon, Daemon]]:
    with ExitStack() as stack:
        daemons = []
        for name in ("one", "other"):
            directory = tmp_path / name
            directory.mkdir()
            lay_out(directory)
            root = f'store.directory="{tmp_path / "mail"}"'
            daemon = Daemon(["--set", "pop3.allow_plaintext=true", "--set", root], directory)
            stack.callback(daemon.stop)
            daemons.append(daemon)
        for daemon in daemons:
            daemon.wait_for(r"pop3\.listen_tls")
        yield daemons[0], daemons[1]


def subject_of(message: bytes) -> str:
    return message.partition(b"Subject: ")[2].split(maxsplit=1)[0].decode()


def log_in(daemon: Daemon, user: str) -> poplib.POP3:
    box = poplib.POP3("127.0.0.1", daemon.ports["pop3.listen"], timeout=20)
    box.user(user)
    try:
        box.pass_({"alice": "wonderland", "bob": "builder"}[user])
    except BaseException:
        box.close()
        raise
    return box


def send(daemon: Daemon, numbers: range) -> None:
    """Messages to both, one after the other, that tell where they came in."""
    with smtplib.SMTP("127.0.0.1", daemon.ports["smtp.listen"], timeout=20) as smtp:
        for number in numbers:
            content = f"Subject: {daemon.directory.name}-{number}\r\n\r\nwhole\r\n"
            smtp.sendmail("a@example.org", [ALICE, BOB], content)


class Reader:
    """As mutt does it: reads `new` into `cur`, changes flags there, and now and then removes a message."""

    def __init__(self, maildrop: Path) -> None:
        self.removed: list[str] = []
        self._maildrop = maildrop
        self._random = random.Random(5)

    def work(self, done: Event) -> None:
        while not done.wait(1 / CHANGES_A_SECOND):
            files = [file for folder in ("new", "cur") for file in self._files(folder)]
            if files:
                with suppress(FileNotFoundError):  # a session has just deleted it
                    self._touch(self._random.choice(files))

    def _files(self, folder: str) -> list[Path]:
        with suppress(FileNotFoundError):
            return [self._maildrop / folder / name for name in os.listdir(self._maildrop / folder)]
        return []

    def _touch(self, file: Path) -> None:
        if self._random.random() < 0.05:
            subject = subject_of(file.read_bytes())
            file.unlink()
            self.removed.append(subject)
        else:
            flags = self._random.choice(["", "S", "RS", "FS"])
            file.rename(self._maildrop / "cur" / f"{file.name.partition(':')[0]}:2,{flags}")


class Sessions:
    """One user's at one gateway, again and again, whether the other gateway lets him or not."""

    def __init__(self, daemon: Daemon, uids: dict[str, str]) -> None:
        """`uids` are those that were seen, by subject; all sessions of the user share them."""
        self.deleted: list[str] = []
        self.held = self.refused = 0
        self._daemon = daemon
        self._uids = uids
        self._random = random.Random(daemon.directory.name)

    def run(self) -> None:
        while self.held < SESSIONS:
            try:
                box = log_in(self._daemon, "alice")
            except poplib.error_proto as error:
                assert error.args[0].startswith(b"-ERR [IN-USE]")
                self.refused += 1
            else:
                self.held += 1
                self._visit(box)

    def _visit(self, box: poplib.POP3) -> None:
        uids = dict(line.decode().split() for line in box.uidl()[1])
        marked = []
        for number in self._random.sample(sorted(uids, key=int), min(8, len(uids))):
            try:
                message = b"".join(line + b"\r\n" for line in box.retr(number)[1])
            except poplib.error_proto as error:
                assert b"gone" in error.args[0]  # the reader has removed it
                continue
            assert message.endswith(b"\r\nwhole\r\n")
            assert self._uids.setdefault(subject_of(message), uids[number]) == uids[number]
            if self._random.random() < 0.3:
                box.dele(int(number))
                marked.append(subject_of(message))
        assert box.quit().startswith(b"+OK")
        self.deleted += marked


def found(daemon: Daemon, user: str) -> list[tuple[str, str]]:
    """Subjects and UIDs of all that is there."""
    box = log_in(daemon, user)
    uids = [line.decode().split()[1] for line in box.uidl()[1]]
    messages = [b"\n".join(box.retr(number)[1]) for number in range(1, len(uids) + 1)]
    box.quit()
    return [(subject_of(message), uid) for message, uid in zip(messages, uids, strict=True)]


def test_a_session_at_one_keeps_the_user_out_of_the_other(gateways: tuple[Daemon, Daemon]) -> None:
    one, other = gateways
    for holder, refused in ((one, other), (other, one)):
        box = log_in(holder, "alice")
        with pytest.raises(poplib.error_proto, match=r"-ERR \[IN-USE\]"):
            log_in(refused, "alice")
        log_in(refused, "bob").quit()
        box.quit()


def test_nothing_is_lost_and_nothing_is_there_twice(gateways: tuple[Daemon, Daemon], tmp_path: Path) -> None:
    place = tmp_path / "mail" / "example.test" / "alice"
    uids: dict[str, str] = {}
    reader, sessions = Reader(place), [Sessions(daemon, uids) for daemon in gateways]
    for daemon in gateways:
        send(daemon, range(DELIVERED // 2))
    done = Event()
    with ThreadPoolExecutor(5) as pool:
        reading = pool.submit(reader.work, done)
        works = [pool.submit(send, daemon, range(DELIVERED // 2, DELIVERED)) for daemon in gateways]
        works += [pool.submit(each.run) for each in sessions]
        wait(works)
        done.set()
    for work in (reading, *works):
        work.result()
    everything = {f"{daemon.directory.name}-{number}" for daemon in gateways for number in range(DELIVERED)}
    left, left_to_bob = ([found(daemon, user) for daemon in gateways] for user in ("alice", "bob"))
    assert left[0] == left[1] and left_to_bob[0] == left_to_bob[1]
    assert sorted(subject for subject, _ in left_to_bob[0]) == sorted(everything)
    assert len({uid for _, uid in left_to_bob[0]}) == len(everything)
    there = Counter(subject for subject, _ in left[0])
    gone = Counter([*sessions[0].deleted, *sessions[1].deleted, *reader.removed])
    assert set(there.values()) == {1} and not set(there) & set(gone)
    assert set(there) | set(gone) == everything
    assert all(uids.get(subject, uid) == uid for subject, uid in left[0])
    # What a session had marked the reader may have removed before QUIT; two sessions never delete the same.
    assert all(count == 1 or (count == 2 and subject in reader.removed) for subject, count in gone.items())
    assert sessions[0].deleted and sessions[1].deleted and reader.removed
    assert sum(each.refused for each in sessions) > 0
    assert os.listdir(place / "tmp") == []
