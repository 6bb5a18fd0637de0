"""A configuration as single settings: key, value, default, and where each was said. Secrets are left out."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import attrs
from attrs import frozen

from mailgate.config import Config, Handler, Reading
from mailgate.config.places import resolve
from mailgate.units import Octets, Seconds, parse_seconds

Source = Literal["default", "file", "--set"]

HIDDEN: Final = "(not shown)"
_SECRET: Final = re.compile(r"pass|secret|token|credential|auth|(?:^|[_-])(?:key|pwd|pw|pin)(?:$|[_-])", re.IGNORECASE)
_ALL_HIDDEN: Final = ("environment",)  # programs are given secrets there
# Somebody's password in a URL; rather too much is hidden than too little, as passwords may have any sign in them.
_USER_INFO: Final = re.compile(r"(?<=://)([^:/\s]*):.*@", re.DOTALL)
_SIZES: Final = (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))
_TIMES: Final = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


@frozen
class Setting:
    """One key of the configuration."""

    key: str  # dotted, such as "smtp.listen", "handler[1].use"
    table: str  # "handler[1]" for what is in the table of a handler; empty: none
    value: Any  # as JSON has it; sizes in octets, durations in seconds
    default: Any  # None: it has none
    source: Source
    written: str  # the value as TOML has it

    @property
    def line(self) -> str:
        """As the configuration would say it."""
        return f"{self._name} = {self.written}"

    def lines(self, columns: int) -> list[str]:
        """The same in several lines where one is wider than that and TOML allows it. Each value stays in one piece."""
        if len(self.line) > columns and isinstance(self.value, list):
            return [f"{self._name} = [", *(f"    {_toml(item)}," for item in self.value), "]"]
        if len(self.line) > columns and isinstance(self.value, Mapping):
            return [f"{self._name}.{_key(key)} = {_toml(inner)}" for key, inner in self.value.items()]
        return [self.line]

    @property
    def _name(self) -> str:
        return self.key.removeprefix(f"{self.table}.") if self.table else self.key

    @property
    def is_changed(self) -> bool:
        """Is it in force with another value than its default?"""
        return bool(self.value != self.default)


def settings(reading: Reading) -> Iterator[Setting]:
    """All of them, handlers last, in the order of etc/mailgate.toml."""
    config = reading.config
    assert config is not None, "it was understood"
    said = _tables(reading.path)
    default = resolve(Config(state=config.state), "/")  # a path that moved with `state` is at its default
    for field in attrs.fields(attrs.resolve_types(Config)):
        value, usual = getattr(config, field.name), getattr(default, field.name)
        if field.name == "handler":
            continue
        if not attrs.has(type(value)):
            usual = Config().state if field.name == "state" else usual
            yield _setting(reading, said, (field.name,), field.type, value, usual)
            continue
        for inner in attrs.fields(attrs.resolve_types(type(value))):
            pair = getattr(value, inner.name), getattr(usual, inner.name)
            yield _setting(reading, said, (field.name, inner.name), inner.type, *pair)
    for number, handler in enumerate(config.handler, 1):
        yield from _handler(reading, said, number, handler)


def _setting(
    reading: Reading, said: Mapping[str, Any], key: Sequence[str], kind: Any, value: Any, default: Any
) -> Setting:
    dotted = ".".join(key)
    plain, usual = _harmless(_plain(value)), _plain(default)
    written = _with_unit(kind, plain)
    return Setting(dotted, "", plain, usual, _source(reading, said, dotted), written)


def _handler(reading: Reading, said: Mapping[str, Any], number: int, handler: Handler) -> Iterator[Setting]:
    table = f"handler[{number}]"
    tables = said.get("handler")
    own = tables[number - 1] if isinstance(tables, list) and number <= len(tables) else {}
    usual = Handler(use=handler.use)
    for field in attrs.fields(attrs.resolve_types(Handler)):
        if field.name != "options":
            value = getattr(handler, field.name)
            default = None if field.name == "use" else getattr(usual, field.name)
            source = _source(reading, {table: own}, f"{table}.{field.name}", override="handler")
            yield Setting(f"{table}.{field.name}", table, value, default, source, _with_unit(field.type, value))
    for name, option in handler.options.items():
        source = _source(reading, {table: own}, f"{table}.{name}", override="handler")
        value = _plain(_discreet(name, option))
        bare = name if _BARE_KEY.fullmatch(name) else _text(name)
        yield Setting(f"{table}.{bare}", table, value, None, source, _toml(value))


def _source(reading: Reading, said: Mapping[str, Any], key: str, override: str = "") -> Source:
    """Where its value comes from. What was said and not understood stands at its default."""
    section, _, name = key.partition(".")
    if not reading.is_sure(key):
        return "default"
    for overridden in reading.overridden:
        if overridden in (key, section, override) or overridden.startswith(f"{key}."):
            return "--set"
    there = said.get(section)
    return "file" if (isinstance(there, Mapping) and name in there) or (not name and section in said) else "default"


def _tables(path: str | None) -> Mapping[str, Any]:
    assert path is not None, "it was read from a file"
    with open(path, encoding="utf-8-sig", newline="") as stream:
        return tomllib.loads(stream.read().replace("\r\n", "\n"))


# What may be told.


def _discreet(name: str, value: Any) -> Any:
    """An option of a handler without what looks like a secret: nobody but its author knows for sure."""
    if name in _ALL_HIDDEN and isinstance(value, Mapping):
        return dict.fromkeys(value, HIDDEN)
    if _SECRET.search(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: _discreet(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_discreet("", inner) for inner in value]
    return _harmless(value)


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        return _USER_INFO.sub(rf"\1:{HIDDEN}@", value)
    return value


# As JSON and TOML have it.


def _plain(value: Any) -> Any:
    if attrs.has(type(value)):
        return attrs.asdict(value)
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return value if isinstance(value, str | int | float) else str(value)  # TOML's dates


def _with_unit(kind: Any, value: Any) -> str:
    if kind is Octets:
        return _text(size_text(value)) if value else "0"
    if kind is Seconds:
        text = duration_text(value)
        return _text(text) if parse_seconds(text) == value else repr(value)
    return _toml(value)


def size_text(octets: int) -> str:
    """Octets as `units.parse_octets` reads them, in the largest unit that fits."""
    for unit, size in _SIZES:
        if octets and octets % size == 0:
            return f"{octets // size} {unit}"
    return f"{octets} B"


def duration_text(seconds: float) -> str:
    """Seconds in the largest unit that fits, to the millisecond."""
    for unit, size in _TIMES:
        if seconds and seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds * 1000:.0f}ms" if seconds else "0s"


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    """A basic string of TOML: as JSON has it, but for the one control character that JSON lets pass."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
