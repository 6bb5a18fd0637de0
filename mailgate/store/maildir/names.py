"""A maildrop's name and the two directory names that it becomes. Nothing in a name can lead out of the root."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from mailgate.failures import StoreError
from mailgate.wire.address import fold_domain, fold_local_part

SEGMENT_OCTETS: Final = 200  # leaves room in the 255 that file systems allow
CACHED_NAMES: Final = 4096  # a delivery asks for the same one several times
_ENCODED: Final = re.compile(rb"[^a-z0-9._+=-]|\A\.")
_ESCAPE: Final = re.compile(rb"%([0-9a-f]{2})")


@lru_cache(CACHED_NAMES)
def to_segments(maildrop: str) -> tuple[str, str]:
    """`local-part@domain` as (domain's directory, user's directory). Raises `StoreError`."""
    local_part, at, domain = maildrop.rpartition("@")
    if not at:
        raise StoreError(f"not the name of a maildrop: {maildrop!r}; it must be local-part@domain")
    return _encode(fold_domain(domain), maildrop), _encode(fold_local_part(local_part), maildrop)


def from_segments(domain: str, user: str) -> str | None:
    """The maildrop's name that becomes these directories; None if none does."""
    try:
        name = f"{_decode(user)}@{_decode(domain)}"
        return name if to_segments(name) == (domain, user) else None
    except (UnicodeError, StoreError):
        return None


def _encode(part: str, maildrop: str) -> str:
    try:
        octets = part.encode()
    except UnicodeEncodeError:
        raise StoreError(f"not the name of a maildrop: {maildrop!r} is not proper Unicode") from None
    segment = _ENCODED.sub(lambda match: b"%%%02x" % match[0][0], octets)
    if not 0 < len(segment) <= SEGMENT_OCTETS:
        raise StoreError(f"a maildrop's directory name must have 1 to {SEGMENT_OCTETS} octets: {maildrop!r}")
    return segment.decode("ascii")


def _decode(segment: str) -> str:
    octets = segment.encode("ascii")
    return _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), octets).decode()
