"""What the account files said at one moment, over all domains: plain values, no files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from attrs import field, frozen

from mailgate.accounts.aliases import Alias
from mailgate.accounts.app_passwords import AppPassword
from mailgate.accounts.decisions import NOTHING_SAID, Decisions
from mailgate.accounts.judging import astray
from mailgate.accounts.lookup import Found, Names
from mailgate.accounts.names import account_name
from mailgate.accounts.ruling import rules_of
from mailgate.accounts.spelling import DEFAULT_SPELLING, Spelling
from mailgate.accounts.users import Account
from mailgate.faults import Fault
from mailgate.rules import NO_RULES, Promise, Rules
from mailgate.wire.address import fold_domain


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
    decisions: Decisions | None = NOTHING_SAID  # for all of its maildrops; None: that was never understood
    app_passwords: Mapping[str, Sequence[AppPassword]] = field(factory=dict, repr=False)  # by the account's name
    stale_app_passwords: Fault | None = None  # why there may be others

    @property
    def unread(self) -> Fault | None:
        """Why it cannot be told at all who is not there."""
        return self.unread_users or self.unread_aliases

    @property
    def stale(self) -> Fault | None:
        """Why there may be more than there was."""
        return self.stale_users or self.stale_aliases


@frozen
class Reached:
    """An account that has the mail for a mailbox, and the tag that goes along, with its separator."""

    account: str
    tag: str = ""


class OutOfService(Exception):
    """It cannot be said for now where a name leads; the message says why, for the log."""


@frozen
class Register:
    """All domains, by name and in the order of their names."""

    domains: Mapping[str, Domain] = field(factory=dict)
    names: Names = field(factory=Names, repr=False)
    broken: Mapping[str, Fault] = field(factory=dict, repr=False)  # the aliases that are out of service
    unread: Fault | None = None  # why not even the domains are known
    default: Decisions = NOTHING_SAID  # for all maildrops of whose owners and domains nothing else is heard

    @classmethod
    def of(
        cls,
        domains: Iterable[Domain],
        spelling: Spelling = DEFAULT_SPELLING,
        default: Decisions = NOTHING_SAID,
    ) -> Register:
        """Put domains together, and judge the aliases among them."""
        by_name = {domain.name: domain for domain in sorted(domains, key=lambda domain: domain.name)}
        names = Names(
            by_name.keys(),
            {name: account for domain in by_name.values() for name, account in domain.accounts.items()},
            {name: alias for domain in by_name.values() for name, alias in domain.aliases.items()},
            spelling,
            stale={name for name, domain in by_name.items() if domain.stale is not None},
            opaque={name for name, domain in by_name.items() if domain.unread is not None},
        )
        return cls(by_name, names, astray(names), default=default)

    def only_domain(self) -> str | None:
        """The domain that goes without saying: the one there is, if there is exactly one. Raises `OutOfService`."""
        _require(self.unread)
        return next(iter(self.domains)) if len(self.domains) == 1 else None

    def account(self, name: str) -> Account | None:
        """The account of exactly that name (`names.account_name`), for logins. Raises `OutOfService`."""
        _require(self.unread)
        own = self.domains.get(name.rpartition("@")[2])
        if own is not None and name not in self.names.accounts:
            _require(own.unread_users or own.stale_users)
        return self.names.accounts.get(name)

    def app_passwords(self, name: str) -> Sequence[AppPassword]:
        """The application passwords of the account of that name."""
        own = self.domains.get(name.rpartition("@")[2])
        return own.app_passwords.get(name, ()) if own is not None else ()

    def doubt_of_app_passwords(self, name: str) -> Fault | None:
        """Why an account may have others than it is known to have."""
        own = self.domains.get(name.rpartition("@")[2])
        return own.stale_app_passwords if own is not None else None

    def doubt(self, name: str) -> Fault | None:
        """Why an account may be another than it is known to be: the file that has it is not understood as it is now."""
        own = self.domains.get(name.rpartition("@")[2])
        return own.stale_users if own is not None else None

    def rules(self, name: str) -> Rules:
        """As `ruling.Rulebook` has it; found out once for each account."""
        rules = self._rules.get(name)
        if rules is None:
            account = self.names.accounts.get(name)
            if account is None:
                return NO_RULES
            rules = self._rules[name] = self._rules_of(name.rpartition("@")[2], account.decisions)
        return rules

    def sweep_rules(self, name: str) -> Rules | None:
        """As `ruling.Rulebook` has it."""
        own = self.domains.get(name.rpartition("@")[2])
        known = own is not None and own.decisions is not None and name in self.names.accounts
        return self.rules(name) if known else None

    def promise(self) -> Promise:
        """As `ruling.Rulebook` has it; who is disabled has no part in it. Found out once."""
        return self._promise

    @cached_property
    def _rules(self) -> dict[str, Rules]:
        return {}

    @cached_property
    def _promise(self) -> Promise:
        accounts = (account for account in self.names.accounts.values() if not account.disabled)
        said = {(account.name.rpartition("@")[2], account.decisions) for account in accounts}
        return Promise.of(self._rules_of(domain, decisions) for domain, decisions in said)

    def _rules_of(self, domain: str, user: Decisions) -> Rules:
        return rules_of(user, self.domains[domain].decisions, self.default)

    def is_ours(self, domain: str) -> bool:
        """Is mail for `domain` kept here? Yes if that cannot be told: `reached` says so then."""
        return self.unread is not None or fold_domain(domain) in self.domains

    def maildrops(self, local_part: str, domain: str) -> tuple[str, ...]:
        """The accounts that have the mail for that mailbox, as `reached` finds them."""
        return tuple(each.account for each in self.reached(local_part, domain))

    def reached(self, local_part: str, domain: str) -> tuple[Reached, ...]:
        """Where mail for that mailbox goes: to the account itself, or to those its alias leads to, each once, in the
        order of the files (`lookup.Names.find`). Accounts that are closed have no part in it.

        Empty: nobody has that name. Raises `OutOfService` if the way leads through something broken, or cannot be told.
        """
        _require(self.unread)
        name = account_name(local_part, domain)
        try:
            found = tuple(self._behind(name))
        except OutOfService:
            # A catch-all that is broken is no reason to put off what somebody must always answer to.
            last = self.names.last_resort(name)
            if last is None:
                raise
            return (Reached(last.name, last.tag),)
        still_open = tuple(each for each in found if not self.names.accounts[each.account].closed)
        if found and not still_open and (last := self.names.on_duty(name)) is not None:
            return (Reached(last.name, last.tag),)  # RFC 5321 4.5.1: postmaster cannot be closed
        return still_open

    def _behind(self, name: str) -> Iterator[Reached]:
        seen: set[tuple[str, bool]] = set()  # what was entered is not entered again, so it ends
        waiting = [(name, "")]
        while waiting:
            target, tag = waiting.pop()
            found = self._find(target)
            if found is None or (found.name, found.alias is None) in seen:
                continue
            seen.add((found.name, found.alias is None))
            tag = found.tag or tag  # that which stands in the file goes before the sender's
            if found.alias is None:
                yield Reached(found.name, tag)
            else:
                waiting.extend((each, tag) for each in reversed(found.alias.targets))

    def _find(self, name: str) -> Found | None:
        found = self.names.find(name)
        if found is None:
            own = self.domains.get(name.rpartition("@")[2])
            _require(own.unread or own.stale if own is not None else None)
        elif found.alias is not None:
            _require(self.broken.get(found.name))
        return found


def _require(fault: Fault | None) -> None:
    if fault is not None:
        raise OutOfService(str(fault))
