"""Everybody is welcome: directory, checker and submitter for development and tests. Not for a network.

Login name and forward-path lead to the same maildrop, as they do with accounts on disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest
from typing import Any

from attrs import field, frozen
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from mailgate.accounts.decisions import NOTHING_SAID, Decisions
from mailgate.accounts.directory import locals_of
from mailgate.accounts.names import account_name, is_storable, login_name
from mailgate.accounts.register import Reached
from mailgate.interfaces import IDirectory, ISubmitter
from mailgate.mail import Destination, Path
from mailgate.rules import Promise, Quota, Rules


@implementer(IDirectory)
@frozen
class AnyoneDirectory:
    """Every mailbox of every domain is a maildrop here, with a tag or without; the bare `<postmaster>` is that of
    `hostname`.
    """

    hostname: str

    async def resolve(self, path: Path) -> tuple[Destination, ...]:
        """As `IDirectory` has it; nobody are the null path and what cannot be stored, such as `""@example.org`."""
        if path.is_null:
            return ()
        name = account_name(path.local_part, path.domain or self.hostname)
        return locals_of([Reached(name)] if is_storable(name) else [])


@implementer(ICredentialsChecker)
@frozen
class AnyoneChecker:
    """Every password but the empty one is right, for every name that could be a mailbox and has none of its own;
    `alice` is `alice@<hostname>`. Credentials and avatar id are as `checker.PasswordChecker` has them.
    """

    hostname: str
    passwords: Mapping[str, str] = field(factory=dict, repr=False)  # by the account's name; may change any time
    credentialInterfaces = (IUsernamePassword,)

    def requestAvatarId(self, credentials: Any) -> Deferred[str]:  # type: ignore[override]
        """As `ICredentialsChecker` has it."""
        name = login_name(credentials.username, self.hostname)
        if name is None:
            return fail(UnauthorizedLogin("the user name cannot be a mailbox"))
        if not credentials.password:
            return fail(UnauthorizedLogin("the password is empty"))
        right = self.passwords.get(name)
        if right is not None and not compare_digest(right.encode(), credentials.password):
            return fail(UnauthorizedLogin("the password is wrong"))
        return succeed(name)


@implementer(ISubmitter)
@frozen
class AnyoneSubmitter:
    """An account that may send as anybody."""

    user: str

    def may_send_as(self, path: Path) -> bool:
        """Always."""
        return True


@frozen
class AnyoneRules:
    """A `ruling.Rulebook` in which there is nothing but the default."""

    default: Decisions = NOTHING_SAID
    _rules: Rules = field(init=False, repr=False)

    @_rules.default
    def _find_rules(self) -> Rules:
        return self.default.rules()

    def rules(self, name: str) -> Rules:
        """The same for everybody."""
        return self._rules

    def sweep_rules(self, name: str) -> Rules | None:
        """The same."""
        return self._rules

    def quota(self, name: str) -> Quota:
        """The same."""
        return self._rules.quota

    def promise(self) -> Promise:
        """What is true for everybody."""
        return Promise.of([self._rules])
