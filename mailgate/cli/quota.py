"""What of a maildrop's quota is used: as commands show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from mailgate.cli.house import now
from mailgate.rules import Quota
from mailgate.units import size

if TYPE_CHECKING:
    from mailgate.store.maildir.store import MaildirStore


@frozen
class Used:
    """How full a maildrop is, and may be. Octets are those of POP3, as quotas count them."""

    maildrop: str
    messages: int
    octets: int
    quota: Quota


def store_at(root: str) -> MaildirStore:
    """To look at, by whoever may read it."""
    from mailgate.service.maintenance import NODE, directly
    from mailgate.store.maildir.store import MaildirStore

    return MaildirStore(root, NODE, directly)


def used_by(store: MaildirStore, maildrop: str, quota: Quota) -> Used:
    """Counted now; nothing is in a maildrop that is not there yet. Raises `StoreError`."""
    return Used(maildrop, *now(store.usage(maildrop)), quota)


def in_words(used: Used) -> str:
    """Such as "12 of 1,000 messages, 3.4 MiB of 1.0 GiB (0 %)"; only the limits there are."""
    from mailgate.noticing.writing import percent_of

    quota = used.quota
    messages = f"{used.messages:,} of {quota.messages:,}" if quota.messages else f"{used.messages:,}"
    octets = f"{size(used.octets)} of {size(quota.octets)}" if quota.octets else size(used.octets)
    share = f" ({percent_of((used.messages, used.octets), quota)} %)" if quota.is_set else ""
    return f"{messages} {'message' if (quota.messages or used.messages) == 1 else 'messages'}, {octets}{share}"


def told(used: Used) -> dict[str, Any]:
    """For programs; a quota of 0 is none."""
    return {
        "maildrop": used.maildrop,
        "messages": used.messages,
        "octets": used.octets,
        "quota_messages": used.quota.messages,
        "quota_octets": used.quota.octets,
    }
