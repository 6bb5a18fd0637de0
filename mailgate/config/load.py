"""From a file and `--set` to a `Config`, or to every fault at once."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import asdict, evolve

from mailgate.accounts.decisions import NOTHING_SAID, Decisions
from mailgate.accounts.domains import Domains
from mailgate.accounts.spelling import Spelling, wrong_separators
from mailgate.config.model import Accounts, Config, Maildrops
from mailgate.config.places import resolve
from mailgate.config.reading import Reading
from mailgate.config.rules import Breach, breaches, liberties, silence
from mailgate.config.structure import dotted, is_list, structure
from mailgate.faults import Fault

_KEY: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_AT_LINE: Final = re.compile(r" \(at line (\d+), column \d+\)$")


class ConfigError(Exception):
    """The configuration cannot be used; `faults` are all that is wrong with it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def load(path: str | None, overrides: Sequence[str] = (), defaults: Mapping[str, Any] | None = None) -> Config:
    """The configuration of a file, with absolute paths. Raises `ConfigError`.

    `overrides` are `section.key=value`, the last one wins; `defaults` are tables as TOML has them which the file may
    overrule (development mode). Without a file a relative `state` belongs to the working directory. What paths lead to
    is not looked at, nor whether there is enough to serve: that is `check`'s and `service.inspect`'s.
    """
    reading = _read(path, overrides, defaults or {})
    if reading.config is None or reading.faults:
        raise ConfigError(reading.faults)
    return reading.config


def check(
    path: str | None,
    overrides: Sequence[str] = (),
    defaults: Mapping[str, Any] | None = None,
    *,
    development: bool = False,
    at_start: bool = False,
    running: bool = False,
) -> Reading:
    """The same, for a server: all that could be understood, and everything that is wrong: what `load` would say, that
    nothing listens, and, but in `development`, what only development may do, and the faults of the accounts; `at_start`
    only those for which a whole file would not be served: a single alias that leads astray is no reason to refuse the
    mail of all others. `running`: no account is looked at: a server that runs has read them, and goes on with what was
    right.
    """
    reading = _read(path, overrides, defaults or {})
    if reading.config is None:
        return reading
    faults = [*reading.faults, *_held_against(reading, silence(reading.config))]
    if development:
        return evolve(reading, faults=tuple(faults))
    faults.extend(_held_against(reading, liberties(reading.config)))
    if running:
        return evolve(reading, faults=tuple(faults))
    directory = reading.config.accounts.directory
    sure = reading.is_sure("accounts.directory", "accounts.separators", "accounts.ignore_dots", "state")
    if directory and sure and not wrong_separators(reading.config.accounts.separators):
        default = _decisions_if_any(reading.config.maildrops)
        domains = Domains(directory, _ignore, spelling=spelling(reading.config.accounts), default=default)
        faults.extend(domains.unreadable() if at_start else domains.load())
    return evolve(reading, faults=tuple(faults))


def spelling(accounts: Accounts) -> Spelling:
    """Which spellings of an address mean the same person."""
    return Spelling(accounts.separators, accounts.ignore_dots)


def decisions(maildrops: Maildrops) -> Decisions:
    """What holds for every maildrop of which nothing else is said. Raises ValueError for what breaks the rules."""
    return Decisions(**asdict(maildrops))


def _decisions_if_any(maildrops: Maildrops) -> Decisions:
    try:
        return decisions(maildrops)
    except ValueError:
        return NOTHING_SAID  # what is wrong has been told


def _read(path: str | None, overrides: Sequence[str], defaults: Mapping[str, Any]) -> Reading:
    try:
        tables = _tables(path) if path is not None else {}
    except ConfigError as error:
        return Reading(None, error.faults, path)
    tables = _merged(defaults, tables)
    faults, overridden = [], []
    for override in overrides:
        meant = _override(override)
        if isinstance(meant, Fault):
            faults.append(meant)
        else:
            key, value = meant
            overridden.append(".".join(key))
            tables = _merged(tables, _nested(key, value))
    config, misfits = structure(tables)
    unsure = tuple(dotted(key) for misfit in misfits for key in (misfit.key, *misfit.meant))
    base = os.path.dirname(os.path.abspath(path)) if path is not None else os.getcwd()
    reading = Reading(resolve(config, base), (), path, tuple(overridden), unsure)
    faults.extend(Fault(reading.where(dotted(misfit.key)), misfit.what, misfit.hint) for misfit in misfits)
    faults.extend(_held_against(reading, breaches(config)))
    return evolve(reading, faults=tuple(faults))


def _held_against(reading: Reading, broken: Iterable[Breach]) -> Iterator[Fault]:
    """The faults that broken rules are; none is held against a key that did not fit, and so stands at its default."""
    for breach in broken:
        if reading.is_sure(*breach.keys, whole=breach.whole):
            yield Fault(reading.where(breach.keys[0]), breach.what, breach.hint)


def _tables(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:  # some editors begin with a byte order mark
            text = stream.read()
        return tomllib.loads(text.replace("\r\n", "\n"))
    except OSError as error:
        raise ConfigError((Fault(path, f"cannot be read: {error.strerror or error}"),)) from None
    except UnicodeDecodeError:
        raise ConfigError((Fault(path, "not UTF-8"),)) from None
    except tomllib.TOMLDecodeError as error:
        line = _AT_LINE.search(str(error))
        number = line[1] if line else text.count("\n") + 1  # else it is the end of the document
        raise ConfigError((Fault(f"{path}:{number}", _AT_LINE.sub("", str(error)), "TOML syntax"),)) from None


def _nested(key: tuple[str, ...], value: Any) -> dict[str, Any]:
    return {key[0]: _nested(key[1:], value) if key[1:] else value}


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`, table by table."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _merged(under, value) if isinstance(under, Mapping) and isinstance(value, dict) else value
    return merged


def _override(text: str) -> tuple[tuple[str, ...], Any] | Fault:
    """The key and value of `section.key=value`: a TOML value if it is one, else text."""
    key, equals, written = text.partition("=")
    key = key.strip()
    if not equals or _KEY.fullmatch(key) is None:
        return Fault(f"--set {text}", "expected section.key=value", 'such as "smtp.listen=tcp:2525"')
    path = tuple(key.split("."))
    try:
        parsed = tomllib.loads(f"value = {written}")
    except tomllib.TOMLDecodeError:
        parsed = {}
    if parsed.keys() == {"value"}:
        return path, parsed["value"]
    return path, [written] if is_list(path) else written


def _ignore(fault: Fault) -> None:
    """Faults that come up later are for the server that is running then."""
