"""Contents that are not in memory any more, from the store. Takes no lock: a session may have the maildrop open."""

from __future__ import annotations

from mailgate.abilities import IBrowser
from mailgate.control.calls import CallError
from mailgate.control.letter import Kept, maildrops_of
from mailgate.failures import Gone, StoreError
from mailgate.interfaces import IContent
from mailgate.mail import Entry
from mailgate.mime.fields import HEADER_OCTETS


class Contents:
    """What letters have in them, wherever it is."""

    def __init__(self, store: IBrowser) -> None:
        self._store = store

    async def of(self, kept: Kept) -> bytes | None:
        """The content that all copies of a letter have in common; None: no maildrop has one any more. Raises
        `CallError` "unavailable".
        """
        return await self._beginning(kept, None)

    async def header_of(self, kept: Kept) -> bytes | None:
        """As much of it as can have the header; else as `of`."""
        return await self._beginning(kept, HEADER_OCTETS)

    async def _beginning(self, kept: Kept, octets: int | None) -> bytes | None:
        if kept.content is not None:
            return kept.content
        for maildrop in dict.fromkeys(maildrops_of(kept.letter.recipients)):
            front = kept.letter.fronts.get(maildrop, b"")
            wanted = None if octets is None else len(front) + octets
            copy = await self._copy(maildrop, kept, wanted) if maildrop not in kept.removed else None
            if copy is not None:
                return copy.removeprefix(front)
        return None

    async def _copy(self, maildrop: str, kept: Kept, octets: int | None) -> bytes | None:
        try:
            entry = await self._entry(maildrop, kept.letter.id)
            return await read_whole(await self._store.read(maildrop, entry), octets) if entry is not None else None
        except Gone:
            return None
        except StoreError as error:
            raise CallError("unavailable", f"{maildrop} cannot be read: {error}") from error

    async def _entry(self, maildrop: str, message_id: str) -> Entry | None:
        snapshot = await self._store.browse(maildrop)
        return next((entry for entry in snapshot.entries if entry.id == message_id), None)


async def read_whole(content: IContent, octets: int | None = None) -> bytes:
    """All octets of a message that was opened, or at least the first `octets`; it is closed in any case. Raises
    `StoreError`.
    """
    try:
        if content.whole is not None:
            return content.whole
        blocks: list[bytes] = []
        had = 0
        while (octets is None or had < octets) and (block := await _next_block(content)):
            blocks.append(block)
            had += len(block)
        return b"".join(blocks)
    finally:
        content.close()


async def _next_block(content: IContent) -> bytes:
    block = content.read_block()
    return block if isinstance(block, bytes) else await block
