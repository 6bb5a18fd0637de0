"""The door of a listener at which there are faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from twisted.internet.interfaces import IReactorTime

from mailgate.connection import Build
from mailgate.interference.flow import Flow
from mailgate.interference.machine import InterferedMachine
from mailgate.interference.phases import Parties, Spoken
from mailgate.interference.pop3_flow import POP3Flow
from mailgate.interference.rule import Action, Rule
from mailgate.interference.rules import Rules, StandingRule
from mailgate.interference.session import InterferedSession
from mailgate.interference.smtp_flow import SMTPFlow

_FLOWS: Final[Mapping[Spoken, Callable[[], Flow]]] = {"smtp": SMTPFlow, "pop3": POP3Flow}


def interfered(
    build: Build[Any], protocol: Spoken, rules: Rules, own: Sequence[Rule], clock: IReactorTime
) -> Build[Any]:
    """The same door, with faults: the listener's `own`, then those of `rules` and of addresses.

    The connections of the listener share the counts of its own rules. Raises ValueError for one of another protocol.
    """
    standing = [_standing(rule, number, protocol, clock) for number, rule in enumerate(own, 1)]

    def choose(phase: str, parties: Parties) -> Action | None:
        for each in standing:
            if (action := each.strike(phase, parties)) is not None:
                return action
        return rules.strike(protocol, phase, parties)

    def build_interfered(client: str, port: int) -> tuple[InterferedMachine, InterferedSession]:
        machine, session = build(client, port)
        return InterferedMachine(machine, clock), InterferedSession(session, _FLOWS[protocol](), choose, clock)

    return build_interfered


def _standing(rule: Rule, number: int, protocol: Spoken, clock: IReactorTime) -> StandingRule:
    if rule.protocol != protocol:
        raise ValueError(f"a fault of {rule.protocol} cannot be at a listener that speaks {protocol}")
    return StandingRule(rule, number, clock.seconds)
