"""The directory of one domain: what its files say, as far as it is in force, and what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Generic, TypeVar

from attrs import field, frozen

from mailgate.accounts.aliases import Alias, parse_aliases
from mailgate.accounts.app_passwords import AppPassword, parse_app_passwords
from mailgate.accounts.decisions import NOTHING_SAID, SAFE_REMOVED_DAYS, Decisions
from mailgate.accounts.domain_rules import NO_DOMAIN_RULES, DomainRules, parse_domain_rules
from mailgate.accounts.names import MAX_PART_OCTETS, is_storable, likely_names
from mailgate.accounts.register import Domain
from mailgate.accounts.users import Account, UsersFile
from mailgate.accounts.watched import Watched
from mailgate.faults import Fault
from mailgate.interfaces import Offload
from mailgate.wire import address

V = TypeVar("V")

# What a fault does to those who are meant to have mail here.
KEPT: Final = "what was there before stays in force"
NOBODY: Final = "nobody of this domain can be reached until it is repaired"
NO_ALIAS: Final = "no alias of this domain can be reached until it is repaired"
NOTHING_EXPIRES: Final = (
    "until it is repaired nothing expires in this domain, what users delete goes to the trash, and no quota counts but "
    "a user's own"
)
NO_PROGRAM: Final = "nobody of this domain can log in with an application password until it is repaired"
PUT_OFF: Final = "mail for it is put off until it is repaired"
KEPT_AWHILE: Final = f"what goes there is kept for {SAFE_REMOVED_DAYS} days"
FIRST: Final = "each has the mail for its own spelling, and the first that for all others"
NOTHING: Final = ""


@frozen
class _Content(Generic[V]):
    """What a file says, by name, and which names its faulty lines are perhaps about."""

    entries: Mapping[str, V]
    likely: frozenset[str] = frozenset()


@frozen
class Draft:
    """What the files of a domain say as they are now, without the lines that have a fault: for judging, not for use."""

    domain: str
    accounts: Mapping[str, Account] = field(factory=dict, repr=False)
    aliases: Mapping[str, Alias] = field(factory=dict, repr=False)
    likely: frozenset[str] = field(default=frozenset(), repr=False)  # names of lines with a fault
    opaque: bool = False  # may there be anybody?
    rules: DomainRules | None = NO_DOMAIN_RULES  # None: not understood


class DomainFiles:
    """One directory among those of the accounts; it is a domain if it has a `users` file."""

    def __init__(self, directory: str, name: str) -> None:
        """`name` is the directory's in `directory`. Nothing is read yet."""
        path = os.path.join(directory, name)
        self.domain, self.misnamed = _check_name(path, name)
        self._users: Watched[_Content[Account]] = Watched(
            os.path.join(path, "users"), _reading(UsersFile(self.domain).parse, self.domain)
        )
        self._aliases: Watched[_Content[Alias]] = Watched(
            os.path.join(path, "aliases"), _reading(partial(parse_aliases, domain=self.domain), self.domain)
        )
        self._rules: Watched[DomainRules] = Watched(os.path.join(path, "rules"), parse_domain_rules)
        self._app_passwords: Watched[_Content[Sequence[AppPassword]]] = Watched(
            os.path.join(path, "app-passwords"), _reading(partial(parse_app_passwords, domain=self.domain), self.domain)
        )
        self._there = False  # of a directory with a wrong name: has it a users file?

    def refresh(self, aside: Offload | None = None) -> bool:
        """Look at the files. Has what they say, or what is wrong, changed since the last time? `aside` is as
        `Watched.refresh` has it.
        """
        if self.misnamed is not None:
            before, self._there = self._there, os.path.isfile(self._users.path)
            return before is not self._there
        watched = (self._users, self._aliases, self._rules, self._app_passwords)
        return any([each.refresh(aside) for each in watched])  # noqa: C419 (each is to be looked at)

    @property
    def in_force(self) -> Domain | None:
        """The domain as it is served; None: this is none."""
        if self.misnamed is not None:
            return Domain(self.domain, unread_users=self.misnamed) if self._there and self.domain else None
        users, aliases = self._users, self._aliases
        stale_users, fault = _doubt(users), _doubt(aliases)
        if users.value is None:
            return Domain(self.domain, unread_users=stale_users) if stale_users is not None else None
        known = {} if aliases.value is None else aliases.value.entries
        return Domain(
            self.domain,
            users.value.entries,
            known,
            unread_aliases=fault if aliases.value is None else None,
            stale_users=stale_users,
            stale_aliases=fault if aliases.value is not None else None,
            decisions=self._decisions,
            app_passwords={} if self._app_passwords.value is None else self._app_passwords.value.entries,
            stale_app_passwords=_doubt(self._app_passwords),
        )

    @property
    def _decisions(self) -> Decisions | None:
        """What is decided for the domain; None: that was never understood."""
        if self._rules.value is None:
            return None if _doubt(self._rules) is not None else NOTHING_SAID
        return self._rules.value.decisions

    @property
    def draft(self) -> Draft | None:
        """The domain as its files are now; None: this is none."""
        if self.in_force is None:
            return None
        users, aliases = self._users.draft, self._aliases.draft
        return Draft(
            self.domain,
            users.entries if users is not None else {},
            aliases.entries if aliases is not None else {},
            frozenset().union(*(content.likely for content in (users, aliases) if content is not None)),
            opaque=self._is_opaque,
            rules=(self._rules.draft or NO_DOMAIN_RULES) if not self._rules.faults else None,
        )

    @property
    def _is_opaque(self) -> bool:
        if self._users.coming is not None or self._aliases.coming is not None:
            return True
        return self._users.draft is None or (self._aliases.draft is None and bool(self._aliases.faults))

    @property
    def found(self) -> Mapping[Fault, str]:
        """What is wrong, and what that does."""
        if self.misnamed is not None:
            return {self.misnamed: NOBODY if self.domain else NOTHING} if self._there else {}
        users = KEPT if self._users.value is not None else NOBODY
        aliases = KEPT if self._aliases.value is not None else NO_ALIAS
        rules = KEPT if self._rules.value is not None else NOTHING_EXPIRES
        app_passwords = KEPT if self._app_passwords.value is not None else NO_PROGRAM
        return (
            dict.fromkeys(self._users.faults, users)
            | dict.fromkeys(self._aliases.faults, aliases)
            | dict.fromkeys(self._rules.faults, rules)
            | dict.fromkeys(self._app_passwords.faults, app_passwords)
        )


def _doubt(file: Watched[Any]) -> Fault | None:
    """Why there may be more in it, or other things, than is known."""
    return next(iter(file.faults), file.coming)


_Entries = tuple[Mapping[str, V], tuple[Fault, ...]]


def _reading(
    parse: Callable[..., _Entries[V]], domain: str
) -> Callable[[str, str], tuple[_Content[V], tuple[Fault, ...]]]:
    def read(text: str, where: str) -> tuple[_Content[V], tuple[Fault, ...]]:
        entries, faults = parse(text, where=where)
        if not faults:
            return _Content(entries), faults
        # Of lines without fault the names are known, and to find them once more would take as long as the lines did.
        return _Content(entries, likely_names(_faulty(text, faults), domain).union(entries)), faults

    return read


def _faulty(text: str, faults: Sequence[Fault]) -> str:
    lines = text.split("\n")
    numbers = {int(fault.where.rpartition(":")[2]) for fault in faults}
    return "\n".join(lines[number - 1] for number in sorted(numbers))


def _check_name(path: str, name: str) -> tuple[str, Fault | None]:
    """The domain that a directory of that name is meant for, empty if there is none; and what is wrong with it."""
    try:
        domain = address.fold_domain(address.check_domain(name))
    except address.AddressError as error:
        return "", Fault(path, f"a directory with a users file, but its name is no domain: {error}")
    if domain != name:
        return domain, Fault(path, "the names of domains are in lower case", f"rename it to {domain}")
    if not is_storable(f"user@{domain}"):
        return domain, Fault(
            path, f"longer than the {MAX_PART_OCTETS} octets that the name of a maildrop's directory may have"
        )
    return domain, None
