"""Where to look for certificates: the ports of a configuration, and the names that its certificates have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from mailgate.cli.tls_reaching import Dialogue, Door

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailgate.config import Config
    from mailgate.faults import Fault
    from mailgate.tls.pair import Pair

MAX_NAMES: Final = 20  # so many are asked for at each port
ANY_LABEL: Final = "any"  # is asked for where a certificate has a wildcard
_LOCAL: Final = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}  # Twisted's "::" takes IPv4 too
_DIALOGUES: Final[Mapping[str, Dialogue]] = {"smtp": "smtp", "submission": "smtp", "lmtp": "lmtp", "pop3": "pop3"}


@frozen
class Lost:
    """A listener of which the configuration does not say where it is, and neither does a server."""

    key: str
    listener: str


def doors(config: Config, host: str, listening: Callable[[], Sequence[Mapping[str, Any]]]) -> Iterator[Door | Lost]:
    """All with TLS, in the order of the configuration. `host`: instead of this machine. `listening`: the listeners
    that a server has open, as `service.places` has them; it is asked where the configuration does not say the port.
    """
    before: Counter[str] = Counter()
    for key, listener in config.listeners():
        number = before[key]
        before[key] += 1
        if key.partition(".")[0] in _DIALOGUES:
            interface, port = _place(listener) or _place_of_open(listening(), key, number)
            yield _door(config, key, host, interface, port) if interface else Lost(key, listener)


def _place(listener: str) -> tuple[str, int] | None:
    """Interface and port, or a path and 0; None: the configuration does not say."""
    from mailgate.config.listeners import parse_listener

    place = parse_listener(listener)
    if place is None or place.port == 0:
        return None
    return (place.interface, place.port) if isinstance(place.port, int) else (place.port, 0)


def _place_of_open(listening: Sequence[Mapping[str, Any]], key: str, number: int) -> tuple[str, int]:
    """That of the listener which is the `number`th under its key, from 0; empty: there is none."""
    of_key = [(each["host"], each["port"]) for each in listening if each["listener"] == key]
    return of_key[number] if number < len(of_key) else ("", 0)


def _door(config: Config, key: str, host: str, interface: str, port: int) -> Door:
    from mailgate.limits.networks import Networks

    section, _, way = key.partition(".")
    where = (host or _LOCAL.get(interface, interface)) if port else interface
    is_proxy = Networks(getattr(getattr(config, section), "proxies", ())).contains
    return Door(key, where, port, "tls" if way == "listen_tls" else _DIALOGUES[section], is_proxy)


def pairs_of(config: Config, warn: Callable[[Fault], None]) -> tuple[Pair | None, ...]:
    """What is in the files now, the main one first; None for what we cannot use, and `warn` is told why."""
    from mailgate.tls import BadCertificate, Files, read_pair

    pairs: list[Pair | None] = []
    also = [Files(pair.certificate, pair.key) for pair in config.tls.also]
    for files in (Files(config.tls.certificate, config.tls.key), *also):
        try:
            pairs.append(read_pair(files))
        except BadCertificate as error:
            for fault in error.faults:
                warn(fault)
            pairs.append(None)
    return tuple(pairs)


def names_to_ask_for(hostname: str, pairs: tuple[Pair | None, ...], host: str) -> tuple[str, ...]:
    """What clients may ask for, `MAX_NAMES` at most, that of the configuration first; empty: a client that asks for no
    name. `host`: what somebody else asks for.
    """
    names = [name.replace("*", ANY_LABEL, 1) for pair in pairs if pair is not None for name in pair.dns_names]
    return tuple(dict.fromkeys([hostname, host, *names]))[:MAX_NAMES]
