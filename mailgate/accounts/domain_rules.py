"""The `rules` file of a domain: what is decided for all of its maildrops, in TOML, with the keys of `decisions.KEYS`
and no tables.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

from attrs import field, frozen

from mailgate.accounts.decisions import KEYS, NOTHING_SAID, Decisions
from mailgate.faults import Fault, probably

MAX_CHARACTERS: Final = 16_384  # there are ten keys; whatever is longer is another file

_AT_LINE: Final = re.compile(r" \(at line (\d+), column \d+\)$")
_MAX_SHOWN: Final = 40


@frozen
class DomainRules:
    """What a domain decides, and where it says what becomes of deleted mail: file and line."""

    decisions: Decisions = NOTHING_SAID
    where: str = field(default="", eq=False)


NO_DOMAIN_RULES: Final = DomainRules()


def parse_domain_rules(text: str, where: str) -> tuple[DomainRules, tuple[Fault, ...]]:
    """What the file says, without what has a fault, and what is wrong with it. Raises nothing.

    `where` names the file in the faults.
    """
    if len(text) > MAX_CHARACTERS:
        return NO_DOMAIN_RULES, (Fault(where, f"longer than {MAX_CHARACTERS} characters"),)
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # the first also for numbers that are too long to be one
        return NO_DOMAIN_RULES, (_syntax(error, text, where),)
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for key, written in tables.items():
        try:
            values[key] = KEYS[key](written)
        except KeyError:
            faults.append(Fault(_place(text, key, where), f"unknown key {key[:_MAX_SHOWN]!r}", _meant(key, written)))
        except ValueError as error:
            faults.append(Fault(_place(text, key, where), f"{key} is {_shown(written)}", str(error)))
    decisions = Decisions(**values)
    here = _place(text, "dele" if decisions.dele is not None else "removed_days", where)
    if decisions.contradiction:
        faults.append(Fault(here, decisions.contradiction))
    return DomainRules(decisions, here), tuple(faults)


def _syntax(error: Exception, text: str, where: str) -> Fault:
    if not isinstance(error, tomllib.TOMLDecodeError):
        return Fault(where, "cannot be read: nested too deeply, or a number that is too long", "TOML syntax")
    line = _AT_LINE.search(str(error))
    number = line[1] if line is not None else text.count("\n") + 1  # else it is the end of the document
    return Fault(f"{where}:{number}", _AT_LINE.sub("", str(error)), "TOML syntax")


def _place(text: str, key: str, where: str) -> str:
    """The file, and the line on which the key, or a table of that name, seems to stand."""
    found = re.search(rf"^[ \t\[]*[\"']?{re.escape(key)}[\"']?[ \t]*[=.\]]", text, re.MULTILINE)
    return f"{where}:{text.count(chr(10), 0, found.start()) + 1}" if found is not None else where


def _meant(key: str, written: object) -> str:
    if isinstance(written, dict):
        return "the keys stand here without a table: leave its line out"
    return probably(key, KEYS) or f"known: {', '.join(KEYS)}"


def _shown(written: object) -> str:
    if isinstance(written, bool):
        return str(written).lower()
    if isinstance(written, dict | list):
        return "a table" if isinstance(written, dict) else "a list"
    return repr(written)[:_MAX_SHOWN]
