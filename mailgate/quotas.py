"""Whether a maildrop may have one message more: asked at RCPT, when it is known where a recipient leads.

Knows neither stores nor accounts, only what they say: what a maildrop's quota is, and how full it is. Nothing is
reserved. A message that was let in at RCPT is kept however much comes meanwhile, so that each open session can bring a
maildrop beyond its quota by one message, and no more: its next one is held against what is there by then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from mailgate.facts import Bulletin, Unavailable
from mailgate.failures import StoreError
from mailgate.mail import Destination, Envelope, Local, Refused, Reply
from mailgate.rules import Quota

# RFC 3463 3.3 (X.2.2: mailbox full); RFC 1870 6.4: which of the two says whether the client may try again.
FULL_FOR_NOW: Final = Reply(452, "4.2.2", "The maildrop is full, try again later")
FULL: Final = Reply(552, "5.2.2", "The maildrop is full")
UNKNOWN: Final = Reply(451, "4.3.0", "Cannot look into the maildrop now, try again later")

WHERE: Final = "quotas"  # in facts


class Quotas:
    """What is asked for every recipient, by all listeners together."""

    def __init__(
        self,
        quota: Callable[[str], Quota],
        usage: Callable[[str], Awaitable[tuple[int, int]]],
        bulletin: Bulletin,
        *,
        permanent: bool = False,
    ) -> None:
        """`quota` and `usage` are asked by a maildrop's name; `interfaces.IUsage` has the contract of the second, and
        it is asked only for maildrops with a quota. `permanent`: a full maildrop is refused with 552 instead of 452.
        """
        self._quota = quota
        self._usage = usage
        self._bulletin = bulletin
        self._permanent = permanent

    async def check(self, envelope: Envelope, destinations: Sequence[Destination]) -> None:
        """May the message come to all of `destinations`, those of one recipient? Raises `Refused` if not.

        One full maildrop refuses the recipient, be there others: else its copy would be missing and nobody told, or it
        would grow without end. As it is the sender hears of it, and everybody has what was acknowledged. Where there
        are others the refusal is temporary in any case: mail for a list must not bounce for one of its members.
        """
        quotas = {place.maildrop: self._quota(place.maildrop) for place in destinations if isinstance(place, Local)}
        for name, quota in quotas.items():
            if quota.is_set and not await self._fits(envelope, name, quota):
                raise Refused(FULL if self._permanent and len(quotas) == 1 else FULL_FOR_NOW)

    async def _fits(self, envelope: Envelope, maildrop: str, quota: Quota) -> bool:
        try:
            messages, octets = await self._usage(maildrop)
        except StoreError as error:
            self._bulletin.tell(Unavailable(session=envelope.session.id, user=maildrop, where=WHERE, reason=str(error)))
            raise Refused(UNKNOWN) from error
        # RFC 1870 6.4: the size that the client declared, if it did. Several recipients of one transaction that lead to
        # the same maildrop are one copy there, so this message counts once.
        return quota.allows(messages + 1, octets + (envelope.size or 0))
