"""Mail taken out of maildrops by a call: under the lock, as a POP3 session would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailgate.control.calls import CallError
from mailgate.control.letter import Kept, maildrops_of
from mailgate.control.letters import Letters
from mailgate.control.rendering import View
from mailgate.failures import InUse, LockLost, NotRemoved, StoreError
from mailgate.interfaces import IMaildrop, IMailStore
from mailgate.waits import to_the_end


class Removal:
    """Removes letters from the store."""

    def __init__(self, store: IMailStore, letters: Letters) -> None:
        self._store = store
        self._letters = letters

    async def delete(self, view: View) -> None:
        """Remove the copies of one letter that a namespace may see. Raises `CallError` "busy" or "unavailable"."""
        await self._remove([view])

    async def clear(self, namespace: str) -> int:
        """Remove all mail of a namespace and forget that it ever came; give how many letters were still there.

        Raises `CallError` "busy" or "unavailable"; then the letters of the other maildrops are gone all the same, and
        what remains can be cleared later. What arrives meanwhile stays.
        """
        views = [View(kept, kept.letter.recipients_for(namespace)) for kept in self._letters.of(namespace)]
        there = [view for view in views if not view.kept.is_removed(view.recipients)]
        try:
            await self._remove(there)
        finally:
            for view in views:
                if view.kept.is_removed(view.recipients):
                    self._letters.forget(view.kept, namespace)
        return len(there)

    async def _remove(self, views: Iterable[View]) -> None:
        """Each maildrop is opened once. All are tried; what is in the way of one is told in the end."""
        busy: list[str] = []
        trouble: list[str] = []
        for maildrop, letters in _by_maildrop(views).items():
            try:
                await self._remove_from(maildrop, letters)
            except InUse:
                busy.append(maildrop)
            except StoreError as error:
                trouble.append(f"{maildrop}: {error}")
        if trouble:
            raise CallError("unavailable", f"not all could be removed: {'; '.join(trouble)}")
        if busy:
            names = ", ".join(busy)
            raise CallError("busy", f"a session has {names} open; end it (QUIT), and try again", maildrops=busy)

    async def _remove_from(self, name: str, letters: Sequence[Kept]) -> None:
        maildrop = await self._store.open(name)
        try:
            remaining = await to_the_end(_remove(maildrop, {kept.letter.id for kept in letters}))
        finally:
            maildrop.release()
        for kept in letters:
            if kept.letter.id not in remaining.ids:
                kept.removed.add(name)
        if remaining.reason is not None:
            raise remaining.reason


class _Remaining:
    def __init__(self, ids: Iterable[str] = (), reason: StoreError | None = None) -> None:
        self.ids = frozenset(ids)
        self.reason = reason


async def _remove(maildrop: IMaildrop, ids: Iterable[str]) -> _Remaining:
    """Remove messages by id; those that are not there are as good as removed."""
    wanted = frozenset(ids)
    snapshot = await maildrop.snapshot()
    entries = [entry for entry in snapshot.entries if entry.id in wanted]
    try:
        if entries:
            await maildrop.remove(entries)
    except NotRemoved as error:
        return _Remaining((entry.id for entry in error.entries), error)
    except LockLost as error:
        return _Remaining(wanted, error)
    return _Remaining()


def _by_maildrop(views: Iterable[View]) -> dict[str, list[Kept]]:
    letters: dict[str, list[Kept]] = {}
    for view in views:
        for maildrop in dict.fromkeys(maildrops_of(view.recipients)):
            if maildrop not in view.kept.removed:
                letters.setdefault(maildrop, []).append(view.kept)
    return letters
