"""What a backup of a gateway has in it: `config/`, `state/`, `domains/`, `mail/`, and `keys/` if they are asked for.

Of the state, files directly in it are copied, whatever keeps them there; not the journal, which is to forget.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from mailgate.cli.backing_copying import DRAFT, PRIVATE_MODE, Account, Copier, Pair, enter
from mailgate.cli.backing_maildrop import CUR, NEW, copy_maildrop
from mailgate.cli.progress import progress

if TYPE_CHECKING:
    from mailgate.config import Config

CONFIG: Final = "config"
STATE: Final = "state"
DOMAINS: Final = "domains"
MAIL: Final = "mail"
KEYS: Final = "keys"
_PASSING: Final = (".lock", ".tmp", ".pid", ".log", ".sock")  # what a start makes anew, or nobody misses
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@frozen
class Backup:
    """Of the gateway with this configuration, into an open directory. `copy` raises OSError if that takes no more."""

    config: Config
    file: str  # the configuration's
    target: int
    delete: bool  # what is gone
    with_keys: bool

    def copy(self) -> Account:
        """Copy what is not there yet, and say what was done."""
        account = Account()
        copier = Copier(account, frozenset(self._identities()))
        self._copy_file(copier, self.file, CONFIG)
        with self._opened(copier, self.config.state, STATE) as state:
            if state is not None:
                self._copy_files(copier, state)
        self._copy_accounts(copier)
        if self.with_keys:
            for name, path in self.secrets().items():
                self._copy_file(Copier(account), path, KEYS, name)
        self._copy_mail(copier)
        os.sync()
        return account

    def secrets(self) -> dict[str, str]:
        """The files of certificates, keys and passwords that the configuration names: paths by their keys in it."""
        named = {
            "tls.certificate": self.config.tls.certificate,
            "tls.key": self.config.tls.key,
            "submission.smarthost_password": self.config.submission.smarthost_password,
            "http.token": self.config.http.token,
        }
        for number, pair in enumerate(self.config.tls.also):
            named[f"tls.also.{number}.certificate"] = pair.certificate
            named[f"tls.also.{number}.key"] = pair.key
        return {key: path for key, path in named.items() if path}

    def record(self) -> Mapping[str, Any]:
        """Where things belong, for `backup.json`."""
        return {
            "hostname": self.config.hostname,
            "config": self.file,
            "state": self.config.state,
            "domains": self.config.accounts.directory,
            "mail": self.config.store.directory,
            "keys": self.secrets(),
            "with_keys": self.with_keys,
        }

    def _identities(self) -> Iterator[tuple[int, int]]:
        for path in self.secrets().values():
            with suppress(OSError):
                status = os.stat(path)
                yield status.st_dev, status.st_ino

    def _copy_accounts(self, copier: Copier) -> None:
        with self._opened(copier, self.config.accounts.directory, DOMAINS) as domains:
            if domains is None:
                return
            self._copy_files(copier, domains)
            # Those that are links too, as the gateway reads them: it is told that they are not followed here.
            for domain in domains.names(_is_kept):
                if os.path.isdir(os.path.join(domains.path, domain)):
                    self._copy_domain(copier, domains, domain)

    def _copy_domain(self, copier: Copier, domains: Pair, domain: str) -> None:
        with copier.opened(domains, domain) as pair:
            if pair is not None:
                self._copy_files(copier, pair)

    def _copy_mail(self, copier: Copier) -> None:
        with self._opened(copier, self.config.store.directory, MAIL) as mail:
            if mail is None:
                return
            for domain in mail.directories():
                with copier.opened(mail, domain) as pair:
                    if pair is not None:
                        self._copy_maildrops(copier, pair, domain)

    def _copy_maildrops(self, copier: Copier, pair: Pair, domain: str) -> None:
        users = pair.directories()
        for user in progress(users, len(users), domain):
            with copier.opened(pair, user) as maildrop:
                if maildrop is not None and {NEW, CUR} & set(maildrop.directories()):
                    copy_maildrop(copier, maildrop, delete=self.delete)

    def _copy_files(self, copier: Copier, pair: Pair) -> None:
        names = pair.names(_is_kept)
        for name in names:
            if not os.path.isdir(os.path.join(pair.path, name)):
                copier.copy(pair, name)
        for name in os.listdir(pair.target) if self.delete else ():
            if name not in names and name != DRAFT and not _is_directory(name, pair.target):
                os.unlink(name, dir_fd=pair.target)
                copier.account.removed += 1

    def _copy_file(self, copier: Copier, path: str, *into: str) -> None:
        """One that the administrator named: there, links are followed."""
        real = os.path.realpath(path)
        with self._opened(copier, os.path.dirname(real), *into) as pair:
            if pair is not None and not copier.copy(pair, os.path.basename(real)):
                copier.trouble(f"{path}: there is no such file")

    @contextmanager
    def _opened(self, copier: Copier, source: str, *into: str) -> Iterator[Pair | None]:
        try:
            descriptor = os.open(source, _DIRECTORY)
        except OSError as error:
            if not isinstance(error, FileNotFoundError):  # else there is nothing yet
                copier.trouble(f"{source}: {error.strerror}")
            yield None
            return
        target = os.dup(self.target)
        try:
            for name in into:
                parent, target = target, enter(target, name, PRIVATE_MODE)
                os.close(parent)
            yield Pair(descriptor, target, source)
        finally:
            os.close(target)
            os.close(descriptor)


def _is_kept(name: str) -> bool:
    return not name.startswith(".") and not name.endswith(_PASSING)


def _is_directory(name: str, parent: int) -> bool:
    import stat

    return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
