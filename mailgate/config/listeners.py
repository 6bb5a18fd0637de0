"""Listeners as Twisted's endpoint strings: do they parse, and do two of them want the same port?

Twisted's own parser is private or wants a reactor, and asks plugins, which costs a write to their cache; so the form
(`type:argument:key=value`, `\\` quotes the next character) is read here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Final

from attrs import frozen

from mailgate.faults import probably

BACKLOG: Final = 512

_INSTEAD: Final = {
    "ssl": "its certificate would never be reloaded: use tcp: under listen_tls",
    "tls": "its certificate would never be reloaded: use tcp: under listen_tls",
    "haproxy": "it speaks before the PROXY header has come",
}
_TOKEN: Final = re.compile(r"\\(?P<quoted>.)|(?P<mark>[:=])|(?P<plain>[^\\:=]+|\\)", re.DOTALL)
_WILDCARDS: Final = {"tcp": "0.0.0.0", "tcp6": "::"}
_LOOPBACK: Final = {"tcp": "127.0.0.1", "tcp6": r"\:\:1"}
_POSITIONS: Final = {"tcp": ("port", "interface", "backlog"), "tcp6": ("port", "backlog", "interface")}
_UNIX_POSITIONS: Final = ("address", "mode", "backlog", "lockfile")
_UNIX_FORMS: Final = {
    "mode": ("[0-7]{3,4}", "a mode is octal, such as mode=660"),
    "backlog": ("[0-9]{1,6}", "a backlog is a number of connections, such as backlog=512"),
    "lockfile": ("[01]", "lockfile is 0 or 1"),
}


@frozen
class Place:
    """Where a listener listens: an interface and port, or a path."""

    interface: str  # "0.0.0.0" and "::" are all; empty for a path
    port: int | str


def parse_listener(text: str) -> Place | None:
    """Where `text` listens; None: known to the system alone (`systemd:`). Raises ValueError with what is expected."""
    arguments, options = _split(text)
    kind = arguments[0] if arguments else ""
    if kind not in _KINDS:
        if re.fullmatch("[0-9]+", text):
            raise ValueError(f'expected an endpoint: "tcp:{text}"')
        hint = _INSTEAD.get(kind) or probably(kind, _KINDS) or 'expected such as "tcp:25", "tcp6:25", "unix:/run/lmtp"'
        raise ValueError(f"unknown type of listener {kind[:40]!r}; {hint}")
    return _KINDS[kind](kind, arguments[1:], options)


def with_backlog(listener: str, backlog: int = BACKLOG) -> str:
    """The listener with a backlog, if it is TCP and says none itself. Twisted's default of 50 is small."""
    arguments, options = _split(listener)
    kind = arguments[0]
    if kind not in _POSITIONS or "backlog" in _named(kind, arguments[1:], options):
        return listener
    return f"{listener}:backlog={backlog}"


def without_lock(listener: str) -> str:
    """The listener without Twisted's lock, if it is a UNIX socket and does not say itself. The lock is a link to the
    process's number, and after a kill any process that has got this number keeps the socket closed.
    """
    arguments, options = _split(listener)
    if arguments[0] != "unix" or "lockfile" in _unix_named(arguments[1:], options):
        return listener
    return f"{listener}:lockfile=0"


def unix_path(listener: str) -> str:
    """The path of a UNIX listener's socket; empty for the others, and for names that are in no file system (those
    that begin with NUL). It has to parse.
    """
    arguments, options = _split(listener)
    path = _unix_named(arguments[1:], options)["address"] if arguments[0] == "unix" else ""
    return "" if path.startswith("\0") else path


def on_loopback(listener: str) -> str | None:
    """The listener, on loopback if it names no interface; None if others could reach it. It has to parse."""
    place = parse_listener(listener)
    if place is None:
        return None
    if not place.interface or ipaddress.ip_address(place.interface).is_loopback:
        return listener
    arguments, options = _split(listener)
    if "interface" in _named(arguments[0], arguments[1:], options):
        return None
    return f"{listener}:interface={_LOOPBACK[arguments[0]]}"


def clashes(listeners: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """The pairs of (key, listener) that cannot both listen. Listeners that do not parse raise ValueError."""
    placed = [(item, place) for item in listeners if (place := parse_listener(item[1])) is not None]
    for (one, here), (other, there) in combinations(placed, 2):
        if here.port == there.port and here.port != 0 and _overlap(here.interface, there.interface):
            yield one, other


def _split(text: str) -> tuple[list[str], dict[str, str]]:
    """Positional and named arguments, unquoted, as `twisted.internet.endpoints` takes them apart."""
    arguments: list[str] = []
    options: dict[str, str] = {}
    parts = [""]
    for token in _TOKEN.finditer(f"{text}:"):
        if token["mark"] == "=":
            parts.append("")
        elif token["mark"] is None:
            parts[-1] += token["quoted"] or token["plain"]
        else:
            if len(parts) == 1:
                arguments.append(parts[0])
            else:
                options[parts[0]] = "=".join(parts[1:])
            parts = [""]
    return arguments, options


def _named(kind: str, arguments: list[str], options: Mapping[str, str]) -> dict[str, str]:
    return {**dict(zip(_POSITIONS[kind], arguments, strict=False)), **options}


def _tcp(kind: str, arguments: list[str], options: Mapping[str, str]) -> Place:
    named = _named(kind, arguments, options)
    unknown = sorted(named.keys() - set(_POSITIONS[kind]))
    if unknown or len(arguments) > len(_POSITIONS[kind]):
        hint = probably(unknown[0], _POSITIONS[kind]) if unknown else "too many arguments"
        raise ValueError(f"{kind}: takes port, interface and backlog; {hint or 'not ' + repr(unknown[0])}")
    port, backlog = named.get("port", ""), named.get("backlog", "1")
    if re.fullmatch("[0-9]{1,5}", port) is None or int(port) > 65_535:
        raise ValueError(f'a port is 0 to 65535, such as "{kind}:25"')
    if re.fullmatch("[0-9]{1,6}", backlog) is None:
        raise ValueError("a backlog is a number of connections, such as backlog=512")
    return Place(_interface(named.get("interface", "") or _WILDCARDS[kind]), int(port))


def _interface(text: str) -> str:
    """An IP address in its shortest form; an IPv4 one as IPv4. Raises ValueError for names: of one that cannot be
    looked up, or leads elsewhere tomorrow, only the start would tell.
    """
    if text == "localhost":
        return _LOOPBACK["tcp"]  # that is where Twisted listens then, whatever the type says
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f"an interface is an IP address or localhost, not {text[:60]!r}") from None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def _unix_named(arguments: list[str], options: Mapping[str, str]) -> dict[str, str]:
    return {**dict(zip(_UNIX_POSITIONS, arguments, strict=False)), **options}


def _unix(kind: str, arguments: list[str], options: Mapping[str, str]) -> Place:
    named = _unix_named(arguments, options)
    if not named.get("address"):
        raise ValueError('a UNIX socket needs a path, such as "unix:/run/mailgate/lmtp:mode=660"')
    unknown = sorted(named.keys() - set(_UNIX_POSITIONS))
    if unknown or len(arguments) > len(_UNIX_POSITIONS):
        hint = probably(unknown[0], _UNIX_POSITIONS) if unknown else "too many arguments"
        raise ValueError(f"unix: takes address, mode, backlog and lockfile; {hint or 'not ' + repr(unknown[0])}")
    for name, (form, what) in _UNIX_FORMS.items():
        if name in named and re.fullmatch(form, named[name]) is None:
            raise ValueError(what)
    return Place("", named["address"])


def _systemd(kind: str, arguments: list[str], options: Mapping[str, str]) -> None:
    if "domain" not in options and not any(arguments):
        raise ValueError('expected such as "systemd:domain=INET:index=0"')


def _overlap(one: str, other: str) -> bool:
    if one == other or "::" in (one, other):
        return True  # Twisted's "::" takes IPv4 too
    return "0.0.0.0" in (one, other) and ":" not in one + other


_KINDS: Final[Mapping[str, Callable[[str, list[str], Mapping[str, str]], Place | None]]] = {
    "tcp": _tcp,
    "tcp6": _tcp,
    "unix": _unix,
    "systemd": _systemd,
}
