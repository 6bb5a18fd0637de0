"""Plain tables to `Config` by cattrs, strictly: nothing is coerced, and every fault is found in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, get_args, get_origin

import attrs
import cattrs
from attrs import frozen
from cattrs.gen import make_dict_structure_fn

from mailgate.config.listeners import parse_listener
from mailgate.config.model import Config, Handler, Listener
from mailgate.faults import probably
from mailgate.limits.networks import Network, parse_network
from mailgate.units import Octets, Seconds, parse_octets, parse_seconds

Key = tuple[str | int, ...]

_EXPECTED: Final = {str: "text in quotes", int: "a whole number", bool: "true or false"}


@frozen
class Misfit:
    """What is wrong at a key. `meant` are keys that were perhaps meant; `omit` is what to leave out to go on."""

    key: Key
    what: str
    hint: str = ""
    meant: tuple[Key, ...] = ()
    omit: Key = ()


class _Wrong(ValueError):
    """A value that does not fit."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


def structure(tables: dict[str, Any]) -> tuple[Config, tuple[Misfit, ...]]:
    """The configuration, and what does not fit in it and is left at its default."""
    try:
        return _CONVERTER.structure(tables, Config), ()
    except cattrs.BaseValidationError as error:
        misfits = tuple(_misfits(error, ()))
    # A key that does not fit stays at its default; a handler has none for `use`, and keeps its place without.
    rest = without(tables, {misfit.omit for misfit in misfits if not _is_handler(misfit.omit)})
    return _CONVERTER.structure(_with_places(rest), Config), misfits


def _is_handler(key: Key) -> bool:
    return key[:1] == ("handler",) and len(key) == 2


def _with_places(tables: dict[str, Any]) -> dict[str, Any]:
    """Every [[handler]] is a table and says a name, empty if need be, so that those behind it keep their numbers."""
    if "handler" not in tables:
        return tables
    handlers = [{"use": "", **(handler if isinstance(handler, dict) else {})} for handler in tables["handler"]]
    return {**tables, "handler": handlers}


def without(value: Any, omitted: set[Key], here: Key = ()) -> Any:
    """A copy of tables and lists without the keys of `omitted`."""
    if isinstance(value, dict):
        items = ((key, (*here, key), item) for key, item in value.items())
        return {key: without(item, omitted, path) for key, path, item in items if path not in omitted}
    if isinstance(value, list):
        elements = (((*here, index), item) for index, item in enumerate(value))
        return [without(item, omitted, path) for path, item in elements if path not in omitted]
    return value


def is_list(key: Key) -> bool:
    """Does a list stand at this key?"""
    here: Any = Config
    for part in key:
        if not attrs.has(here):
            return False
        here = {field.name: field.type for field in attrs.fields(attrs.resolve_types(here))}.get(str(part))
    return _is_tuple(here)


def dotted(key: Key) -> str:
    """The key as a fault names it, counted from 1: `handler[1].timeout`."""
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in key).removeprefix(".")


# From cattrs' tree of exceptions to a list.


def _misfits(error: Exception, key: Key) -> Iterator[Misfit]:
    if isinstance(error, cattrs.ClassValidationError):
        noted, rest = error.group_exceptions()
        for inner, note in noted:
            yield from _misfits(inner, (*key, note.name))
        for other in rest:
            yield from _misfits(other, key)
    elif isinstance(error, cattrs.IterableValidationError):
        for inner, at in error.group_exceptions()[0]:
            yield from _misfits(inner, (*key, at.index))
    elif isinstance(error, cattrs.ForbiddenExtraKeysError):
        known = [field.name for field in attrs.fields(error.cl)]
        yield from (_unknown(key, name, known) for name in sorted(error.extra_fields))
    elif isinstance(error, KeyError):
        yield Misfit(key, "missing", omit=key[:-1])
    else:
        yield Misfit(key, str(error), getattr(error, "hint", ""), omit=key)


def _unknown(table: Key, name: str, known: list[str]) -> Misfit:
    hint = probably(name, known)
    meant = tuple((*table, word) for word in known if hint and repr(word) in hint)
    return Misfit((*table, name), "unknown key", hint or f"known: {', '.join(known)}", meant, (*table, name))


# How each type is read.


def _exactly(wanted: type) -> Callable[[Any, Any], Any]:
    def read(value: Any, _: Any) -> Any:
        if type(value) is not wanted:  # a bool is an int to isinstance, not to a reader
            raise _Wrong(f"expected {_EXPECTED[wanted]}, not {_shown(value)}")
        if isinstance(value, str) and "\0" in value:  # as a path it would make the system raise what nobody expects
            raise _Wrong("text here has no NUL")
        return value

    return read


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return str(value).lower() if isinstance(value, bool) else repr(value)[:60]


def _listener(value: Any, _: Any) -> Listener:
    if not isinstance(value, str):
        raise _Wrong(f"expected {_EXPECTED[str]}, not {_shown(value)}", 'such as "tcp:25"')
    parse_listener(value)
    return Listener(value)


def _network(value: Any, _: Any) -> Network:
    if not isinstance(value, str):
        raise _Wrong(f"expected {_EXPECTED[str]}, not {_shown(value)}", 'such as "192.0.2.0/24"')
    return parse_network(value)


def _octets(value: Any, _: Any) -> Octets:
    return parse_octets(value)


def _seconds(value: Any, _: Any) -> Seconds:
    return parse_seconds(value)


def _literal(value: Any, cl: Any) -> Any:
    words = get_args(cl)
    if value not in words or not isinstance(value, str):
        hint = probably(value, words) if isinstance(value, str) else ""
        raise _Wrong(f"expected {' or '.join(map(repr, words))}, not {_shown(value)}", hint)
    return value


def _is_literal(cl: Any) -> bool:
    origin: Any = get_origin(cl)
    return origin is Literal


def _is_tuple(cl: Any) -> bool:
    return get_origin(cl) is tuple


def _tuple(cl: Any, converter: cattrs.Converter) -> Callable[[Any, Any], Any]:
    element = get_args(cl)[0]
    form = "tables, [[…]]" if attrs.has(element) else '["…", "…"]'

    def read(value: Any, _: Any) -> Any:
        if not isinstance(value, list):
            raise _Wrong(f"expected a list: {form}")
        return tuple(converter.structure(value, list[element]))  # type: ignore[valid-type]

    return read


def _table(cl: Any, converter: cattrs.Converter) -> Callable[[Any, Any], Any]:
    fill = make_dict_structure_fn(cl, converter, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=True)

    def read(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            raise _Wrong(f"expected a table, not {_shown(value)}")
        return fill(_with_options(value) if cl is Handler else value, cl)

    return read


def _with_options(table: dict[str, Any]) -> dict[str, Any]:
    """A [[handler]] with all keys that are not mailgate's own put under `options`."""
    own = {field.name for field in attrs.fields(Handler)} - {"options"}
    options = {key: value for key, value in table.items() if key not in own}
    return {**{key: value for key, value in table.items() if key in own}, "options": options}


def _make_converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=True)
    converter.register_structure_hook_factory(attrs.has, _table)
    converter.register_structure_hook_factory(_is_tuple, _tuple)
    converter.register_structure_hook_func(_is_literal, _literal)
    for wanted in _EXPECTED:
        converter.register_structure_hook(wanted, _exactly(wanted))
    converter.register_structure_hook(Listener, _listener)
    converter.register_structure_hook(Network, _network)
    converter.register_structure_hook(Octets, _octets)
    converter.register_structure_hook(Seconds, _seconds)
    # A handler's options go to its factory as TOML gives them.
    converter.register_structure_hook_func(lambda cl: cl == Mapping[str, object], lambda value, _: value)
    return converter


_CONVERTER: Final = _make_converter()
