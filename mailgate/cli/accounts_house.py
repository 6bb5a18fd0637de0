"""What every command about accounts begins with: a configuration, and the account files that it leads to. They are read
and edited in place; a gateway that runs sees it at once, and none has to run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from attrs import evolve, field, frozen

from mailgate.cli.accounts_nearest import hint
from mailgate.cli.accounts_reading import is_doubtful, legible
from mailgate.cli.accounts_saying import complain, refusal
from mailgate.cli.reaching import configuration

if TYPE_CHECKING:
    from mailgate.accounts.editing import Editor
    from mailgate.accounts.register import Register
    from mailgate.config import Config
    from mailgate.faults import Fault

NOT_IN_FORCE: Final = (
    "Of files with a fault, the lines without one are shown. Until it is repaired, a gateway that runs goes by what "
    "was there before."
)


@frozen
class Books:
    """The accounts of a gateway: as they are now, and to be edited."""

    config: Config
    register: Register
    faults: tuple[Fault, ...]  # what is wrong with the files
    editor: Editor = field(repr=False)

    def account(self, text: str) -> str:
        """The account or alias that somebody means; without a domain, in the only one. Raises `ClickException`."""
        from mailgate.accounts.names import login_name

        only = next(iter(self.register.domains)) if len(self.register.domains) == 1 else None
        name = login_name(text.encode(errors="surrogatepass"), only)
        if name is None:
            missing = "@" not in text and only is None
            why = "say local-part@domain" if missing else "expected local-part@domain"
            raise refusal(f"{text!r} is no account: {why}")
        return name

    def known(self, text: str) -> str:
        """The same, and it is there."""
        from mailgate.accounts.register import OutOfService

        name = self.account(text)
        try:
            account = self.register.account(name)
        except OutOfService as doubt:
            raise refusal(f"whether there is an account {name} cannot be told: {doubt}") from doubt
        if account is None:
            raise refusal(f"there is no account {name}: {hint(self.register, name)}")
        return name

    def domain(self, text: str) -> str:
        """A domain that is there. Raises `ClickException`."""
        from mailgate.wire.address import fold_domain

        domain = fold_domain(text)
        if domain not in self.register.domains:
            raise refusal(f"{domain} is no domain of this gateway: 'mailgate domain list' names all")
        return domain

    def mail_of(self, name: str) -> str:
        """Where the mail of an account is, or would be."""
        from mailgate.store.maildir.names import to_segments

        return os.path.join(self.config.store.directory, *to_segments(name))

    def hash(self, plain: str) -> str:
        """A password as it is stored. Raises `ClickException` for one with which nobody could log in."""
        return hashed(plain, self.config)

    def to_show(self) -> Books:
        """The same with all lines that could be read, whether they are in force or not: for people to look at."""
        return evolve(self, register=legible(self.editor.directory, self.register)) if self.faults else self

    def warn(self) -> bool:
        """Tell what is wrong with the files. Is anything?"""
        for fault in self.faults:
            complain(str(fault))
        if any(is_doubtful(own) for own in self.register.domains.values()):
            complain(NOT_IN_FORCE)
        return bool(self.faults)


def open_books(path: str | None) -> Books:
    """By the configuration in this file, or where it is looked for. Raises `ClickException`."""
    from mailgate.accounts.domains import Domains
    from mailgate.accounts.editing import Editor
    from mailgate.config import decisions, spelling

    config = configuration(path)
    directory, spelled, default = config.accounts.directory, spelling(config.accounts), decisions(config.maildrops)
    domains = Domains(directory, lambda fault: None, spelling=spelled, default=default)
    faults = domains.load()
    register = domains.current()
    if register.unread is not None:
        raise refusal(str(register.unread))
    return Books(config, register, faults, Editor(directory, spelled, default))


def configured(path: str | None) -> Config | None:
    """The configuration; None: none was named, and none is found. Raises `ClickException`."""
    from mailgate.config import find

    return None if find(path, os.environ) is None else configuration(path)


def hashed(plain: str, config: Config | None) -> str:
    """A password's hash at the cost that the configuration names. Raises `ClickException`."""
    from mailgate.accounts.passwords import hash_password

    try:
        if config is None:
            return hash_password(plain)
        return hash_password(plain, config.accounts.hash_memory // 1024, config.accounts.hash_passes)
    except ValueError as error:
        raise refusal(str(error)) from error


@contextmanager
def edits() -> Iterator[None]:
    """What cannot be edited, as a `ClickException`."""
    from mailgate.accounts.editing import CannotEdit

    try:
        yield
    except CannotEdit as error:
        raise refusal(str(error)) from error


def counted(number: int, one: str, more: str) -> str:
    """Such as `1 user` and `2 users`."""
    return f"{number} {one if number == 1 else more}"
