"""Edits of users, aliases and application passwords. Each file is changed whole or not at all, and counts at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, Literal

from attrs import frozen

from mailgate.accounts.aliases import Alias, parse_aliases
from mailgate.accounts.app_passwords import MAX_APP_PASSWORDS, AppPassword, parse_app_passwords
from mailgate.accounts.decisions import NOTHING_SAID, Decisions
from mailgate.accounts.editing import entries, places
from mailgate.accounts.editing.checking import Surroundings, checked
from mailgate.accounts.editing.files import CannotEdit, LockedDirectory, locked
from mailgate.accounts.editing.leading import leading_to
from mailgate.accounts.editing.lines import line_of, with_changed_line, with_line, without_lines
from mailgate.accounts.lookup import is_catch_all
from mailgate.accounts.spelling import DEFAULT_SPELLING, Spelling
from mailgate.accounts.users import Account, parse_users

USERS: Final = "users"
ALIASES: Final = "aliases"
APP_PASSWORDS: Final = "app-passwords"

_Accounts = Mapping[str, Account]
_Aliases = Mapping[str, Alias]
_AppPasswords = Mapping[str, Sequence[AppPassword]]


@frozen
class Removed:
    """What went with an account."""

    aliases: tuple[str, ...]  # that no longer lead there; they are gone if they led nowhere else
    app_passwords: tuple[str, ...]


class StillNamed(CannotEdit):
    """Aliases lead to the account that was to go; the message names them."""


class Editor:
    """Edits below a directory of domains. Names are as `names.account_name` gives them, stored passwords as
    `passwords.hash_password` and `app_passwords.hash_app_password` do. All methods block, and raise `CannotEdit`.

    To `rehearse` is to raise what the same edit would, and to change nothing.
    """

    def __init__(
        self, directory: str, spelling: Spelling = DEFAULT_SPELLING, default: Decisions = NOTHING_SAID
    ) -> None:
        """`spelling` and `default` are as `domains.Domains` has them."""
        self.directory = directory
        self._surroundings = Surroundings(directory, spelling, default)

    def add_domain(self, domain: str) -> None:
        """A domain without users; `domain` is as `places.check_domain` gives it."""
        places.add(self.directory, domain)

    def remove_domain(self, domain: str, *, with_users: bool = False, rehearse: bool = False) -> None:
        """The domain and all that its directory says. Refused while others' aliases lead there, or, unless
        `with_users`, while it has users.
        """
        self._require(domain)
        outside = [
            alias.name
            for alias in self._surroundings.register().names.aliases.values()
            if not alias.name.endswith(f"@{domain}") and any(each.endswith(f"@{domain}") for each in alias.targets)
        ]
        if outside:
            raise CannotEdit(f"aliases of other domains lead to {domain}: {', '.join(outside)}")
        places.remove(self.directory, domain, with_users=with_users, rehearse=rehearse)

    def add_user(self, name: str, stored: str) -> None:
        """An account at the end of its domain's file. What is left of an earlier one's application passwords goes."""
        domain = self._require(name)
        entries.check_user(name)
        if name in self._surroundings.register().names.aliases:
            raise CannotEdit(f"{name} is an alias: remove it first, or nobody will have its mail any more")

        def change(text: str, accounts: _Accounts) -> str:
            if name in accounts:
                raise CannotEdit(f"{name} is there already: {accounts[name].where}")
            return with_line(text, entries.user_line(name, stored))

        with self._locked(domain) as directory:
            self._drop_app_passwords(directory, name)
            self._edit_users(directory, domain, change)

    def set_password(self, name: str, stored: str) -> None:
        """Another password."""
        self._change_user(name, lambda line: entries.with_password(line, stored))

    def set_disabled(self, name: str, how: Literal["yes", "all"] | None) -> None:
        """No login; with "all", no mail either; None: both again."""
        self._change_user(name, lambda line: entries.with_setting(line, "mailgate_disabled", how))

    def remove_user(self, name: str, *, with_aliases: bool = False, rehearse: bool = False) -> Removed:
        """The account and its application passwords. `StillNamed`, unless `with_aliases`, while aliases lead to it."""
        domain = self._require(name)
        register = self._surroundings.register()
        if name not in register.names.accounts:
            raise CannotEdit(f"there is no account {name}")
        hanging = leading_to(name, register.names)
        if hanging and not with_aliases:
            raise StillNamed(f"aliases lead to {name}: {', '.join(hanging)}")
        for alias, targets in hanging.items():
            self.remove_alias(alias, targets, unchecked=True, rehearse=rehearse)
        with self._locked(domain) as directory:
            dropped = self._drop_app_passwords(directory, name, rehearse=rehearse)
            self._edit_users(
                directory,
                domain,
                lambda text, accounts: _without(text, accounts, name),
                unchecked=True,
                rehearse=rehearse,
            )
        return Removed(tuple(hanging), dropped)

    def add_alias(self, name: str, targets: Sequence[str]) -> tuple[str, ...]:
        """An alias, or more targets for one that there is: all that it leads to then. `*` is the catch-all's local
        part.
        """
        domain = self._require(name)
        entries.check_alias(name)
        for target in targets:
            entries.check_target(target)
        led_to: list[str] = []
        if name in self._surroundings.register().names.accounts and not is_catch_all(name):
            raise CannotEdit(f"{name} is an account, which has its mail: an alias of that name would never be asked")

        def change(text: str, aliases: _Aliases) -> str:
            before = aliases[name].targets if name in aliases else ()
            new = [target for target in dict.fromkeys(targets) if target not in before]
            led_to[:] = [*before, *new]
            if name not in aliases:
                return with_line(text, entries.alias_line(name, new))
            if not new:
                raise CannotEdit(f"{name} leads there already: {aliases[name].where}")
            number = line_of(aliases[name].where)
            return with_changed_line(text, number, lambda line: entries.with_targets(line, new, domain))

        with self._locked(domain) as directory:
            self._edit_aliases(directory, domain, change)
        return tuple(led_to)

    def remove_alias(
        self, name: str, targets: Collection[str] = (), *, unchecked: bool = False, rehearse: bool = False
    ) -> None:
        """An alias, or some of its targets; whose last target goes is gone. Refused while other aliases lead through
        it, unless it is `unchecked`.
        """
        domain = self._require(name)

        def change(text: str, aliases: _Aliases) -> str:
            if name not in aliases:
                raise CannotEdit(f"there is no alias {name}")
            alias = aliases[name]
            for target in targets:
                if target not in alias.targets:
                    raise CannotEdit(f"{name} does not lead to {target}: {alias.where}")
            number = line_of(alias.where)
            if not targets or set(alias.targets) <= set(targets):
                return without_lines(text, {number})
            return with_changed_line(text, number, lambda line: entries.without_targets(line, targets, domain))

        with self._locked(domain) as directory:
            self._edit_aliases(directory, domain, change, unchecked=unchecked, rehearse=rehearse)

    def add_app_password(self, user: str, name: str, stored: str) -> None:
        """One more for an account's programs."""
        domain = self._require(user)
        if user not in self._surroundings.register().names.accounts:
            raise CannotEdit(f"there is no account {user}")

        def change(text: str, users: _AppPasswords) -> str:
            own = users.get(user, ())
            if any(each.name == name for each in own):
                raise CannotEdit(f"{user} has an application password {name}: remove it first")
            if len(own) >= MAX_APP_PASSWORDS:
                raise CannotEdit(f"{user} has {len(own)} application passwords: remove one first")
            return with_line(text, entries.app_password_line(user, name, stored))

        with self._locked(domain) as directory:
            self._edit_app_passwords(directory, domain, change)

    def remove_app_password(self, user: str, name: str, *, rehearse: bool = False) -> None:
        """From here on it is wrong. Sessions that are logged in go on."""
        domain = self._require(user)

        def change(text: str, users: _AppPasswords) -> str:
            numbers = {line_of(each.where) for each in users.get(user, ()) if each.name == name}
            if not numbers:
                raise CannotEdit(f"{user} has no application password {name}")
            return without_lines(text, numbers)

        with self._locked(domain) as directory:
            self._edit_app_passwords(directory, domain, change, rehearse=rehearse)

    def _change_user(self, name: str, change_line: Callable[[str], str]) -> None:
        domain = self._require(name)

        def change(text: str, accounts: _Accounts) -> str:
            if name not in accounts:
                raise CannotEdit(f"there is no account {name}")
            return with_changed_line(text, line_of(accounts[name].where), change_line)

        with self._locked(domain) as directory:
            self._edit_users(directory, domain, change, unchecked=True)

    def _drop_app_passwords(self, directory: LockedDirectory, user: str, *, rehearse: bool = False) -> tuple[str, ...]:
        dropped: list[str] = []

        def change(text: str, users: _AppPasswords) -> str | None:
            dropped[:] = [each.name for each in users.get(user, ())]
            return without_lines(text, {line_of(each.where) for each in users[user]}) if dropped else None

        self._edit_app_passwords(directory, user.rpartition("@")[2], change, rehearse=rehearse)
        return tuple(dropped)

    def _edit_users(
        self,
        directory: LockedDirectory,
        domain: str,
        change: Callable[[str, _Accounts], str],
        *,
        unchecked: bool = False,
        rehearse: bool = False,
    ) -> None:
        def judge(accounts: _Accounts) -> None:
            if not unchecked:
                self._surroundings.judge(domain, accounts=accounts)

        path = os.path.join(directory.path, USERS)
        directory.edit(USERS, checked(parse_users, domain, path, change, judge), rehearse=rehearse)

    def _edit_aliases(
        self,
        directory: LockedDirectory,
        domain: str,
        change: Callable[[str, _Aliases], str],
        *,
        unchecked: bool = False,
        rehearse: bool = False,
    ) -> None:
        def judge(aliases: _Aliases) -> None:
            if not unchecked:
                self._surroundings.judge(domain, aliases=aliases)

        path = os.path.join(directory.path, ALIASES)
        edit = checked(parse_aliases, domain, path, change, judge)
        directory.edit(ALIASES, edit, like=USERS, rehearse=rehearse)

    def _edit_app_passwords(
        self,
        directory: LockedDirectory,
        domain: str,
        change: Callable[[str, _AppPasswords], str | None],
        *,
        rehearse: bool = False,
    ) -> None:
        path = os.path.join(directory.path, APP_PASSWORDS)
        edit = checked(parse_app_passwords, domain, path, change, _accept)
        directory.edit(APP_PASSWORDS, edit, like=USERS, rehearse=rehearse)

    def _require(self, name: str) -> str:
        """The domain of an account or alias, or the domain itself, if it is there."""
        domain = name.rpartition("@")[2]
        if not os.path.lexists(os.path.join(self.directory, domain, USERS)):
            raise CannotEdit(f"{domain} is no domain of this gateway: 'mailgate domain add {domain}' makes it one")
        return domain

    def _locked(self, domain: str) -> AbstractContextManager[LockedDirectory]:
        return locked(os.path.join(self.directory, domain))


def _without(text: str, accounts: _Accounts, name: str) -> str:
    if name not in accounts:
        raise CannotEdit(f"there is no account {name}")
    return without_lines(text, {line_of(accounts[name].where)})


def _accept(_: object) -> None:
    """Of application passwords there is nothing to judge but what their lines say."""
