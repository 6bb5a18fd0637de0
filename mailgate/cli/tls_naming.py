"""What is to be said of a certificate that is not for the name that clients ask for, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography import x509

    from mailgate.tls.pair import Pair

NAMES_TOLD: Final = 4
NOT_SET: Final = "localhost"  # is what a hostname is by default, and no certificate is for


def expected_for(asked: str, pairs: Sequence[Pair | None]) -> Pair | None:
    """What clients that ask for that name should be shown: one that is for it, or else the main one, which is the first
    of `pairs`. None: that is not known.
    """
    from mailgate.tls.names import ByName

    known = ByName([((), None), *((pair.dns_names, pair) for pair in pairs if pair is not None)])
    return known.choose(asked) or next(iter(pairs), None)


def misnaming(certificate: x509.Certificate, asked: str) -> str:
    """What clients that ask for `asked` mind about its names: "not for a.test, but for b.test"; empty: nothing, as
    also where `asked` is empty.
    """
    from mailgate.tls.names import ByName, names_of

    names = names_of(certificate)
    if not asked or ByName([((), ""), (names, "its own")]).has(asked):
        return ""
    more = f" and {len(names) - NAMES_TOLD} more" if len(names) > NAMES_TOLD else ""
    return f"not for {asked}, but for {', '.join(names[:NAMES_TOLD])}{more}"


def remedy(certificate: x509.Certificate, asked: str, hostname: str) -> str:
    """What to do if no configured certificate is for `asked`, and clients are shown this one. `hostname`: that of the
    configuration.
    """
    from mailgate.tls.names import dns_names

    if asked != hostname:
        return "get one for that name, or have clients ask for a name that it has"
    if not dns_names(certificate):
        return "get one for that name"
    if asked == NOT_SET:
        return "set hostname, which is that by default, to a name that it has"
    return "get one for that name, or set hostname to a name that it has"
