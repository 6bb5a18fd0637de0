"""Where to look for certificates: the ports of a configuration, and the names that its certificates have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from mailgate.cli.tls_probe import Dialogue, Door

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailgate.config import Config
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


def doors(config: Config, host: str, ports: Callable[[], Mapping[str, Any]]) -> Iterator[Door | Lost]:
    """All with TLS, in the order of the configuration. `host`: instead of this machine. `ports`: those that a server
    has open, by their names for programs; it is asked for listeners on any port.
    """
    from mailgate.config.listeners import parse_listener
    from mailgate.limits.networks import Networks
    from mailgate.service.places import NAMES

    for key, listener in config.listeners():
        section, _, door = key.partition(".")
        if section not in _DIALOGUES:
            continue
        place = parse_listener(listener)
        if place is None or place.port == 0:
            known = ports().get(NAMES[key])
            interface, port = (known["host"], known["port"]) if known else ("", 0)
        else:
            interface, port = (place.interface, place.port) if isinstance(place.port, int) else (place.port, 0)
        if not interface:
            yield Lost(key, listener)
            continue
        is_proxy = Networks(getattr(getattr(config, section), "proxies", ())).contains
        where = (host or _LOCAL.get(interface, interface)) if port else interface
        yield Door(key, where, port, "tls" if door == "listen_tls" else _DIALOGUES[section], is_proxy)


def pairs_of(config: Config, warn: Callable[[str], None]) -> tuple[Pair | None, ...]:
    """What is in the files now, the main one first; None for what we cannot read, which `warn` is told of."""
    from mailgate.tls import BadCertificate, Files, read_pair

    pairs: list[Pair | None] = []
    also = [Files(pair.certificate, pair.key) for pair in config.tls.also]
    for files in (Files(config.tls.certificate, config.tls.key), *also):
        try:
            pairs.append(read_pair(files))
        except BadCertificate as error:
            for fault in error.faults:
                warn(f"{fault}")
            pairs.append(None)
    return tuple(pairs)


def names_to_ask_for(pairs: tuple[Pair | None, ...], host: str) -> tuple[str, ...]:
    """What clients may ask for, `MAX_NAMES` at most; empty: a client that asks for no name."""
    names = [name.replace("*", ANY_LABEL, 1) for pair in pairs if pair is not None for name in pair.dns_names]
    return tuple(dict.fromkeys([host, *names]))[:MAX_NAMES]
