"""Corners of one server that do not see each other: a test has its own, and shares the server with hundreds.

A namespace is a label in a domain: whatever is below `<namespace>.example.test` belongs to it. All other addresses
belong to the namespace with the empty name, which is everybody's.
"""

from __future__ import annotations

import re
from typing import Final

DOMAIN: Final = "example.test"  # RFC 2606 section 2: nobody has it
SHARED: Final = ""
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def namespace_of(address: str) -> str:
    """The namespace of an address, or of a domain."""
    domain = address.rpartition("@")[2].lower()
    if not domain.endswith(f".{DOMAIN}"):
        return SHARED
    return domain.removesuffix(f".{DOMAIN}").rpartition(".")[2]


def domain_of(namespace: str) -> str:
    """The domain whose addresses belong to a namespace. Raises ValueError for what can be none."""
    if namespace == SHARED:
        return DOMAIN
    if _NAME.fullmatch(namespace) is None:
        raise ValueError(f"a namespace is letters, digits and hyphens, 63 at most, not {namespace[:80]!r}")
    return f"{namespace}.{DOMAIN}"
