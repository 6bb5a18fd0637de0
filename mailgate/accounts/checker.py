"""Whether a user name and a password belong together, by the domains on disk."""

from __future__ import annotations

from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred
from zope.interface import implementer

from mailgate.accounts.domains import Domains
from mailgate.accounts.names import login_name
from mailgate.accounts.passwords import verify_nobody
from mailgate.accounts.register import OutOfService
from mailgate.accounts.users import Account
from mailgate.failures import StoreError
from mailgate.interfaces import Offload


class Undecided(StoreError):
    """It cannot be found out for now whether name and password belong together: the accounts cannot be read, so nobody
    is wrong. The message says why, for the log.
    """


@implementer(ICredentialsChecker)
class PasswordChecker:
    """Takes `twisted.cred.credentials.UsernamePassword`, both parts as octets, the name in UTF-8.

    The avatar's id is the account's name as a `str`. Every refusal is an `UnauthorizedLogin` that took as long as a
    wrong password; its message says why, for the log, and never holds what the client sent.
    """

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, domains: Domains, offload: Offload) -> None:
        self._domains = domains
        self._offload = offload

    def requestAvatarId(self, credentials: Any) -> Deferred[str]:  # type: ignore[override]
        """As `ICredentialsChecker` has it. Other exceptions mean that it could not be found out, and where
        it is `Undecided` the administrator knows why.
        """
        return Deferred.fromCoroutine(self._check(credentials.username, credentials.password))

    async def _check(self, username: bytes, password: bytes) -> str:
        account = self._find(username)
        if account is None:
            await self._offload(lambda: verify_nobody(password))
            raise UnauthorizedLogin("no such user")
        right = await self._offload(lambda: account.password.verify(password))
        if account.disabled:
            raise UnauthorizedLogin("the account is disabled" if right else "wrong password for a disabled account")
        if not right:
            raise UnauthorizedLogin("wrong password")
        return account.name

    def _find(self, username: bytes) -> Account | None:
        try:
            name = login_name(username, self._domains.current().only_domain())
            return self._domains.current(name.rpartition("@")[2]).account(name) if name is not None else None
        except OutOfService as reason:
            raise Undecided(str(reason)) from reason
