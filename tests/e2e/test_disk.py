"""A disk that is full, and one that is read-only: mail is put off, nothing is half there, POP3 goes on, and when the
cause is gone so is the trouble. The disk is a small tmpfs in a mount namespace of the gateway's own.
"""

from __future__ import annotations

import os
import poplib
import shlex
import shutil
import smtplib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from tests.e2e import daemon as daemon_module
from tests.e2e.conftest import lay_out
from tests.e2e.daemon import Daemon

ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"
PASSWORDS: Final = {"alice": "wonderland", "bob": "builder", "carol": "singer"}
DISK: Final = "size=8m,nr_inodes=200"
BOBS_RULES: Final = "bob:{PLAIN}builder::::::mailgate_dele=trash mailgate_removed_days=7\n"
USERS: Final = "alice:{PLAIN}wonderland\n" + BOBS_RULES + "carol:{PLAIN}singer\n"
SMALL: Final = "Subject: small\r\n\r\n" + "Hello.\r\n" * 500
LARGE: Final = "Subject: large\r\n\r\n" + ("x" * 70 + "\r\n") * 10_000  # goes by way of the spool
FULL: Final = b"452 4.3.1 No room for the message now, try again later"
FULL_ADVICE: Final = "the disk is full: free some|No space left on device; make room on the file system of the store"
READ_ONLY: Final = b"451 4.3.0 Cannot keep the message now, try again later"
READ_ONLY_ADVICE: Final = (
    "the file system is read-only: .* mount it|Read-only file system; see to the file system of the"
)


def _own_mounts() -> bool:
    """May a process here have mounts of its own?"""
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        return False
    attempt = ["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/tmp"]
    return subprocess.run(attempt, capture_output=True, timeout=30, check=False).returncode == 0


pytestmark = pytest.mark.skipif(
    not _own_mounts(), reason="needs Linux with user and mount namespaces: `unshare --map-root-user --mount` fails here"
)


class Disk:
    """The gateway's disk as it sees it."""

    def __init__(self, daemon: Daemon, path: Path) -> None:
        self._pid = daemon.process.pid
        self._path = path
        self.seen = Path(f"/proc/{self._pid}/root") / path.relative_to("/")

    def fill(self) -> None:
        """Leave neither room nor inodes."""
        filler = self.seen / "filler"
        filler.mkdir(exist_ok=True)
        with suppress(OSError), (filler / f"room-{len(os.listdir(filler))}").open("wb", buffering=0) as room:
            while room.write(b"\0" * 4096):
                pass
        with suppress(OSError):
            for number in range(1000):
                (filler / f"inode-{len(os.listdir(filler))}-{number}").touch()

    def make_room(self) -> None:
        """Take away what `fill` made."""
        shutil.rmtree(self.seen / "filler")

    def remount(self, option: str) -> None:
        """`ro` or `rw`."""
        inside = ["nsenter", f"--target={self._pid}", "--user", "--preserve-credentials", "--mount"]
        subprocess.run([*inside, "mount", "-o", f"remount,bind,{option}", str(self._path)], timeout=30, check=True)

    def mail(self) -> dict[str, bytes]:
        """All files but the filler, wherever they are."""
        files = (path for path in self.seen.rglob("*") if path.is_file() and "filler" not in path.parts)
        return {str(path.relative_to(self.seen)): path.read_bytes() for path in files}


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    lay_out(tmp_path)
    (tmp_path / "state" / "domains" / "example.test" / "users").write_text(USERS)
    place = tmp_path / "state" / "mail"
    place.mkdir()
    mounting = f'mount -t tmpfs -o {DISK} tmpfs {shlex.quote(str(place))} && exec "$@"'
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", mounting, "sh", *daemon_module.twistd()]
    monkeypatch.setattr(daemon_module, "twistd", lambda: command)
    daemon = Daemon(["--set", "pop3.allow_plaintext=true", "--set", "store.min_free=0"], tmp_path)
    daemon.wait_for(r"pop3\.listen_tls")
    yield daemon
    daemon.stop()


@pytest.fixture
def disk(daemon: Daemon) -> Disk:
    return Disk(daemon, daemon.directory / "state" / "mail")


def send(daemon: Daemon, content: str, *recipients: str) -> tuple[int, bytes]:
    """The reply to the final dot."""
    with smtplib.SMTP("127.0.0.1", daemon.ports["smtp.listen"], timeout=20) as smtp:
        smtp.ehlo()
        smtp.mail("a@example.org")
        for recipient in recipients:
            assert smtp.rcpt(recipient)[0] == 250
        return smtp.data(content)


@contextmanager
def session(daemon: Daemon, user: str) -> Iterator[poplib.POP3]:
    box = poplib.POP3("127.0.0.1", daemon.ports["pop3.listen"], timeout=20)
    box.user(user)
    box.pass_(PASSWORDS[user])
    yield box
    box.close()


def is_whole(box: poplib.POP3, number: int, content: str) -> bool:
    """Does a message come as it went?"""
    octets = b"".join(line + b"\r\n" for line in box.retr(number)[1])
    return octets.endswith(b"\r\n" + content.encode())


def expect_put_off(daemon: Daemon, disk: Disk, reply: bytes, advice: str) -> None:
    """Every kind of delivery is refused for now, the log says what to do, and nothing is left of it anywhere."""
    before = disk.mail()
    for content, recipients in (
        (SMALL, [ALICE]),
        (SMALL, [ALICE, BOB]),
        (SMALL, [BOB, CAROL]),  # who has no maildrop yet
        (LARGE, [ALICE]),
    ):
        code, text = send(daemon, content, *recipients)
        assert f"{code} ".encode() + text == reply, (len(content), recipients)
        daemon.wait_for(advice)
        assert disk.mail() == before


def test_a_full_disk(daemon: Daemon, disk: Disk) -> None:
    for _ in range(4):
        assert send(daemon, SMALL, ALICE, BOB)[0] == 250
    with session(daemon, "bob") as box:
        box.quit()
    disk.fill()
    expect_put_off(daemon, disk, FULL, FULL_ADVICE)
    for user in ("alice", "bob"):  # bob has a trash
        with session(daemon, user) as box:
            assert box.stat()[0] == 4 and all(is_whole(box, number, SMALL) for number in range(1, 5))
            box.dele(1)
            box.dele(3)
            assert box.quit().startswith(b"+OK")
        with session(daemon, user) as box:
            assert box.stat()[0] == 2
            box.quit()
        disk.fill()  # what alice has deleted made room
    with session(daemon, "carol") as box:
        assert box.stat() == (0, 0)
        box.quit()
    assert sorted(path.split("/")[2] for path in disk.mail()) == ["mailgate-removed"] * 2 + ["new"] * 4
    disk.make_room()
    for content in (SMALL, LARGE):
        assert send(daemon, content, ALICE, BOB, CAROL)[0] == 250
    for user, there in (("alice", 4), ("bob", 4), ("carol", 2)):
        with session(daemon, user) as box:
            assert box.stat()[0] == there
            assert is_whole(box, there - 1, SMALL) and is_whole(box, there, LARGE)
            box.quit()


def test_a_disk_that_is_read_only(daemon: Daemon, disk: Disk) -> None:
    for content in (SMALL, LARGE):
        assert send(daemon, content, ALICE, BOB)[0] == 250
    disk.remount("ro")
    expect_put_off(daemon, disk, READ_ONLY, READ_ONLY_ADVICE)
    before = disk.mail()
    for user in ("alice", "bob"):
        with session(daemon, user) as box:
            assert box.stat()[0] == 2 and is_whole(box, 1, SMALL) and is_whole(box, 2, LARGE)
            box.dele(1)
            with pytest.raises(poplib.error_proto, match=r"-ERR \[SYS/TEMP\]"):
                box.quit()
        assert disk.mail() == before
    with session(daemon, "carol") as box:
        assert box.stat() == (0, 0)
        box.quit()
    disk.remount("rw")
    assert send(daemon, SMALL, ALICE, CAROL)[0] == 250
    with session(daemon, "alice") as box:
        assert box.stat()[0] == 3
        box.dele(1)
        assert box.quit().startswith(b"+OK")
