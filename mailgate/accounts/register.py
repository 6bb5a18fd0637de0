"""What the account files said at one moment, over all domains: plain values, no files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from attrs import field, frozen

from mailgate.accounts.aliases import Alias, expand
from mailgate.accounts.judging import Names, astray
from mailgate.accounts.names import account_name
from mailgate.accounts.users import Account
from mailgate.faults import Fault
from mailgate.wire.address import fold_domain

POSTMASTER: Final = "postmaster"


@frozen
class Domain:
    """One domain; accounts and aliases by their names, in the order of the files.

    While a file has never been understood, nobody can say who is not there: a fault stands in for what it says. Without
    accounts there are no aliases either, as an account would come first. While what is in force is older than a file
    that has a fault, it is true for the names it has, and says nothing of others: they may be new.
    """

    name: str
    accounts: Mapping[str, Account] = field(factory=dict, repr=False)
    aliases: Mapping[str, Alias] = field(factory=dict, repr=False)
    unread_users: Fault | None = None
    unread_aliases: Fault | None = None
    stale_users: Fault | None = None
    stale_aliases: Fault | None = None


class OutOfService(Exception):
    """It cannot be said for now where a name leads; the message says why, for the log."""


@frozen
class Register:
    """All domains, by name and in the order of their names."""

    domains: Mapping[str, Domain] = field(factory=dict)
    _accounts: Mapping[str, Account] = field(factory=dict, repr=False)
    _aliases: Mapping[str, Alias] = field(factory=dict, repr=False)
    broken: Mapping[str, Fault] = field(factory=dict, repr=False)  # the aliases that are out of service
    unread: Fault | None = None  # why not even the domains are known

    @classmethod
    def of(cls, domains: Iterable[Domain]) -> Register:
        """Put domains together, and judge the aliases among them."""
        by_name = {domain.name: domain for domain in sorted(domains, key=lambda domain: domain.name)}
        accounts = {name: account for domain in by_name.values() for name, account in domain.accounts.items()}
        aliases = {name: alias for domain in by_name.values() for name, alias in domain.aliases.items()}
        return cls(by_name, accounts, aliases, astray(Names(by_name.keys(), accounts.keys(), aliases)))

    def only_domain(self) -> str | None:
        """The domain that goes without saying: the one there is, if there is exactly one. Raises `OutOfService`."""
        self._require(self.unread)
        return next(iter(self.domains)) if len(self.domains) == 1 else None

    def account(self, name: str) -> Account | None:
        """The account of that name (`names.account_name`). Raises `OutOfService`."""
        self._require(self.unread)
        own = self.domains.get(name.rpartition("@")[2])
        if own is not None and name not in self._accounts:
            self._require(own.unread_users or own.stale_users)
        return self._accounts.get(name)

    def is_ours(self, domain: str) -> bool:
        """Is mail for `domain` kept here? Yes if that cannot be told: `maildrops` says so then."""
        return self.unread is not None or fold_domain(domain) in self.domains

    def maildrops(self, local_part: str, domain: str) -> tuple[str, ...]:
        """Where mail for that mailbox goes: the account's own maildrop, or those its alias leads to, each once.

        Empty: nobody has that name. Raises `OutOfService` if the way leads through something broken, or cannot be told.
        """
        self._require(self.unread)
        name = account_name(local_part, domain)
        if name not in self._accounts and name not in self._aliases:
            return self._unnamed(name)
        reached = tuple(expand(name, self._aliases, self._accounts.__contains__))
        for alias in reached:
            self._require(self.broken.get(alias))
        return tuple(account for account in reached if account in self._accounts)

    def _unnamed(self, name: str) -> tuple[str, ...]:
        local_part, _, domain = name.rpartition("@")
        own = self.domains.get(domain)
        if own is None:
            return ()
        self._require(own.unread_users or own.unread_aliases)
        # RFC 5321 4.5.1: postmaster is accepted for every domain of ours. While nobody is named, that is the domain's
        # first account, or the first of all.
        if local_part == POSTMASTER:
            return tuple(islice(own.accounts or self._accounts, 1))
        self._require(own.stale_users or own.stale_aliases)
        return ()

    @staticmethod
    def _require(fault: Fault | None) -> None:
        if fault is not None:
            raise OutOfService(str(fault))
