"""What the account files said at one moment, over all domains: plain values, no files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from attrs import field, frozen

from mailgate.accounts.aliases import Alias, expand, out_of_service
from mailgate.accounts.names import account_name, fold_domain
from mailgate.accounts.users import Account
from mailgate.faults import Fault

POSTMASTER: Final = "postmaster"


@frozen
class Domain:
    """One domain; accounts and aliases by their names, in the order of the files."""

    name: str
    accounts: Mapping[str, Account] = field(factory=dict, repr=False)
    aliases: Mapping[str, Alias] = field(factory=dict, repr=False)


class OutOfService(Exception):
    """A name leads to an alias that is wrong; the message says which and why, for the log."""


@frozen
class Register:
    """All domains, by name and in the order of their names."""

    domains: Mapping[str, Domain] = field(factory=dict)
    _accounts: Mapping[str, Account] = field(factory=dict, repr=False)
    _aliases: Mapping[str, Alias] = field(factory=dict, repr=False)
    broken: Mapping[str, Fault] = field(factory=dict, repr=False)  # the aliases that are out of service

    @classmethod
    def of(cls, domains: Iterable[Domain]) -> Register:
        """Put domains together, and judge the aliases among them."""
        by_name = {domain.name: domain for domain in sorted(domains, key=lambda domain: domain.name)}
        accounts = {name: account for domain in by_name.values() for name, account in domain.accounts.items()}
        aliases = {name: alias for domain in by_name.values() for name, alias in domain.aliases.items()}
        broken = out_of_service(aliases, accounts.__contains__, by_name.keys(), [*accounts, *aliases])
        return cls(by_name, accounts, aliases, broken)

    @property
    def only_domain(self) -> str | None:
        """The domain that goes without saying: the one there is, if there is exactly one."""
        return next(iter(self.domains)) if len(self.domains) == 1 else None

    def account(self, name: str) -> Account | None:
        """The account of that name (`names.account_name`)."""
        return self._accounts.get(name)

    def is_ours(self, domain: str) -> bool:
        """Is mail for `domain` kept here?"""
        return fold_domain(domain) in self.domains

    def maildrops(self, local_part: str, domain: str) -> tuple[str, ...]:
        """Where mail for that mailbox goes: the account's own maildrop, or those its alias leads to, each once.

        Empty: nobody has that name. Raises `OutOfService`.
        """
        name = account_name(local_part, domain)
        if name not in self._accounts and name not in self._aliases:
            return self._postmaster(domain) if name.rpartition("@")[0] == POSTMASTER else ()
        reached = tuple(expand(name, self._aliases, self._accounts.__contains__))
        for alias in reached:
            if alias in self.broken:
                raise OutOfService(str(self.broken[alias]))
        return tuple(account for account in reached if account in self._accounts)

    def _postmaster(self, domain: str) -> tuple[str, ...]:
        # RFC 5321 4.5.1: postmaster is accepted for every domain of ours. While nobody is named, that is the domain's
        # first account, or the first of all.
        own = self.domains.get(fold_domain(domain))
        if own is None:
            return ()
        return tuple(islice(own.accounts or self._accounts, 1))
