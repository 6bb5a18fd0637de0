"""A message file's octets, block by block; a small message costs one hop to a thread and back."""

from __future__ import annotations

from collections.abc import Awaitable

from zope.interface import implementer

from mailgate.interfaces import IContent, Offload
from mailgate.mail import BLOCK_OCTETS
from mailgate.store.maildir.disk import Disk, as_store_error
from mailgate.store.maildir.handover import SharedDescriptor


@implementer(IContent)
class FileContent:
    """See `IContent`. Made off the reactor from a file that is open; owns its descriptor from then on."""

    def __init__(self, disk: Disk, offload: Offload, descriptor: int, octets: int) -> None:
        self._disk = disk
        self._offload = offload
        self._file = SharedDescriptor(disk, descriptor)
        try:
            self._first = self._read()
        except BaseException:
            self._file.close()
            raise
        self._complete = len(self._first) >= octets
        if self._complete:
            self._file.close()

    def read_block(self) -> bytes | Awaitable[bytes]:
        """See `IContent`."""
        if self._first or self._complete:
            block, self._first = self._first, b""
            return block
        return self._offload(self._read)

    def close(self) -> None:
        """See `IContent`."""
        self._file.close()

    def _read(self) -> bytes:
        with as_store_error("cannot read the message"), self._file.use() as descriptor:
            return self._disk.read(descriptor, BLOCK_OCTETS)
