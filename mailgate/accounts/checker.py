"""Whether a user name and a password belong together, by the domains on disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred
from zope.interface import implementer

from mailgate.accounts.domains import Domains
from mailgate.accounts.hashing import Hashing, Undecided
from mailgate.accounts.names import login_forms, login_name
from mailgate.accounts.passwords import StoredPassword, password_forms, verify_nobody
from mailgate.accounts.register import OutOfService
from mailgate.accounts.remembered import Remembered
from mailgate.accounts.users import Account
from mailgate.interfaces import Offload


@implementer(ICredentialsChecker)
class PasswordChecker:
    """Takes `twisted.cred.credentials.UsernamePassword`, both parts as octets, in UTF-8.

    The avatar's id is the account's name as a `str`. Every refusal is an `UnauthorizedLogin` that took as many hashes
    as a wrong password; its message says why, for the log, and never holds what the client sent. A password that was
    right a few minutes ago takes none (`remembered`).
    """

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, domains: Domains, offload: Offload, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds, and never goes back."""
        self._domains = domains
        self._hashing = Hashing(offload)
        self._remembered = Remembered(clock)

    def requestAvatarId(self, credentials: Any) -> Deferred[str]:  # type: ignore[override]
        """As `ICredentialsChecker` has it. Other exceptions mean that it could not be found out, and where
        it is `Undecided` the administrator knows why.
        """
        return Deferred.fromCoroutine(self._check(credentials.username, credentials.password))

    async def _check(self, username: bytes, password: bytes) -> str:
        try:
            account = self._find(username)
        except OutOfService as reason:
            await self._hashing.check(partial(_is_nobodys, password))
            raise Undecided(str(reason)) from reason
        if account is None:
            await self._hashing.check(partial(_is_nobodys, password))
            raise UnauthorizedLogin("no such user")
        if account.disabled:  # nothing is remembered of it: a quick answer would tell that the password is right
            right = await self._hashing.check(partial(_is_right, account.password, password))
            raise self._refusal(
                account, "the account is disabled" if right else "wrong password for a disabled account"
            )
        if not self._remembered.knows(account, password):
            if not await self._hashing.check(partial(_is_right, account.password, password)):
                raise self._refusal(account, "wrong password")
            self._remembered.note(account, password)
        return account.name

    def _refusal(self, account: Account, reason: str) -> Exception:
        """While the file is not understood, a new password may stand there, as may a new name: both sound alike."""
        doubt = self._domains.current().doubt(account.name)
        return UnauthorizedLogin(reason) if doubt is None else Undecided(str(doubt))

    def _find(self, username: bytes) -> Account | None:
        """Raises `OutOfService`."""
        for form in login_forms(username):
            name = login_name(form, self._domains.current().only_domain())
            account = self._account(name) if name is not None else None
            if account is not None:
                return account
        return None

    def _account(self, name: str) -> Account | None:
        account = self._domains.current(name.rpartition("@")[2]).account(name)
        if account is None:
            self._remembered.forget(name)
        return account


# These block. A password that must be refused costs as much as a wrong one, and one that has two forms costs a hash for
# each, whether there is such a user or not.


def _is_right(stored: StoredPassword, password: bytes) -> bool:
    forms = password_forms(password)
    if not forms:
        stored.verify(password)
        return False
    return any(stored.verify(form) for form in forms)


def _is_nobodys(password: bytes) -> bool:
    for form in password_forms(password) or (password,):
        verify_nobody(form)
    return False
