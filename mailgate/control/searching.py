"""The letters that fit, among those that are known; what is not in memory is read from the store."""

from __future__ import annotations

from twisted.internet.defer import DeferredLock

from mailgate.control.contents import Contents
from mailgate.control.letter import Kept
from mailgate.control.letters import Letters
from mailgate.control.matching import Criteria
from mailgate.control.reading import Reading
from mailgate.interfaces import Offload


class Search:
    """Asks letters one after the other, without a wait where their contents are here and not large.

    Of the others one is looked at at a time, whoever asks, and let go of at once: so many searches need no more memory
    than one does.
    """

    def __init__(self, letters: Letters, contents: Contents, offload: Offload) -> None:
        """`offload` has large contents taken apart."""
        self._letters = letters
        self._contents = contents
        self._offload = offload
        self._turn = DeferredLock()

    async def find(self, criteria: Criteria, limit: int, *, removed: bool) -> list[Kept]:
        """The first `limit` letters that fit, oldest first; with those that no maildrop has any more if `removed`.
        Raises `CallError` "unavailable".
        """
        found: list[Kept] = []
        for kept in self._letters.to(criteria.to) if criteria.to else self._letters.of(criteria.namespace):
            if len(found) >= limit:
                break
            if (removed or not kept.is_removed(criteria.recipients(kept.letter))) and await self.fits(criteria, kept):
                found.append(kept)
        return found

    async def fits(self, criteria: Criteria, kept: Kept) -> bool:
        """Does the letter fit, wherever its content is? Raises `CallError` "unavailable"."""
        if not criteria.wants_content or not criteria.fit_envelope(kept.letter):
            return criteria.fit(kept, kept.reading())
        if kept.content is not None and not criteria.takes_long(len(kept.content)):
            return criteria.fit(kept, kept.reading())
        if kept.head is not None and not criteria.fit_head(kept.head):
            return False
        await self._turn.acquire()
        try:
            return await self._fits(criteria, kept)
        finally:
            self._turn.release()

    async def _fits(self, criteria: Criteria, kept: Kept) -> bool:
        content = await (self._contents.of(kept) if criteria.bodies else self._contents.header_of(kept))
        if content is None:
            return False
        reading = Reading(content)
        if not criteria.takes_long(len(content)):
            return criteria.fit(kept, reading)
        return await self._offload(lambda: criteria.fit(kept, reading))
