"""When a fault may strike: the phases of each protocol, and whose addresses are known there.

A phase is one reply: what the server says to the greeting, a command, or the end of the content.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from attrs import frozen

from mailgate.mail import Path
from mailgate.namespaces import namespace_of
from mailgate.wire.address import fold_domain, fold_local_part

Spoken = Literal["smtp", "pop3"]  # LMTP and submission are smtp
Role = Literal["to", "from", "user"]

_ENVELOPE: Final[tuple[Role, ...]] = ("to", "from", "user")
_MAILDROP: Final[tuple[Role, ...]] = ("user",)

# Who is known there; the first is the one whose own address may ask for a fault, the others only narrow a rule.
# Where nobody is known, only a listener of one's own can have faults: others would be struck as well.
PHASES: Final[Mapping[Spoken, Mapping[str, tuple[Role, ...]]]] = {
    "smtp": {
        "connect": (),
        "helo": (),
        "starttls": (),
        "auth": ("user",),  # when the credentials are complete
        "mail": ("from", "user"),
        "rcpt": _ENVELOPE,  # the recipient that is being named
        "data": _ENVELOPE,  # DATA, or the end of the first chunk
        "dot": _ENVELOPE,  # the content has come, and is not delivered
        "delivered": _ENVELOPE,  # the message is there, and the client is to hear of it
        "quit": _ENVELOPE,  # the last transaction's
    },
    "pop3": {
        "greeting": (),
        "capa": (),
        "stls": (),
        "login": _MAILDROP,  # PASS, or the last response of AUTH
        "stat": _MAILDROP,
        "list": _MAILDROP,
        "uidl": _MAILDROP,
        "top": _MAILDROP,
        "retr": _MAILDROP,
        "dele": _MAILDROP,
        "quit": _MAILDROP,  # before anything is removed
        "updated": _MAILDROP,  # the messages are removed, and the client is to hear of it
    },
}


@frozen
class Parties:
    """Who is known at a phase: addresses in the one form that `fold` gives."""

    to: tuple[str, ...] = ()
    sender: str | None = None  # empty: the null path
    user: str | None = None

    def of(self, role: Role) -> tuple[str, ...]:
        """Those who have the role."""
        if role == "to":
            return self.to
        one = self.sender if role == "from" else self.user
        return () if one is None else (one,)

    @property
    def namespaces(self) -> frozenset[str]:
        """Where their addresses are; the null path is nowhere."""
        addresses = (*self.to, *self.of("from"), *self.of("user"))
        return frozenset(namespace_of(address) for address in addresses if address)


def fold_path(path: Path) -> str:
    """The one form of all spellings of a path; the null path is empty."""
    return fold(f"{path.local_part}@{path.domain}" if path.domain else path.local_part)


def fold(name: str) -> str:
    """The one form of all spellings of an address, unquoted, or of a login name without a domain."""
    local_part, at, domain = name.rpartition("@")
    return f"{fold_local_part(local_part)}@{fold_domain(domain)}" if at else fold_local_part(name)
