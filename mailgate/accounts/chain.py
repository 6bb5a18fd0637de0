"""Others who know passwords, behind our own files: checkers by dotted name, asked one after the other.

A name that has a password in our files is decided by our files alone, so that no other learns what was typed for it.
Others are asked about names that our files do not have, and about accounts whose password is `{EXTERNAL}`. Whom they
name must have an account here: mail for it has to go somewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import LoginFailed, UnauthorizedLogin
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from mailgate.accounts.checker import PasswordChecker
from mailgate.accounts.domains import Domains
from mailgate.accounts.hashing import Undecided
from mailgate.accounts.names import login_name
from mailgate.accounts.register import OutOfService

ANSWER_SECONDS: Final = 20.0  # for each: a client waits half a minute, and somebody may come behind


@implementer(ICredentialsChecker)
class CheckerChain:
    """Asks `own` first and then `others`. Credentials, avatar id and exceptions are as `PasswordChecker` has them.

    How long a refusal takes is then for the others, too: it can tell which names have a password here.
    """

    credentialInterfaces = (IUsernamePassword,)

    def __init__(
        self, own: PasswordChecker, others: Sequence[ICredentialsChecker], domains: Domains, clock: IReactorTime
    ) -> None:
        self._own = own
        self._others = tuple(others)
        self._domains = domains
        self._clock = clock

    def requestAvatarId(self, credentials: Any) -> Deferred[str]:  # type: ignore[override]
        """As `ICredentialsChecker` has it. `Undecided`: one of the others could not say, so nobody is wrong."""
        return Deferred.fromCoroutine(self._check(credentials))

    async def _check(self, credentials: Any) -> str:
        try:
            return await self._own.requestAvatarId(credentials)
        except UnauthorizedLogin as refusal:
            if not self._own.leaves_to_others(credentials.username):
                raise
            reason = refusal
        for other in self._others:
            try:
                avatar_id = await maybeDeferred(other.requestAvatarId, credentials).addTimeout(
                    ANSWER_SECONDS, self._clock
                )
            except CancelledError:
                raise  # the client has gone
            except LoginFailed:
                continue
            except Exception as error:
                raise Undecided(f"{_name(other)} could not say: {type(error).__name__}: {error}") from error
            return self._account(avatar_id, other)
        raise reason

    def _account(self, avatar_id: object, other: ICredentialsChecker) -> str:
        """The account that is meant. Raises `UnauthorizedLogin` for who has none, or may not log in."""
        octets = avatar_id.encode(errors="surrogatepass") if isinstance(avatar_id, str) else avatar_id
        try:
            only = self._domains.current().only_domain()
            name = login_name(octets, only) if isinstance(octets, bytes) else None
            account = self._domains.current(name.rpartition("@")[2]).account(name) if name is not None else None
        except OutOfService as doubt:
            raise Undecided(str(doubt)) from doubt
        if account is None:
            raise UnauthorizedLogin(f"{_name(other)} named somebody who has no account here")
        if account.disabled:
            raise UnauthorizedLogin("the account is disabled")
        return account.name


def _name(checker: object) -> str:
    return f"{type(checker).__module__}.{type(checker).__qualname__}"
