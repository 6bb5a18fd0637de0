"""The rules that stand now, whose they are, and how often each has struck."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final

from mailgate.interference.addresses import AddressFaults
from mailgate.interference.pace import Pace
from mailgate.interference.phases import PHASES, Parties, Spoken
from mailgate.interference.rule import Action, Rule
from mailgate.namespaces import SHARED, domain_of, namespace_of

MAX_RULES: Final = 10_000  # in all namespaces


class StandingRule:
    """A rule and its hits. When it is used up it stays, so that a test can see that it struck."""

    def __init__(self, rule: Rule, number: int, elapsed: Callable[[], float] | None = None) -> None:
        """`elapsed`, in seconds, is for rules with `per_second`."""
        self.rule = rule
        self.number = number  # in the order of making
        self.hits = 0
        self._pace: Pace | None = None
        if rule.per_second is not None:
            assert elapsed is not None, "a rate needs a clock"
            self._pace = Pace(rule.per_second, elapsed)

    @property
    def id(self) -> str:
        """By which it is removed."""
        return str(self.number)

    @property
    def is_used_up(self) -> bool:
        """Will it strike no more?"""
        strikes = self.rule.strikes
        return strikes is not None and self.hits >= strikes

    def strike(self, at: str, parties: Parties) -> Action | None:
        """What happens now, if it is meant."""
        if self.rule.at != at or self.is_used_up or not self.rule.concerns(parties):
            return None
        if self._pace is not None and self._pace.keeps():
            return None
        action = self.rule.actions[self.hits % len(self.rule.actions)]
        self.hits += 1
        return action

    def as_json(self) -> dict[str, Any]:
        """The rule, its id, how often it struck, and whether it still can."""
        return {"id": self.id, **self.rule.as_json(), "hits": self.hits, "used_up": self.is_used_up}


class Rules:
    """The rules of all namespaces for the ports that are shared; and behind them what addresses themselves ask for."""

    def __init__(self, max_rules: int = MAX_RULES) -> None:
        self._max_rules = max_rules
        self._numbers = itertools.count(1)
        self._standing: dict[str, dict[str, StandingRule]] = {}  # by namespace, then by id, in the order of making
        self._addresses = AddressFaults()

    def __len__(self) -> int:
        return sum(map(len, self._standing.values()))

    def add(self, rule: Rule, namespace: str = SHARED) -> str:
        """Let a rule stand; give its id. Raises ValueError where others could be struck by it, or never anybody."""
        domain_of(namespace)
        if len(self) >= self._max_rules:
            raise ValueError(f"there are {self._max_rules} faults already: remove some first")
        _check_shared(rule)
        _check_addresses(rule, namespace)
        standing = StandingRule(rule, next(self._numbers))
        self._standing.setdefault(namespace, {})[standing.id] = standing
        return standing.id

    def remove(self, id: str, namespace: str = SHARED) -> None:
        """Remove one rule of a namespace. Raises KeyError if it has none of that id."""
        del self._standing.get(namespace, {})[id]

    def clear(self, namespace: str = SHARED) -> int:
        """Remove all rules of a namespace, and forget how often its addresses struck; give how many rules it had."""
        self._addresses.forget(namespace)
        return len(self._standing.pop(namespace, {}))

    def list(self, namespace: str = SHARED) -> Sequence[dict[str, Any]]:
        """The rules of a namespace, in the order of making, for JSON: with `id`, `hits` and `used_up`."""
        return [standing.as_json() for standing in self._standing.get(namespace, {}).values()]

    def strike(self, protocol: Spoken, at: str, parties: Parties) -> Action | None:
        """What happens at a phase of a session with these parties; the first that is meant for it counts."""
        for standing in self._candidates(parties):
            if standing.rule.protocol == protocol and (action := standing.strike(at, parties)) is not None:
                return action
        return self._addresses.strike(protocol, at, parties)

    def _candidates(self, parties: Parties) -> Sequence[StandingRule]:
        if not self._standing:
            return ()
        namespaces = parties.namespaces
        corners = namespaces - {SHARED}
        found = [standing for corner in corners for standing in self._standing.get(corner, {}).values()]
        if not corners:  # a session that is of somebody's corner is not struck by what is everybody's
            shared = self._standing.get(SHARED, {}).values()
            found = [standing for standing in shared if namespaces or standing.rule.names_somebody]
        return sorted(found, key=lambda standing: standing.number)


def _check_shared(rule: Rule) -> None:
    if rule.per_second is not None:
        raise ValueError("a rate limit strikes whoever comes: open a listener of your own for it")
    if not PHASES[rule.protocol][rule.at]:
        raise ValueError(f"at {rule.at} nobody has said who he is: open a listener of your own for it")


def _check_addresses(rule: Rule, namespace: str) -> None:
    named = [address for address in (rule.to, rule.sender, rule.user) if address]
    for address in named:
        if namespace_of(address) not in (namespace, SHARED):
            raise ValueError(f"{address} belongs to the namespace {namespace_of(address)}, not to {namespace!r}")
    if namespace == SHARED or any(namespace_of(address) == namespace for address in named):
        return
    if rule.at == "mail":
        # Whose mail it will be is not known yet: hardly any sender has an address of a test's own.
        raise ValueError(f"name a 'from' of {domain_of(namespace)} (or a 'user'), or open a listener of your own")
    role = PHASES[rule.protocol][rule.at][0]
    if {"to": rule.to, "from": rule.sender, "user": rule.user}[role] is not None:
        raise ValueError(f"name an address of {domain_of(namespace)}: this fault could strike others, too")
