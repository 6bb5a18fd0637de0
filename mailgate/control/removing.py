"""Mail taken out of maildrops by a call: under the lock, as a POP3 session would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from mailgate.abilities import IBrowser, IMaildropNames
from mailgate.control.calls import CallError
from mailgate.control.letter import Kept, maildrops_of
from mailgate.control.letters import Letters
from mailgate.control.rendering import View
from mailgate.failures import InUse, LockLost, NotRemoved, StoreError
from mailgate.interfaces import IMaildrop, IMailStore
from mailgate.mail import Entry, Snapshot
from mailgate.namespaces import SHARED, namespace_of
from mailgate.waits import to_the_end


class Removal:
    """Removes letters from the store."""

    def __init__(self, store: IMailStore, letters: Letters) -> None:
        self._store = store
        self._letters = letters
        self._has_looked = False

    async def delete(self, view: View) -> None:
        """Remove the copies of one letter that a namespace may see. Raises `CallError` "busy" or "unavailable"."""
        await self._remove([view])

    async def clear(self, namespace: str) -> int:
        """Remove all mail of a namespace and forget that it ever came; give how many messages were still there.

        What its maildrops have from before all letters that are known goes as well; but not from those that are
        everybody's, which may have been somebody's before this server was started.

        Raises `CallError` "busy" or "unavailable"; then the letters of the other maildrops are gone all the same, and
        what remains can be cleared later. What arrives meanwhile stays.
        """
        views = [View(kept, kept.letter.recipients_for(namespace)) for kept in self._letters.of(namespace)]
        there = [view for view in views if not view.kept.is_removed(view.recipients)]
        try:
            older = await self._remove(there, namespace)
        finally:
            for view in views:
                if view.kept.is_removed(view.recipients):
                    self._letters.forget(view.kept, namespace)
        return len(there) + older

    async def _remove(self, views: Iterable[View], namespace: str = SHARED) -> int:
        """Each maildrop is opened once. All are tried; what is in the way of one is told in the end. With a
        `namespace` all that is older in its maildrops goes as well; give how many messages that were.
        """
        busy: list[str] = []
        trouble: list[str] = []
        older: set[str] = set()
        wanted = _by_maildrop(views)
        for maildrop in await self._maildrops(wanted, namespace):
            try:
                older |= await self._remove_from(maildrop, wanted.get(maildrop, ()), namespace)
            except InUse:
                busy.append(maildrop)
            except StoreError as error:
                trouble.append(f"{maildrop}: {error}")
        if trouble:
            raise CallError("unavailable", f"not all could be removed: {'; '.join(trouble)}")
        if busy:
            names = ", ".join(busy)
            raise CallError("busy", f"a session has {names} open; end it (QUIT), and try again", maildrops=busy)
        return len(older)

    async def _maildrops(self, wanted: Iterable[str], namespace: str) -> list[str]:
        """Those that have to be opened, besides those `wanted`: none for nothing, as a session might have it open."""
        names = list(wanted)
        if namespace == SHARED:
            return names
        try:
            await self._look()
            for name in self._letters.with_older(namespace):
                if name in names:
                    continue
                if self._older(await IBrowser(self._store).browse(name), name, namespace):
                    names.append(name)
                else:
                    self._letters.note_none_older(name)
        except StoreError as error:
            raise CallError("unavailable", f"it cannot be found out what there is: {error}") from error
        return names

    async def _look(self) -> None:
        """Which maildrops are from before all letters? Once: whatever comes later is a letter first."""
        if not self._has_looked:
            for name in await IMaildropNames(self._store).names():
                self._letters.note_older(name)
            self._has_looked = True

    def _older(self, snapshot: Snapshot, maildrop: str, namespace: str) -> dict[str, Entry]:
        """What has to go besides the letters: by id, as copies of one message are one; else by what it is there."""
        if namespace == SHARED or namespace_of(maildrop) != namespace:
            return {}
        older = [entry for entry in snapshot.entries if self._letters.is_older(entry.id, namespace)]
        return {entry.id or f"{maildrop} {entry.uid}": entry for entry in older}

    async def _remove_from(self, name: str, letters: Sequence[Kept], namespace: str) -> set[str]:
        maildrop = await self._store.open(name)
        wanted = {kept.letter.id for kept in letters}
        try:
            snapshot = await maildrop.snapshot()
            older = self._older(snapshot, name, namespace)
            entries = {entry.key: entry for entry in (*older.values(), *_of(snapshot, wanted))}
            remaining = await to_the_end(_remove(maildrop, list(entries.values())))
        finally:
            maildrop.release()
        for kept in letters:
            if kept.letter.id not in remaining.ids:
                kept.removed.add(name)
        if remaining.reason is not None:
            raise remaining.reason
        self._letters.note_none_older(name)
        return set(older)


class _Remaining:
    def __init__(self, ids: Iterable[str] = (), reason: StoreError | None = None) -> None:
        self.ids = frozenset(ids)
        self.reason = reason


def _of(snapshot: Snapshot, ids: Set[str]) -> list[Entry]:
    """Those messages, as far as they are there: those that are not are as good as removed."""
    return [entry for entry in snapshot.entries if entry.id in ids]


async def _remove(maildrop: IMaildrop, entries: Sequence[Entry]) -> _Remaining:
    try:
        if entries:
            await maildrop.remove(entries)
    except NotRemoved as error:
        return _Remaining((entry.id for entry in error.entries), error)
    except LockLost as error:
        return _Remaining((entry.id for entry in entries), error)
    return _Remaining()


def _by_maildrop(views: Iterable[View]) -> dict[str, list[Kept]]:
    letters: dict[str, list[Kept]] = {}
    for view in views:
        for maildrop in dict.fromkeys(maildrops_of(view.recipients)):
            if maildrop not in view.kept.removed:
                letters.setdefault(maildrop, []).append(view.kept)
    return letters
