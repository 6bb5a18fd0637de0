"""A sweep through all maildrops: what is not to be kept goes, and so does what lay in the trash long enough, and what
deliveries that were cut short have left behind.

It knows stores by their contracts. A maildrop is locked while messages are removed from it, as a session has it: so a
sweep never takes a message away from a session, and passes over a maildrop that is open.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Final, Protocol, cast

from attrs import evolve, frozen

from mailgate import facts
from mailgate.failures import NotRemoved, StoreError
from mailgate.interfaces import IFetchLog, IMaildrop
from mailgate.mail import Entry, Snapshot
from mailgate.rules import DAY_SECONDS, Rules

SHARE: Final = 4  # the fourth part, rounded up, is the most that one sweep removes from a maildrop
SLICE_MESSAGES: Final = 500  # how many are removed by one call


class Maildrops(Protocol):
    """What a sweep wants of a store: `IMailStore`, and of `abilities` the names, the browser, the trash and `ITidy`."""

    def names(self) -> Awaitable[Sequence[str]]:
        """See `IMaildropNames`."""

    def browse(self, maildrop: str) -> Awaitable[Snapshot]:
        """See `IBrowser`."""

    def open(self, maildrop: str, rules: Rules) -> Awaitable[IMaildrop]:
        """See `IMailStore`."""

    def empty_trash(self, maildrop: str, before: float) -> Awaitable[int]:
        """See `ITrash`."""

    def tidy(self, maildrop: str) -> Awaitable[int]:
        """See `ITidy`."""


@frozen(kw_only=True)
class Swept:
    """What a sweep did to one maildrop, or, in a rehearsal, would do."""

    maildrop: str
    messages: int = 0
    octets: int = 0
    spared: int = 0  # how many more are to go, and wait for the next sweep
    emptied: int = 0  # how many messages left the trash for good
    trouble: str = ""  # why not all was done

    @property
    def is_worth_telling(self) -> bool:
        """Did anything happen?"""
        return self != Swept(maildrop=self.maildrop)


class Sweeper:
    """Sweeps when it is told to; one sweep at a time is the caller's business."""

    def __init__(
        self,
        store: Maildrops,
        rules: Callable[[str], Rules | None],
        bulletin: facts.Bulletin,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`rules` gives what was decided for a maildrop, None for one that is to be left alone: nobody's, or somebody's
        of whom nothing can be known just now. `clock` gives Unix time.
        """
        self._store = store
        self._rules = rules
        self._tell = bulletin.tell
        self._clock = clock

    async def has_work(self) -> bool:
        """Is there a maildrop whose rules ever remove anything? Raises `StoreError`."""
        everybody = [self._rules(name) for name in await self._store.names()]
        return any(rules is not None and rules.removes for rules in everybody)

    async def sweep(self, *, rehearse: bool = False, unlimited: bool = False) -> AsyncGenerator[Swept, None]:
        """Every maildrop in turn, and what became of it; between two of them a caller may do something else. What is to
        be left alone is tidied all the same, and told of only if that failed.

        `rehearse`: remove nothing. `unlimited`: remove more than a fourth of a maildrop if need be. Raises `StoreError`
        where not even the maildrops can be listed.
        """
        for name in await self._store.names():
            rules = self._rules(name)
            trouble = "" if rehearse else await self._tidy(name)
            swept = Swept(maildrop=name)
            if rules is not None:
                swept = await self._sweep_and_empty(name, rules, rehearse, unlimited)
            swept = evolve(swept, trouble=swept.trouble or trouble)
            if rules is not None or trouble:
                self._report(swept, rehearse)
                yield swept

    async def _tidy(self, name: str) -> str:
        """Why it could not be done; empty if it could."""
        try:
            await self._store.tidy(name)
        except StoreError as error:
            return str(error)
        return ""

    async def _sweep_and_empty(self, name: str, rules: Rules, rehearse: bool, unlimited: bool) -> Swept:
        try:
            swept = await self._sweep(name, rules, rehearse, unlimited)
            return swept if rehearse else evolve(swept, emptied=await self._empty_trash(name, rules))
        except StoreError as error:
            return Swept(maildrop=name, trouble=str(error))

    def _report(self, swept: Swept, rehearse: bool) -> None:
        if not rehearse and swept.is_worth_telling:
            self._tell(
                facts.Swept(
                    user=swept.maildrop,
                    messages=swept.messages,
                    octets=swept.octets,
                    spared=swept.spared,
                    emptied=swept.emptied,
                    trouble=swept.trouble,
                )
            )

    async def _sweep(self, name: str, rules: Rules, rehearse: bool, unlimited: bool) -> Swept:
        if rules.retention.expire_days is None:
            return Swept(maildrop=name)
        # Most maildrops have nothing to lose today, and are not locked to find that out.
        if not self._expired(rules, await self._store.browse(name), _at_once):
            return Swept(maildrop=name)
        maildrop = await self._store.open(name, rules)
        try:
            snapshot = await maildrop.snapshot()
            expired = self._expired(rules, snapshot, _first_fetch_of(maildrop))
            most = len(expired) if unlimited else -(-len(snapshot.entries) // SHARE)
            going = expired[:most]
            swept = Swept(maildrop=name, spared=len(expired) - len(going))
            return await self._remove(maildrop, going, rehearse, swept)
        finally:
            maildrop.release()

    def _expired(
        self, rules: Rules, snapshot: Snapshot, first_fetch: Callable[[Entry], int | None]
    ) -> tuple[Entry, ...]:
        return rules.retention.expired(snapshot.entries, first_fetch, self._clock())

    async def _remove(self, maildrop: IMaildrop, going: Sequence[Entry], rehearse: bool, swept: Swept) -> Swept:
        to_trash = maildrop.rules.removed_days > 0
        removed: list[Entry] = []
        trouble = ""
        for start in range(0, len(going), SLICE_MESSAGES):
            entries = going[start : start + SLICE_MESSAGES]
            try:
                if not rehearse:
                    await maildrop.remove(entries, to_trash=to_trash)
            except NotRemoved as error:
                remaining = frozenset(error.entries)
                entries = [entry for entry in entries if entry not in remaining]
                trouble = str(error)
            removed += entries
        if not rehearse:
            for entry in removed:
                self._tell(facts.Expired(user=maildrop.name, message=entry.id, uid=entry.uid, to_trash=to_trash))
        octets = sum(entry.octets for entry in removed)
        return evolve(swept, messages=len(removed), octets=octets, trouble=trouble)

    async def _empty_trash(self, name: str, rules: Rules) -> int:
        return await self._store.empty_trash(name, self._clock() - rules.removed_days * DAY_SECONDS)


def _at_once(entry: Entry) -> int:
    """The earliest that an entry can have been fetched: what stays even so needs no closer look."""
    return entry.seconds


def _first_fetch_of(maildrop: IMaildrop) -> Callable[[Entry], int | None]:
    if IFetchLog.providedBy(maildrop):
        return cast(IFetchLog, maildrop).first_fetch
    return lambda _: None
