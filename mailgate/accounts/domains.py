"""The directory of domains, live: `<domain>/users` and, if wanted, `<domain>/aliases`.

Files are small and are read where they are asked for, in the reactor's thread. A lookup costs a listing and two
`stat` a domain, some microseconds each.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from mailgate.accounts.aliases import Alias, parse_aliases
from mailgate.accounts.names import fold_domain
from mailgate.accounts.register import Domain, Register
from mailgate.accounts.users import Account, parse_users
from mailgate.accounts.watched import Watched
from mailgate.faults import Fault
from mailgate.wire import address


class Domains:
    """What the files say now. An edit that is broken changes nothing and is reported once."""

    def __init__(self, directory: str, report: Callable[[Fault], None]) -> None:
        """`report` is told of each fault that comes up after `load`. Nothing is read yet."""
        self.directory = directory
        self._report = report
        self._files: dict[str, _Files] = {}
        self._register = Register()
        self._unlisted: tuple[Fault, ...] = ()
        self._faults: tuple[Fault, ...] = ()

    def load(self) -> tuple[Fault, ...]:
        """Read all there is, and give all that is wrong with it. What is without fault is in force."""
        self._refresh()
        return self._faults

    def current(self) -> Register:
        """What is in force now. Take it once for each question, so that the answer is of one piece."""
        before = self._faults
        self._refresh()
        for fault in self._faults:
            if fault not in before:
                self._report(fault)
        return self._register

    def _refresh(self) -> None:
        try:
            names = sorted(name for name in os.listdir(self.directory) if not name.startswith("."))
            self._unlisted = ()
        except OSError as error:
            # A file system that is not mounted is no reason to forget everybody.
            self._unlisted = (_unlisted(self.directory, error),)
        else:
            self._look(names)
        faults = [fault for files in self._files.values() for fault in files.faults]
        self._faults = (*self._unlisted, *faults, *self._register.broken.values())

    def _look(self, names: list[str]) -> None:
        changed = self._follow(names)
        for files in self._files.values():
            changed = files.refresh() or changed
        if changed:
            self._register = Register.of(files.domain for files in self._files.values() if files.domain is not None)

    def _follow(self, names: list[str]) -> bool:
        """Watch these directories and no other. Did that take a domain away?"""
        if names == list(self._files):
            return False
        gone = [name for name in self._files if name not in names]
        self._files = {name: self._files.get(name) or _Files(self.directory, name) for name in names}
        return bool(gone)


class _Files:
    """One directory, and what its files say; it is a domain once it has had a `users` file without fault."""

    def __init__(self, directory: str, name: str) -> None:
        self.name = name
        self.domain: Domain | None = None
        self.faults: tuple[Fault, ...] = ()
        self._path = os.path.join(directory, name)
        self._users: Watched[Mapping[str, Account]] = Watched(
            os.path.join(self._path, "users"), lambda text, where: parse_users(text, name, where)
        )
        self._aliases: Watched[Mapping[str, Alias]] = Watched(
            os.path.join(self._path, "aliases"), lambda text, where: parse_aliases(text, name, where)
        )
        self._name_fault = _check_name(self._path, name)

    def refresh(self) -> bool:
        """Look at the files. Has what is in force, or what is wrong, changed?"""
        if self._name_fault is not None:
            self.faults = (self._name_fault,) if os.path.isfile(self._users.path) else ()
            return False
        changed = [self._users.refresh(), self._aliases.refresh()]
        if any(changed):
            self.faults = (*self._users.faults, *self._aliases.faults)
            if self._users.value is not None:
                self.domain = Domain(self.name, self._users.value, self._aliases.value or {})
        return any(changed)


def _check_name(path: str, name: str) -> Fault | None:
    try:
        folded = fold_domain(address.check_domain(name))
    except address.AddressError as error:
        return Fault(path, f"a directory with a users file, but its name is no domain: {error}")
    if folded != name:
        return Fault(path, "the names of domains are in lower case", f"rename it to {folded}")
    return None


def _unlisted(directory: str, error: OSError) -> Fault:
    if isinstance(error, FileNotFoundError):
        example = os.path.join(directory, "example.org", "users")
        hint = f"create {example} with lines such as user:{{ARGON2ID}}$argon2id$…"
        return Fault(directory, "there is no such directory of accounts", hint)
    return Fault(directory, f"cannot be listed: {error.strerror or error}")
