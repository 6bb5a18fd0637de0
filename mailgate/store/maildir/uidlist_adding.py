"""Writes POP3 UIDs into a maildrop's `dovecot-uidlist`, as Dovecot 2.3 would: under its lock, and what it wrote stays.

Whoever makes `dovecot-uidlist.lock` may write, into `dovecot-uidlist.tmp`, which then becomes the list. In the lock is
`<pid>:<host>`; one whose process is gone, or which nobody has touched for a while, is no lock any more.

UIDs are durable before the messages get their names, so that no client ever sees another UID. A line without a file
harms nobody.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from mailgate.failures import InUse, Unrepaired
from mailgate.store.maildir.disk import CREATE, READ, Disk
from mailgate.store.maildir.uidlist import MAX_OCTETS, NAME

LOCK: Final = f"{NAME}.lock"
DRAFT: Final = f"{NAME}.tmp"
STALE_SECONDS: Final = 180.0  # Dovecot gives up waiting, and touches its own locks, sooner
WAIT_SECONDS: Final = 30.0  # for a Dovecot that is writing
_POLL_SECONDS: Final = 0.1
_READ_OCTETS: Final = 1_048_576
_LOCK_OCTETS: Final = 512
_FILE_MODE: Final = 0o600
_HEADER: Final = re.compile(rb"3 (?P<before>.*?V[0-9]+) N(?P<next>[0-9]+)(?P<after>.*)")
_LINE: Final = re.compile(rb"([0-9]{1,10})[ :]")
_MAX_IMAP_UID: Final = 0xFFFFFFFF  # RFC 3501 2.3.1.1


class UidlistAdder:
    """For one open maildrop directory. Blocks."""

    def __init__(
        self,
        disk: Disk,
        maildrop: int,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`clock` gives Unix time, which becomes the UIDVALIDITY of a list that is not there yet."""
        self._disk = disk
        self._maildrop = maildrop
        self._clock = clock
        self._sleep = sleep

    def add(self, uids: Mapping[str, str]) -> None:
        """Give these UIDs to messages, by their files' names without the info; durable when it returns.

        Raises OSError, `InUse` if Dovecot does not let go of the list, and `Unrepaired` for one that is not understood.
        """
        if not uids:
            return
        self._lock()
        try:
            self._replace(self._with(uids))
        finally:
            with suppress(OSError):
                self._disk.unlink(LOCK, dir_fd=self._maildrop)
        self._disk.fsync(self._maildrop)

    def _lock(self) -> None:
        waited = 0.0
        while True:
            with suppress(FileExistsError):
                descriptor = self._disk.open(LOCK, CREATE, _FILE_MODE, dir_fd=self._maildrop)
                break
            if self._is_stale():
                with suppress(FileNotFoundError):
                    self._disk.unlink(LOCK, dir_fd=self._maildrop)
                continue
            if waited >= WAIT_SECONDS:
                raise InUse(f"Dovecot is writing {NAME}, and does not end; if none runs, remove {LOCK}")
            self._sleep(_POLL_SECONDS)
            waited += _POLL_SECONDS
        try:
            with suppress(OSError):  # without it, the lock is one of an unknown process
                self._disk.write(descriptor, f"{os.getpid()}:{socket.gethostname()}".encode("ascii", "replace"))
        finally:
            self._disk.close_quietly(descriptor)

    def _is_stale(self) -> bool:
        try:
            with self._disk.opened(LOCK, READ, self._maildrop) as descriptor:
                pid, _, host = self._disk.read(descriptor, _LOCK_OCTETS).decode("ascii", "replace").partition(":")
                age_seconds = self._clock() - self._disk.fstat(descriptor).st_mtime
        except FileNotFoundError:
            return False
        return age_seconds > STALE_SECONDS or (host == socket.gethostname() and _is_gone(pid))

    def _replace(self, content: bytes) -> None:
        with suppress(FileNotFoundError):
            self._disk.unlink(DRAFT, dir_fd=self._maildrop)  # of one that was killed here
        try:
            with self._disk.opened(DRAFT, CREATE, self._maildrop) as descriptor:
                self._write(descriptor, content)
                self._disk.fsync(descriptor)
            self._disk.replace(DRAFT, NAME, src_dir_fd=self._maildrop, dst_dir_fd=self._maildrop)
        except BaseException:
            with suppress(OSError):
                self._disk.unlink(DRAFT, dir_fd=self._maildrop)
            raise

    def _with(self, uids: Mapping[str, str]) -> bytes:
        old = self._read() or f"3 V{int(self._clock())} N1 G{os.urandom(16).hex()}\n".encode("ascii")
        first, _, rest = old.partition(b"\n")
        header = _HEADER.fullmatch(first)
        if header is None:
            raise Unrepaired(f"{NAME} is of a form that is not known here: {first[:80]!r}")
        lines = [line for line in rest.split(b"\n") if line]
        known = (_LINE.match(line) for line in lines)
        next_uid = max([int(header["next"]), *(int(line[1]) + 1 for line in known if line)])
        if next_uid + len(uids) > _MAX_IMAP_UID:
            raise Unrepaired(f"{NAME} has no numbers left")
        for number, (base, uid) in enumerate(uids.items(), next_uid):
            lines.append(f"{number} P{uid} :".encode("ascii") + os.fsencode(base))
        top = b"3 %b N%d%b" % (header["before"], next_uid + len(uids), header["after"])
        content = b"\n".join([top, *lines, b""])
        if len(content) > MAX_OCTETS:
            raise Unrepaired(f"{NAME} would become larger than {MAX_OCTETS} octets")
        return content

    def _read(self) -> bytes:
        try:
            with self._disk.opened(NAME, READ, self._maildrop) as descriptor:
                blocks = []
                while block := self._disk.read(descriptor, _READ_OCTETS):
                    blocks.append(block)
                return b"".join(blocks)
        except FileNotFoundError:
            return b""

    def _write(self, descriptor: int, content: bytes) -> None:
        self._disk.fchmod(descriptor, _FILE_MODE)  # whatever the umask took away
        rest = memoryview(content)
        while rest:
            rest = rest[self._disk.write(descriptor, rest) :]


def _is_gone(pid: str) -> bool:
    """Is there no such process on this host?"""
    if not (pid.isascii() and pid.isdigit() and len(pid) < 10 and int(pid) > 0):
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass  # it is another user's
    return False
