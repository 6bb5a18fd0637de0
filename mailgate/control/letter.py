"""A message that arrived: a value, and what is known of it by now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import define, field, frozen

from mailgate.control.reading import Head, Reading
from mailgate.namespaces import SHARED, namespace_of
from mailgate.wire.address import fold_domain, fold_local_part


def address_key(address: str) -> str:
    """The one form of all spellings of an address that mean the same: domain without case, local part casefolded."""
    local_part, _, domain = address.rpartition("@")
    return f"{fold_local_part(local_part)}@{fold_domain(domain)}"


@frozen
class Reached:
    """A recipient who has the message, and the maildrops that its address led to."""

    address: str  # the forward-path as it came
    maildrops: tuple[str, ...]
    key: str = field(init=False, repr=False)  # see address_key
    namespace: str = field(init=False, repr=False)

    @key.default
    def _find_key(self) -> str:
        return address_key(self.address)

    @namespace.default
    def _find_namespace(self) -> str:
        return namespace_of(self.address)


@frozen(kw_only=True)
class Letter:
    """A message that arrived, without its content."""

    id: str
    at: float  # Unix time, seconds
    sender: str  # the reverse-path; empty for the null path
    recipients: tuple[Reached, ...]
    listener: str
    client: str = ""
    helo: str = ""
    tls: str = ""
    user: str = ""
    smtputf8: bool = False
    octets: int  # without what is in front of a single copy
    fronts: Mapping[str, bytes] = field(factory=dict, repr=False)  # by maildrop: what its copy has in front, only there
    number: int = 0  # in the order of arrival, from 1; `Letters` gives it

    def recipients_for(self, namespace: str, key: str = "") -> tuple[Reached, ...]:
        """Those whom a namespace may see: its own; besides, whom of everybody's it asks for by `key`."""
        return tuple(
            each
            for each in self.recipients
            if each.namespace == namespace or (each.namespace == SHARED and each.key == key)
        )

    def front_for(self, recipients: Sequence[Reached]) -> bytes:
        """What the first copy of these recipients has in front, and perhaps no other."""
        return self.fronts.get(next(maildrops_of(recipients), ""), b"")


@define(eq=False)
class Kept:
    """A letter, and what is known of it by now."""

    letter: Letter
    content: bytes | None = field(default=None, repr=False)  # as every copy has it; None: the store has it, perhaps
    head: Head | None = field(default=None, repr=False)  # once the content is gone
    removed: set[str] = field(factory=set)  # the maildrops that do not have it any more

    def reading(self) -> Reading | None:
        """Its content to be read, if it is here."""
        return Reading(self.content) if self.content is not None else None

    def is_removed(self, recipients: Iterable[Reached]) -> bool:
        """Is it gone from all maildrops of these?"""
        return self.removed.issuperset(maildrops_of(recipients))


def maildrops_of(recipients: Iterable[Reached]) -> Iterator[str]:
    """Where they have it, in order."""
    return (maildrop for each in recipients for maildrop in each.maildrops)
