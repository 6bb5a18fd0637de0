"""Would a message fit into the maildrops of a recipient? What `quotas` says, and by which numbers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

from mailgate.explaining.keeping import Said
from mailgate.explaining.story import Part, Step
from mailgate.explaining.words import counted, size
from mailgate.facts import Bulletin
from mailgate.failures import StoreError
from mailgate.mail import Destination, Envelope, Local, Refused
from mailgate.quotas import Quotas
from mailgate.rules import Quota

Usage = Callable[[str], Awaitable[tuple[int, int]]]


class Remembered:
    """Asks how full each maildrop is, once: what is told and what is decided go by the same numbers."""

    def __init__(self, usage: Usage) -> None:
        self._usage = usage
        self._known: dict[str, tuple[int, int] | StoreError] = {}

    async def __call__(self, maildrop: str) -> tuple[int, int]:
        """(messages, octets). Raises `StoreError`."""
        if maildrop not in self._known:
            try:
                self._known[maildrop] = await self._usage(maildrop)
            except StoreError as error:
                self._known[maildrop] = error
        known = self._known[maildrop]
        if isinstance(known, StoreError):
            raise known
        return known


async def judged(
    envelope: Envelope,
    destinations: Sequence[Destination],
    quota: Callable[[str], Quota],
    usage: Usage,
    permanent: bool,
) -> Part:
    """What the sender hears if one of the maildrops is full; nothing else is told."""
    quotas = Quotas(quota, usage, Bulletin("", float, _unheard), permanent=permanent)
    try:
        await quotas.check(envelope, destinations)
    except Refused as refusal:
        return Part((), refusal.reply, await _culprit(envelope, destinations, quota, usage))
    return Part()


async def _culprit(
    envelope: Envelope, destinations: Sequence[Destination], quota: Callable[[str], Quota], usage: Usage
) -> str:
    """Which maildrop it is, and why if it is not known: of a list with many, one is enough."""
    culprit = ""
    for name in maildrops_of(destinations):
        if quota(name).is_set and not culprit:
            try:
                culprit = "" if _fits(quota(name), *await usage(name), envelope.size or 0) else name
            except StoreError as error:
                culprit = f"{name}: {error}"
    return culprit


async def room(maildrop: str, octets: int, quota: Quota, usage: Usage, said: Said) -> Step:
    """How full one maildrop is, and whether a message of so many octets fits."""
    where = " and ".join(_where(quota, said))
    try:
        messages, there = await usage(maildrop)
    except StoreError as error:
        return _step("that cannot be seen", str(error), where)
    if not quota.is_set:
        return _step("yes, there is no quota", f"{counted(messages, 'message')}, {size(there)} are there", where)
    filled = ", ".join(_filled(quota, messages, there))
    if _fits(quota, messages, there, octets):
        return _step(f"yes: {filled}", "", where)
    return _step(f"no: {filled}", f"one message more, of {size(octets)}, is too much", where)


def maildrops_of(destinations: Iterable[Destination]) -> tuple[str, ...]:
    """Each once, in their order."""
    return tuple(dict.fromkeys(place.maildrop for place in destinations if isinstance(place, Local)))


def _fits(quota: Quota, messages: int, there: int, octets: int) -> bool:
    return quota.allows(messages + 1, there + octets)


def _filled(quota: Quota, messages: int, octets: int) -> list[str]:
    told = [f"{messages} of {counted(quota.messages, 'message')}"] if quota.messages else []
    return [*told, f"{size(octets)} of {size(quota.octets)}"] if quota.octets else told


def _where(quota: Quota, said: Said) -> list[str]:
    keys = [key for key, there in (("quota", quota.octets), ("quota_messages", quota.messages)) if there]
    return list(dict.fromkeys(map(said.where, keys)))


def _step(answer: str, detail: str, where: str) -> Step:
    return Step(topic="quota", question="Is there room?", answer=answer, detail=detail, where=where)


def _unheard(*_: object) -> None:
    """Nobody is told of what is only rehearsed."""
