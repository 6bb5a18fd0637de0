"""Whether a user name and a password belong together, by the domains on disk: the account's own password, or one of
those that were made for its programs.
"""

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

from mailgate.accounts.app_passwords import matching
from mailgate.accounts.domains import Domains
from mailgate.accounts.hashing import Hashing, Undecided
from mailgate.accounts.names import login_forms, login_name
from mailgate.accounts.passwords import DEFAULT_COST, EXTERNAL, Cost, StoredPassword, password_forms, verify_nobody
from mailgate.accounts.register import OutOfService
from mailgate.accounts.remembered import Remembered
from mailgate.accounts.secrets import app_secret
from mailgate.accounts.users import Account
from mailgate.interfaces import Offload


@implementer(ICredentialsChecker)
class PasswordChecker:
    """Takes `twisted.cred.credentials.UsernamePassword`, both parts as octets, in UTF-8.

    The avatar's id is the account's name as a `str`. Every refusal is an `UnauthorizedLogin` that took as many hashes
    as a wrong password; its message says why, for the log, and never holds what the client sent. A password that was
    right a few minutes ago takes none (`remembered`), nor does an application password that is right.
    """

    credentialInterfaces = (IUsernamePassword,)

    def __init__(
        self,
        domains: Domains,
        offload: Offload,
        clock: Callable[[], float] = time.monotonic,
        cost: Cost = DEFAULT_COST,
    ) -> None:
        """`clock` gives seconds, and never goes back; `cost` is that of the hashes which are made here today."""
        self._domains = domains
        self._hashing = Hashing(offload)
        self._cost = cost
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
            matching((), password)
            await self._hashing.check(partial(_is_nobodys, password, self._cost))
            raise Undecided(str(reason)) from reason
        if account is None:
            matching((), password)
            await self._hashing.check(partial(_is_nobodys, password, self._cost))
            raise UnauthorizedLogin("no such user")
        if account.disabled:
            raise self._refusal(account, await self._try_disabled(account, password), password)
        if self._is_for_a_program(account, password) or self._remembered.knows(account, password):
            return account.name
        if not await self._is_own(account, password):
            raise self._refusal(account, "wrong password", password)
        self._remembered.note(account, password)
        return account.name

    async def _try_disabled(self, account: Account, password: bytes) -> str:
        """Why it is refused. Nothing is remembered, and no way is short: a quick answer would tell that it is right."""
        program = self._is_for_a_program(account, password)
        own = await self._is_own(account, password)
        return "the account is disabled" if own or program else "wrong password for a disabled account"

    def _is_for_a_program(self, account: Account, password: bytes) -> bool:
        # In the reactor's thread: it takes microseconds, and there is no line to wait in while somebody guesses.
        return matching(self._domains.current().app_passwords(account.name), password) is not None

    async def _is_own(self, account: Account, password: bytes) -> bool:
        return await self._hashing.check(partial(_is_right, account.password, password, self._cost))

    def _refusal(self, account: Account, reason: str, password: bytes) -> Exception:
        """While the file is not understood, a new password may stand there, as may a new name: both sound alike."""
        register = self._domains.current()
        doubt = register.doubt(account.name)
        if doubt is None and app_secret(password) is not None:
            doubt = register.doubt_of_app_passwords(account.name)
        return UnauthorizedLogin(reason) if doubt is None else Undecided(str(doubt))

    def leaves_to_others(self, username: bytes) -> bool:
        """May others say whose password that name has? Not where an account here has a password of its own, nor while
        it cannot be told.
        """
        try:
            account = self._find(username)
        except OutOfService:
            return False
        return account is None or (account.password.scheme == EXTERNAL and not account.disabled)

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


def _is_right(stored: StoredPassword, password: bytes, cost: Cost) -> bool:
    forms = password_forms(password)
    if not forms:
        stored.verify(password, cost)
        return False
    return any(stored.verify(form, cost) for form in forms)


def _is_nobodys(password: bytes, cost: Cost) -> bool:
    for form in password_forms(password) or (password,):
        verify_nobody(form, cost)
    return False
