"""What a store may be able to do besides being an `IMailStore`; commands, rules and sweeps use these, never a path."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from zope.interface import Interface

from mailgate.interfaces import IContent
from mailgate.mail import Entry, Snapshot


class IMaildropNames(Interface):
    """A store that can tell which maildrops it has."""

    def names() -> Awaitable[Sequence[str]]:
        """The names of all maildrops, in order."""


class IBrowser(Interface):
    """A store that can be looked into without the lock."""

    def browse(maildrop: str) -> Awaitable[Snapshot]:
        """The messages there are now; empty where there is no such maildrop. Raises `StoreError`."""

    def read(maildrop: str, entry: Entry) -> Awaitable[IContent]:
        """Open a message without the lock. Raises `Gone` or `StoreError`."""


class IUsage(Interface):
    """A store that can tell how full a maildrop is."""

    def usage(maildrop: str) -> Awaitable[tuple[int, int]]:
        """(messages, octets). Raises `StoreError`."""


class ITrash(Interface):
    """A store that keeps for a while what was removed with `to_trash`, out of the users' sight."""

    def empty_trash(maildrop: str, before: float) -> Awaitable[int]:
        """Remove for good what was put there before that Unix time; give how many messages that was. Needs no lock:
        nobody else works there. Raises `StoreError`.
        """


class ITidy(Interface):
    """A store in which deliveries that were cut short leave something behind."""

    def tidy(maildrop: str) -> Awaitable[int]:
        """Remove what was left so long ago that nobody can be working on it any more; give how many files that was.
        Needs no lock. Raises `StoreError`.
        """
