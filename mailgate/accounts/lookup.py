"""Whom a name means: the one order in which users, aliases and the catch-all are asked, for recipients, senders and
the targets of aliases alike.

Knows names alone. Whether an alias is in service is for `judging` to say, where all of it leads for `register`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from attrs import evolve, field, frozen

from mailgate.accounts.aliases import Alias
from mailgate.accounts.spelling import DEFAULT_SPELLING, Spelling
from mailgate.accounts.users import Account

POSTMASTER: Final = "postmaster"
ABUSE: Final = "abuse"
CATCH_ALL: Final = "*"


def is_catch_all(alias: str) -> bool:
    """Is that the name of an alias for all names that nobody has?"""
    return alias.rpartition("@")[0] == CATCH_ALL


@frozen
class Found:
    """An account, or an alias, and the tag with which it was asked for."""

    name: str  # as its file has it
    tag: str = ""  # with its separator
    alias: Alias | None = None  # None: it is an account


@frozen
class Names:
    """Everybody there is, as far as is known. All names are as `names.account_name` gives them."""

    domains: Collection[str] = ()  # ours
    accounts: Mapping[str, Account] = field(factory=dict, repr=False)
    aliases: Mapping[str, Alias] = field(factory=dict, repr=False)
    spelling: Spelling = DEFAULT_SPELLING
    likely: Collection[str] = field(default=(), repr=False)  # lines with a fault are about them
    stale: Collection[str] = ()  # domains in which there may be more than is known
    opaque: Collection[str] = ()  # domains of which nothing is known, or no alias
    _catch_alls: Mapping[str, Alias] = field(init=False, repr=False)  # by domain
    _first: Mapping[str, str] = field(init=False, repr=False)  # each domain's first account that takes mail
    # The first account or alias of each spelling without dots, for the domains that ignore them.
    _plain_accounts: Mapping[str, str] = field(init=False, repr=False)
    _plain_aliases: Mapping[str, str] = field(init=False, repr=False)

    @_catch_alls.default
    def _find_catch_alls(self) -> Mapping[str, Alias]:
        every = ((domain, self.aliases.get(f"{CATCH_ALL}@{domain}")) for domain in self.domains)
        return {domain: alias for domain, alias in every if alias is not None}

    @_first.default
    def _find_first(self) -> Mapping[str, str]:
        first: dict[str, str] = {}
        for name, account in self.accounts.items():
            if not account.closed:
                first.setdefault(name.rpartition("@")[2], name)
        return first

    @_plain_accounts.default
    def _spell_accounts(self) -> Mapping[str, str]:
        return self._spelled_plainly(self.accounts)

    @_plain_aliases.default
    def _spell_aliases(self) -> Mapping[str, str]:
        return self._spelled_plainly(name for name in self.aliases if not is_catch_all(name))

    def _spelled_plainly(self, names: Iterable[str]) -> Mapping[str, str]:
        first: dict[str, str] = {}
        for name in names if self.spelling.ignore_dots else ():
            if name.rpartition("@")[2] in self.spelling.ignore_dots:
                first.setdefault(self._plain(name), name)
        return first

    def _plain(self, name: str) -> str:
        local_part, _, domain = name.rpartition("@")
        return f"{self.spelling.plain(local_part, domain)}@{domain}"

    def first_account(self, name: str) -> str:
        """The first account whose name is spelled as that of the account `name`, dots aside where they mean nothing."""
        return self._plain_accounts.get(self._plain(name), name)

    def first_alias(self, name: str) -> str:
        """The same of aliases."""
        return self._plain_aliases.get(self._plain(name), name)

    def find(self, name: str) -> Found | None:
        """Whom `name` means: its user, its alias, each again without the tag; then whoever is on duty, where the name
        is one of duty; then the catch-all.

        None: nobody, or it cannot be told (`may_be_new`), and then no catch-all has it either.
        """
        if name in self.accounts:
            return Found(name)
        local_part, _, domain = name.rpartition("@")
        return self._named(local_part, domain) or self._unnamed(local_part, domain)

    def _named(self, local_part: str, domain: str) -> Found | None:
        found = self._spelled(local_part, domain)
        if found is not None:
            return found
        base, tag = self.spelling.split(local_part)
        found = self._spelled(base, domain) if tag else None
        return evolve(found, tag=tag) if found is not None else None

    def _spelled(self, local_part: str, domain: str) -> Found | None:
        name = f"{local_part}@{domain}"
        plain = self._plain(name)
        account = name if name in self.accounts else self._plain_accounts.get(plain)
        if account is not None:
            return Found(account)
        # `*` as somebody typed it is a name like others, and the catch-all is not its alias.
        known = name in self.aliases and local_part != CATCH_ALL
        alias = name if known else self._plain_aliases.get(plain)
        return Found(alias, alias=self.aliases[alias]) if alias is not None else None

    def _unnamed(self, local_part: str, domain: str) -> Found | None:
        if domain not in self.domains or domain in self.opaque:
            return None
        duty, tag = self._duty(local_part, domain)
        if duty == ABUSE and (postmaster := self._spelled(POSTMASTER, domain)) is not None:
            return evolve(postmaster, tag=tag)
        if not duty and self.may_be_new(f"{local_part}@{domain}"):
            return None
        catch_all = self._catch_alls.get(domain)
        if catch_all is not None:
            return Found(catch_all.name, tag, catch_all)
        return self.last_resort(f"{local_part}@{domain}")

    def _duty(self, local_part: str, domain: str) -> tuple[str, str]:
        """Which of the names that somebody must answer to this is, empty if none; and its tag."""
        base, tag = self.spelling.split(local_part)
        duty = self.spelling.plain(base, domain)
        return (duty if duty in (POSTMASTER, ABUSE) else ""), tag

    def last_resort(self, name: str) -> Found | None:
        """Who has the mail for postmaster and abuse of a domain of ours while nobody is named, and no catch-all serves:
        the domain's first account, or the first of all.
        """
        # RFC 5321 4.5.1: postmaster is accepted for every domain of ours. RFC 2142 2 and 4 want the same of abuse.
        local_part, _, domain = name.rpartition("@")
        duty, _ = self._duty(local_part, domain)
        if not duty or domain not in self.domains or domain in self.opaque:
            return None
        if any(self._named(named, domain) is not None for named in (local_part, POSTMASTER)):
            return None
        return self.on_duty(name)

    def on_duty(self, name: str) -> Found | None:
        """Who has the mail for postmaster and abuse where nobody else takes it, whoever is named. None for all other
        names.
        """
        local_part, _, domain = name.rpartition("@")
        duty, tag = self._duty(local_part, domain)
        first = self._first.get(domain) or next(iter(self._first.values()), None)
        return Found(first, tag) if duty and first is not None else None

    def may_be_new(self, name: str) -> bool:
        """Can it not be told whether that is somebody, because a file that would say so is not understood?"""
        local_part, _, domain = name.rpartition("@")
        if domain in self.stale or domain in self.opaque:
            return True
        return bool(self.likely) and any(each in self.likely for each in self._spellings(local_part, domain))

    def _spellings(self, local_part: str, domain: str) -> Iterator[str]:
        for each in (local_part, self.spelling.split(local_part)[0], CATCH_ALL):
            yield f"{each}@{domain}"
