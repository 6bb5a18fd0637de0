"""The letters that fit, among those that are known; what is not in memory is read from the store."""

from __future__ import annotations

from mailgate.control.contents import Contents
from mailgate.control.letter import Kept
from mailgate.control.letters import Letters
from mailgate.control.matching import Criteria
from mailgate.control.reading import Reading


class Search:
    """Asks letters one after the other, without a wait where their contents are here."""

    def __init__(self, letters: Letters, contents: Contents) -> None:
        self._letters = letters
        self._contents = contents

    async def find(self, criteria: Criteria, limit: int, *, removed: bool) -> list[Kept]:
        """The first `limit` letters that fit, oldest first; with those that no maildrop has any more if `removed`.
        Raises `CallError` "unavailable".
        """
        found: list[Kept] = []
        for kept in self._letters.to(criteria.to) if criteria.to else self._letters.of(criteria.namespace):
            if len(found) >= limit:
                break
            if (removed or not kept.is_removed(criteria.recipients(kept.letter))) and await self._fits(criteria, kept):
                found.append(kept)
        return found

    async def _fits(self, criteria: Criteria, kept: Kept) -> bool:
        reading = kept.reading()
        if reading is not None or not criteria.wants_content or not criteria.fit_envelope(kept.letter):
            return criteria.fit(kept, reading)
        if kept.head is not None and not criteria.fit_head(kept.head):
            return False
        content = await self._contents.of(kept)
        return content is not None and criteria.fit(kept, Reading(content))
