"""Writes POP3 UIDs into a maildrop's `dovecot-uidlist`, as Dovecot 2.3 would: under its lock, and what it wrote stays.

Whoever makes `dovecot-uidlist.lock` may write; he writes into that file, which then becomes the list. UIDs are durable
before the messages get their names, so that no client ever sees another UID. A line without a file harms nobody.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from mailgate.failures import InUse, Unrepaired
from mailgate.store.maildir.disk import CREATE, READ, Disk
from mailgate.store.maildir.uidlist import MAX_OCTETS, NAME

LOCK: Final = f"{NAME}.lock"
WAIT_SECONDS: Final = 30.0  # for a Dovecot that is writing
_POLL_SECONDS: Final = 0.1
_READ_OCTETS: Final = 1_048_576
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
        descriptor = self._lock()
        try:
            try:
                self._write(descriptor, self._with(uids))
                self._disk.fsync(descriptor)
            finally:
                self._disk.close_quietly(descriptor)
            self._disk.replace(LOCK, NAME, src_dir_fd=self._maildrop, dst_dir_fd=self._maildrop)
        except BaseException:
            with suppress(OSError):
                self._disk.unlink(LOCK, dir_fd=self._maildrop)
            raise
        self._disk.fsync(self._maildrop)

    def _lock(self) -> int:
        waited = 0.0
        while True:
            try:
                return self._disk.open(LOCK, CREATE, _FILE_MODE, dir_fd=self._maildrop)
            except FileExistsError:
                if waited >= WAIT_SECONDS:
                    raise InUse(f"Dovecot is writing {NAME}; if none runs, remove {LOCK} and try again") from None
            self._sleep(_POLL_SECONDS)
            waited += _POLL_SECONDS

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
