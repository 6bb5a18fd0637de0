"""Names in certificates, and which of several things is meant by the name that a client asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from cryptography import x509

T = TypeVar("T")


def dns_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Its dNSNames, in lower case. No common name: no client looks there any more (RFC 9525 section 2)."""
    alternatives = _alternatives(certificate)
    return tuple(name.lower() for name in alternatives.get_values_for_type(x509.DNSName)) if alternatives else ()


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Whose it is, for people: its dNSNames and addresses, or else its subject."""
    alternatives = _alternatives(certificate)
    addresses = alternatives.get_values_for_type(x509.IPAddress) if alternatives else ()
    return (*dns_names(certificate), *map(str, addresses)) or (certificate.subject.rfc4514_string(),)


def _alternatives(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):  # none, or one that nobody can read
        return None


class ByName(Generic[T]):
    """Things by the names that they are for; who asks for no name, or for none of them, gets the first.

    A name goes before a wildcard, and what comes first before what comes later. A wildcard is the whole of the leftmost
    label, and stands for one label (RFC 9525 section 6.3).
    """

    def __init__(self, things: Sequence[tuple[Iterable[str], T]]) -> None:
        """`things`: one at least, with their names."""
        self._first = things[0][1]
        self._known: dict[str, T] = {}
        for names, thing in things:
            for name in names:
                self._known.setdefault(name.lower(), thing)

    def choose(self, name: str) -> T:
        """What is meant by `name`; empty: none was said."""
        key = self._key(name)
        return self._first if key is None else self._known[key]

    def has(self, name: str) -> bool:
        """Is something for that name?"""
        return self._key(name) is not None

    def _key(self, name: str) -> str | None:
        folded = name.lower().rstrip(".")
        _, _, parent = folded.partition(".")
        return next((key for key in (folded, f"*.{parent}") if key in self._known), None)
