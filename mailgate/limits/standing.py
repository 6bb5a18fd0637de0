"""Who has to wait, who is refused, and who is exempt, at this moment: for an administrator. Without any password."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal

from attrs import frozen

from mailgate.interfaces import ITally
from mailgate.limits.admission import CLIENTS_PER_SITE
from mailgate.limits.delays import FREE, delay_after
from mailgate.limits.ledger import PAIRS, VAIN, WRONG
from mailgate.limits.logins import LoginThrottle

State = Literal["refused", "delayed", "counted"]

MAX_ROWS: Final = 1_000  # of each kind


@frozen
class Standing:
    """An account with wrong passwords, or a network with names in vain."""

    name: str
    failures: int
    state: State  # of others than who is exempt
    delay_seconds: float
    seconds: float  # until the state is a better one, if nothing else is wrong


@frozen
class Exempt:
    """An account, a network from which it has logged in, and for how long that counts."""

    account: str
    network: str
    seconds: float


@frozen
class Report:
    """The worst first, `MAX_ROWS` of each kind at most; and how many there are of each."""

    accounts: tuple[Standing, ...]
    unknown: tuple[Standing, ...]  # names that nobody has
    networks: tuple[Standing, ...]
    exempt: tuple[Exempt, ...]
    totals: Mapping[str, int]


async def report_of(throttle: LoginThrottle) -> Report:
    """How things stand. Looks at every key there is."""
    ledger, most = throttle.ledger, throttle.wrong_passwords
    accounts = await _standings(ledger.accounts, WRONG, lambda _: most)
    unknown = await _standings(ledger.strangers, WRONG, lambda _: most)
    networks = await _standings(ledger.strangers, VAIN, lambda name: _most_names(name, throttle.unknown_users))
    exempt = await _exempt(ledger.pairs)
    totals = {
        "accounts": len(accounts),
        "unknown": len(unknown),
        "networks": len(networks),
        "exempt": len(exempt),
    }
    return Report(_worst(accounts), _worst(unknown), _worst(networks), tuple(exempt[:MAX_ROWS]), totals)


def _most_names(network: str, unknown_users: int) -> int:
    return unknown_users * CLIENTS_PER_SITE if network.endswith("/48") else unknown_users


async def _standings(tally: ITally, prefix: str, most_of: Callable[[str], int]) -> list[Standing]:
    standings = []
    for key in await tally.keys(prefix):
        name = key.removeprefix(prefix).removesuffix("\n")
        standings.append(_standing(name, (await tally.members(key)).values(), most_of(name)))
    return standings


def _standing(name: str, seconds: Iterable[float], most: int) -> Standing:
    ends = sorted(seconds)
    failures = len(ends)
    if failures >= most:
        return Standing(name, failures, "refused", 0.0, ends[failures - most])
    if failures >= FREE:
        return Standing(name, failures, "delayed", delay_after(failures), ends[failures - FREE])
    return Standing(name, failures, "counted", 0.0, ends[-1])


def _worst(standings: list[Standing]) -> tuple[Standing, ...]:
    return tuple(sorted(standings, key=lambda standing: (-standing.failures, standing.name))[:MAX_ROWS])


async def _exempt(pairs: ITally) -> list[Exempt]:
    exempt = []
    for key in await pairs.keys(PAIRS):
        account = key.removeprefix(PAIRS).removesuffix("\n")
        exempt += [Exempt(account, network, seconds) for network, seconds in (await pairs.members(key)).items()]
    return sorted(exempt, key=lambda pair: (pair.account, -pair.seconds))
