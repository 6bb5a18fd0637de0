"""What was decided for whom: the user's word goes before the domain's, and the domain's before the default, key by key.

A domain whose `rules` were never understood may have meant to keep what others would remove, and to take what others
would refuse. So nothing is removed there by any rule until they are, and no quota counts but what a user's line says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol

from attrs import evolve

from mailgate.accounts.decisions import SAFE_REMOVED_DAYS, Decisions
from mailgate.accounts.domain_rules import DomainRules
from mailgate.accounts.users import Account
from mailgate.faults import Fault
from mailgate.rules import Promise, Quota, Retention, Rules

_HINT: Final = 'who says dele = "trash" says, or finds said, for how many removed_days'
_SAFE: Final = Decisions(dele="trash", removed_days=SAFE_REMOVED_DAYS, quota=0, quota_messages=0)


class Rulebook(Protocol):
    """What others ask. Each answer is of the moment; accounts are named as `names.account_name` does it."""

    def rules(self, name: str) -> Rules:
        """What was decided for the maildrop of that account, for a session; `NO_RULES` if there is no such account."""

    def sweep_rules(self, name: str) -> Rules | None:
        """The same for who removes what is not to be kept. None: leave the maildrop alone, trash and all, as it is
        nobody's, or what was decided for it cannot be understood just now.
        """

    def quota(self, name: str) -> Quota:
        """How much may be in that account's maildrop, as of a second ago at most: asked for every recipient, when the
        directory has just looked.
        """

    def promise(self) -> Promise:
        """What is true for everybody who may log in."""


def rules_of(user: Decisions, domain: Decisions | None, default: Decisions) -> Rules:
    """What follows from the three. `domain` is None while it cannot be understood: then nothing expires, and, unless
    the user's own line says otherwise, what is deleted goes to the trash and there is no quota.
    """
    if domain is None:
        return evolve(user.over(_SAFE).over(default).rules(), retention=Retention())
    return user.over(domain).over(default).rules()


def contradictory(
    accounts: Iterable[Account], domains: Mapping[str, DomainRules], default: Decisions
) -> Iterator[Fault]:
    """What makes no sense only when it is put together: each said by somebody, where it was said last.

    `domains` has those that are understood, by name. What the default alone has wrong is not told here.
    """
    for domain in domains.values():
        if _is_about_trash(domain.decisions) and _is_hollow(domain.decisions.over(default)):
            yield Fault(domain.where, "the trash of this domain keeps nothing", _HINT)
    for account in accounts:
        own = domains.get(account.name.rpartition("@")[2])
        if own is None or not _is_about_trash(account.decisions):
            continue
        if _is_hollow(account.decisions.over(own.decisions).over(default)):
            yield Fault(account.where, f"the trash of {account.name} keeps nothing", _HINT)


def _is_about_trash(decisions: Decisions) -> bool:
    return decisions.dele is not None or decisions.removed_days is not None


def _is_hollow(decisions: Decisions) -> bool:
    return decisions.dele == "trash" and not decisions.removed_days
