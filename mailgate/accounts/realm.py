"""What somebody who has logged in gets: a maildrop for POP3, a submitter for SMTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm
from twisted.internet.defer import Deferred
from zope.interface import implementer

from mailgate.accounts.anyone import AnyoneRules, AnyoneSubmitter
from mailgate.accounts.domains import Domains
from mailgate.accounts.names import account_name
from mailgate.accounts.register import OutOfService
from mailgate.accounts.ruling import Rulebook
from mailgate.interfaces import IMaildrop, IMailStore, ISubmitter
from mailgate.mail import Path

Avatar = tuple[Any, object, Callable[[], None]]  # interface, avatar, logout
NO_RULEBOOK: Final[Rulebook] = AnyoneRules()


@implementer(ISubmitter)
class Submitter:
    """May send as every address whose mail reaches it: its own in every spelling and with any tag, the aliases that
    lead to it, and what a catch-all brings it.
    """

    def __init__(self, user: str, domains: Domains) -> None:
        self.user = user
        self._domains = domains

    def may_send_as(self, path: Path) -> bool:
        """As `ISubmitter` has it; what is out of service is nobody's."""
        try:
            account = self._domains.current(self.user.rpartition("@")[2]).account(self.user)
            if account is None or account.disabled:
                return False
            if path.is_null:
                return True
            return self.user in self._domains.current(path.domain).maildrops(path.local_part, path.domain)
        except OutOfService:
            return False


@implementer(IRealm)
class Realm:
    """Opens maildrops of `store`. Without `domains` everybody may send as anybody: development and tests."""

    def __init__(self, store: IMailStore, domains: Domains | None, rulebook: Rulebook = NO_RULEBOOK) -> None:
        """`rulebook` says what was decided for each maildrop."""
        self._store = store
        self._domains = domains
        self._rulebook = rulebook

    def requestAvatar(self, avatarId: str | bytes | tuple[()], mind: object, *interfaces: Any) -> Deferred[Avatar]:
        """An `IMaildrop`, whose logout releases it, or an `ISubmitter`, whose logout does nothing.

        What the store raises (`InUse`, `StoreError`) goes on to the caller.
        """
        return Deferred.fromCoroutine(self._avatar(avatarId, interfaces))

    async def _avatar(self, avatar_id: str | bytes | tuple[()], interfaces: tuple[Any, ...]) -> Avatar:
        user = _account(avatar_id)
        if IMaildrop in interfaces:
            maildrop = await self._store.open(user, self._rulebook.rules(user))
            return IMaildrop, maildrop, maildrop.release
        if ISubmitter in interfaces:
            return ISubmitter, self._submitter(user), _nothing
        raise NotImplementedError("an account is an IMaildrop or an ISubmitter")

    def _submitter(self, user: str) -> ISubmitter:
        return Submitter(user, self._domains) if self._domains is not None else AnyoneSubmitter(user)


def _account(avatar_id: str | bytes | tuple[()]) -> str:
    # Our checkers give a str; those of others may give bytes, as Twisted's types have it, in any case of letters.
    if isinstance(avatar_id, bytes):
        avatar_id = avatar_id.decode()
    if not isinstance(avatar_id, str):
        raise UnauthorizedLogin("anonymous")
    local_part, _, domain = avatar_id.rpartition("@")
    return account_name(local_part, domain)


def _nothing() -> None:
    """Log out of an avatar that holds nothing."""
