"""From a file and `--set` to a `Config`, or to every fault at once."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from mailgate.accounts.domains import Domains
from mailgate.config.model import Config
from mailgate.config.places import missing_files, resolve
from mailgate.config.rules import breaches
from mailgate.config.structure import Key, Misfit, dotted, is_list, structure
from mailgate.faults import Fault

_KEY: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_AT_LINE: Final = re.compile(r" \(at line (\d+), column \d+\)$")


class ConfigError(Exception):
    """The configuration cannot be used; `faults` are all that is wrong with it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@frozen
class _Said:
    """Where keys were said."""

    path: str | None
    overridden: tuple[str, ...] = ()

    def where(self, key: str) -> str:
        """The place that a fault of a dotted key names."""
        for override in self.overridden:
            if _related(key, override):
                return f"--set {max(override, key, key=len)}"
        return f"{self.path}: {key}" if self.path is not None else key


@frozen
class _Reading:
    """What could be understood (None: it is no TOML), and what is wrong."""

    config: Config | None
    faults: tuple[Fault, ...]
    said: _Said


def load(path: str | None, overrides: Sequence[str] = (), defaults: Mapping[str, Any] | None = None) -> Config:
    """The configuration of a file, with absolute paths. Raises `ConfigError`.

    `overrides` are `section.key=value`, the last one wins; `defaults` are tables as TOML has them which the file may
    overrule (development mode). Without a file a relative `state` belongs to the working directory. What paths lead to
    is not looked at: that is `check`'s, or `missing_files` and `accounts.Domains.load`.
    """
    reading = _read(path, overrides, defaults or {})
    if reading.config is None or reading.faults:
        raise ConfigError(reading.faults)
    return reading.config


def check(
    path: str | None, overrides: Sequence[str] = (), defaults: Mapping[str, Any] | None = None
) -> tuple[Fault, ...]:
    """Everything that is wrong at once: what `load` would say, files that are missing, and the accounts' faults."""
    reading = _read(path, overrides, defaults or {})
    if reading.config is None:
        return reading.faults
    files = [Fault(reading.said.where(fault.where), fault.what, fault.hint) for fault in missing_files(reading.config)]
    accounts = Domains(reading.config.accounts.directory, _ignore).load()
    return (*reading.faults, *files, *accounts)


def _read(path: str | None, overrides: Sequence[str], defaults: Mapping[str, Any]) -> _Reading:
    try:
        tables = _tables(path) if path is not None else {}
    except ConfigError as error:
        return _Reading(None, error.faults, _Said(path))
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
    said = _Said(path, tuple(overridden))
    config, misfits = structure(tables)
    faults.extend(Fault(said.where(dotted(misfit.key)), misfit.what, misfit.hint) for misfit in misfits)
    faults.extend(_breaches(config, misfits, said))
    base = os.path.dirname(os.path.abspath(path)) if path is not None else os.getcwd()
    return _Reading(resolve(config, base), tuple(faults), said)


def _tables(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8", newline="") as stream:
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


def _breaches(config: Config, misfits: tuple[Misfit, ...], said: _Said) -> Iterator[Fault]:
    # A rule is not held against a key that did not fit, and so stands at its default.
    unsure = [_unsure(key) for misfit in misfits for key in (misfit.key, misfit.omit, *misfit.meant)]
    for breach in breaches(config):
        if not any(_related(key, other) for key in breach.keys for other in unsure if not other.endswith("]")):
            yield Fault(said.where(breach.keys[0]), breach.what, breach.hint)


def _unsure(key: Key) -> str:
    """The dotted key that cannot be relied on when this one did not fit."""
    # A handler that is left out moves those behind it up; a listener leaves its neighbours as they are.
    return key[0] if key[0] == "handler" else dotted(key)


def _related(one: str, other: str) -> bool:
    """Is one of these dotted keys the other, or inside it?"""
    shorter, longer = sorted((one, other), key=len)
    return longer == shorter or longer.startswith((f"{shorter}.", f"{shorter}["))


def _ignore(fault: Fault) -> None:
    """Faults that come up later are for the server that is running then."""
