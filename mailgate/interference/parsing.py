"""From what JSON has to a `Rule`, or a sentence that says what to write instead."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, cast

from attrs import evolve

from mailgate.interference.phases import PHASES, Role, Spoken, fold, fold_path
from mailgate.interference.replies import parse_reply, too_fast
from mailgate.interference.rule import Action, Rule
from mailgate.mail import Path

MAX_DELAY_SECONDS: Final = 600.0
MAX_OCTETS_PER_SECOND: Final = 1_000_000_000.0
MAX_OCTETS: Final = 1_000_000_000_000  # after which a connection is dropped
MAX_TIMES: Final = 1_000_000
MAX_PER_SECOND: Final = 1_000_000
MAX_SEQUENCE: Final = 100  # actions
MAX_USER_CHARACTERS: Final = 320

_ROLES: Final[tuple[Role, ...]] = ("to", "from", "user")
_ACTION: Final = ("reply", "delay", "slow", "drop", "drop_after_octets")
_RULE: Final = ("protocol", "at", *_ROLES, *_ACTION, "times", "sequence", "per_second")


def parse_rule(values: Mapping[str, Any]) -> Rule:
    """Read a rule; null counts as left out. Raises ValueError."""
    given = {name: value for name, value in values.items() if value is not None}
    _only(given, _RULE)
    protocol = cast(Spoken, _choice(given, "protocol", PHASES))
    at = _choice(given, "at", PHASES[protocol])
    addresses = _addresses(given, PHASES[protocol][at], at)
    times = int(_number(given, "times", 1, MAX_TIMES, whole=True)) if "times" in given else None
    rule = Rule(protocol=protocol, at=at, actions=(), times=times, **addresses)
    if "sequence" in given:
        return evolve(rule, actions=_sequence(protocol, at, given), in_sequence=True)
    action = parse_action(protocol, at, {name: given[name] for name in _ACTION if name in given})
    if "per_second" in given:
        return _rate(rule, action, given)
    if action == Action():
        raise ValueError(f"say what is to happen: {', '.join(_ACTION)}, or a sequence of these")
    return evolve(rule, actions=(action,))


def parse_action(protocol: Spoken, at: str, values: Mapping[str, Any]) -> Action:
    """Read an action; an empty one is "nothing happens". Raises ValueError."""
    _only(values, _ACTION)
    drop = values.get("drop", False)
    if not isinstance(drop, bool):
        raise ValueError(f"drop has to be true or false, not {_shown(drop)}")
    if drop and values.keys() & {"reply", "slow", "drop_after_octets"}:
        raise ValueError("drop closes without a reply: use drop_after_octets to close in the midst of one")
    reply = values.get("reply")
    if reply is not None and not isinstance(reply, str):
        raise ValueError(f"reply has to be a text, not {_shown(reply)}")
    cut = "drop_after_octets" in values
    return Action(
        reply=None if reply is None else parse_reply(protocol, at, reply),
        delay_seconds=_number(values, "delay", 0, MAX_DELAY_SECONDS) if "delay" in values else 0.0,
        octets_per_second=_number(values, "slow", 1, MAX_OCTETS_PER_SECOND) if "slow" in values else None,
        drop=drop,
        drop_after_octets=int(_number(values, "drop_after_octets", 0, MAX_OCTETS, whole=True)) if cut else None,
    )


def _sequence(protocol: Spoken, at: str, given: Mapping[str, Any]) -> tuple[Action, ...]:
    if beside := sorted(given.keys() & {*_ACTION, "per_second"}):
        raise ValueError(f"put {beside[0]} into the actions of the sequence, not beside it")
    actions = given["sequence"]
    if not isinstance(actions, list) or not 1 <= len(actions) <= MAX_SEQUENCE:
        raise ValueError(
            f'sequence has to be 1 to {MAX_SEQUENCE} actions in a list, such as [{{"reply": "451"}}, {{}}]'
        )
    if not all(isinstance(action, Mapping) for action in actions):
        raise ValueError('each action of a sequence is an object, such as {"reply": "451"}; {} lets it pass')
    return tuple(parse_action(protocol, at, _without_null(action)) for action in actions)


def _rate(rule: Rule, action: Action, given: Mapping[str, Any]) -> Rule:
    per_second = int(_number(given, "per_second", 1, MAX_PER_SECOND, whole=True))
    if action.reply is None and not action.drop:
        action = evolve(action, reply=too_fast(rule.protocol, rule.at))
    return evolve(rule, actions=(action,), per_second=per_second)


def _addresses(given: Mapping[str, Any], known: tuple[Role, ...], at: str) -> dict[str, Any]:
    addresses: dict[str, Any] = {}
    for role in _ROLES:
        if role not in given:
            continue
        if role not in known:
            there = f"only {' and '.join(map(repr, known))} can be given" if known else "no address can be given"
            raise ValueError(f"at {at} nobody knows {role!r} yet: {there}")
        addresses["sender" if role == "from" else role] = _address(role, given[role])
    return addresses


def _address(role: Role, value: object) -> str:
    if not isinstance(value, str) or not value or len(value) > MAX_USER_CHARACTERS:
        raise ValueError(f"{role} has to be an address, not {_shown(value)}")
    if role == "from" and value == "<>":
        return ""
    if role == "user" and "@" not in value:
        return fold(value)
    try:
        return fold_path(Path.parse(value))
    except ValueError as error:
        raise ValueError(f"{role} has to be an address, not {_shown(value)}: {error}") from None


def _only(values: Mapping[str, Any], names: tuple[str, ...]) -> None:
    if unknown := sorted(set(map(str, values)) - set(names)):
        raise ValueError(f"there is no {unknown[0]!r} here; there are {', '.join(names)}")


def _without_null(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _choice(values: Mapping[str, Any], name: str, choices: Mapping[Any, Any]) -> str:
    value = values.get(name)
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} has to be one of {', '.join(choices)}, not {_shown(value)}")
    return value


def _number(values: Mapping[str, Any], name: str, least: float, most: float, *, whole: bool = False) -> float:
    value = values[name]
    number = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else value
    if not least <= number <= most or (whole and number != int(number)):
        kind = "a whole number" if whole else "a number"
        raise ValueError(f"{name} has to be {kind} from {least:g} to {most:g}, not {_shown(value)}")
    return number


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)[:80]
