"""Faults that an address asks for by itself, where no test can make a rule: `rcpt-450.alice@example.test`.

The local part is `<phase>-<action>[x<times>].<anything>`. The phase is one at which the address is known: the recipient
at rcpt, data, dot and delivered, the sender at mail, the user at auth and in POP3. The action is a code of SMTP from
400 on, or of POP3 `err`, `inuse`, `logindelay`, `auth`, `systemp` or `sysperm`; in both `drop`, `drop100` (after so
many octets), `delay2` (seconds), `delay200ms`, and `slow100` (octets per second).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Final

from attrs import frozen

from mailgate.interference.parsing import parse_action
from mailgate.interference.phases import PHASES, Parties, Spoken
from mailgate.interference.rule import Action
from mailgate.namespaces import namespace_of

MAX_ADDRESSES: Final = 10_000  # whose strikes are counted; the one that struck longest ago is forgotten

_FAULT: Final = re.compile(r"(?P<phase>[a-z]+)-(?P<action>[a-z0-9]+?)(?:x(?P<times>[1-9][0-9]{0,5}))?\..+", re.ASCII)
_CODE: Final = re.compile(r"[45][0-9]{2}", re.ASCII)
_WITH_NUMBER: Final = re.compile(r"(?P<name>drop|delay|slow)(?P<number>[0-9]{1,12})(?P<unit>ms)?", re.ASCII)
_POP3: Final[Mapping[str, str]] = {
    "err": "-ERR",
    "inuse": "-ERR [IN-USE]",  # RFC 2449 8.1
    "logindelay": "-ERR [LOGIN-DELAY]",
    "auth": "-ERR [AUTH]",  # RFC 3206 4, 5
    "systemp": "-ERR [SYS/TEMP]",
    "sysperm": "-ERR [SYS/PERM]",
}
_NAMES: Final[Mapping[str, str]] = {"drop": "drop_after_octets", "delay": "delay", "slow": "slow"}
# QUIT is in both protocols, and one address serves both: there it is POP3's.
_NOT_SMTP: Final = ("quit",)


@frozen
class AddressFault:
    """What an address asks for."""

    at: str
    action: Action
    times: int | None  # None: always


class AddressFaults:
    """Those of all addresses, and how often each has struck."""

    def __init__(self, max_addresses: int = MAX_ADDRESSES) -> None:
        self._max_addresses = max_addresses
        self._hits: dict[tuple[Spoken, str], int] = {}  # of those with a limit, the last that struck at the end

    def strike(self, protocol: Spoken, at: str, parties: Parties) -> Action | None:
        """What happens now, if one of the parties asks for it: the first of them."""
        roles = PHASES[protocol][at]
        for address in parties.of(roles[0]) if roles else ():
            fault = fault_of(protocol, address.rpartition("@")[0] or address)
            if fault is not None and fault.at == at and self._count(protocol, address, fault):
                return fault.action
        return None

    def forget(self, namespace: str) -> None:
        """Let the addresses of a namespace begin anew."""
        self._hits = {key: hits for key, hits in self._hits.items() if namespace_of(key[1]) != namespace}

    def _count(self, protocol: Spoken, address: str, fault: AddressFault) -> bool:
        if fault.times is None:
            return True
        hits = self._hits.get((protocol, address), 0)
        if hits >= fault.times:
            return False
        self._hits.pop((protocol, address), None)
        self._hits[protocol, address] = hits + 1
        if len(self._hits) > self._max_addresses:
            del self._hits[next(iter(self._hits))]
        return True


@functools.lru_cache(maxsize=1_024)
def fault_of(protocol: Spoken, local_part: str) -> AddressFault | None:
    """What a local part, in lower case, asks for; None: nothing that there is, so it is a name like any other."""
    match = _FAULT.fullmatch(local_part)
    if match is None or not PHASES[protocol].get(match["phase"]):
        return None
    if protocol == "smtp" and match["phase"] in _NOT_SMTP:
        return None
    wanted = _action(protocol, match["action"])
    if wanted is None:
        return None
    try:
        action = parse_action(protocol, match["phase"], wanted)
    except ValueError:
        return None
    return AddressFault(match["phase"], action, int(match["times"]) if match["times"] else None)


def _action(protocol: Spoken, name: str) -> Mapping[str, object] | None:
    if name == "drop":
        return {"drop": True}
    if protocol == "smtp" and _CODE.fullmatch(name):
        return {"reply": name}
    if protocol == "pop3" and name in _POP3:
        return {"reply": _POP3[name]}
    match = _WITH_NUMBER.fullmatch(name)
    if match is None or (match["unit"] and match["name"] != "delay"):
        return None
    number = int(match["number"])
    return {_NAMES[match["name"]]: number / 1_000 if match["unit"] else number}
