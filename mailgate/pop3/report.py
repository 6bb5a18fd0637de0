"""What a POP3 session tells of a maildrop's messages, one method a fact, and counts for its last line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from mailgate import facts
from mailgate.mail import Entry, Session


class MaildropReport:
    """Tells what becomes of one session's messages."""

    def __init__(self, bulletin: facts.Bulletin) -> None:
        self._tell = bulletin.tell
        self._fetched = 0
        self._fetched_octets = 0
        self._tops = 0
        self._deleted = 0

    def fetched(self, session: Session, entry: Entry, octets: int) -> None:
        """A message was sent whole, and was so large."""
        self._fetched += 1
        self._fetched_octets += octets
        self._tell(
            facts.Fetched(
                session=session.id,
                user=session.user,
                message=entry.id,
                uid=entry.uid,
                octets=octets,
                client=session.client,
            )
        )

    def topped(self) -> None:
        """The top of a message was sent. There is no fact for it; it is counted."""
        self._tops += 1

    def deleted(self, session: Session, entry: Entry) -> None:
        """A message was removed."""
        self._deleted += 1
        self._tell(
            facts.Deleted(session=session.id, user=session.user, message=entry.id, uid=entry.uid, client=session.client)
        )

    def not_deleted(self, session: Session, entries: Iterable[Entry], error: Exception) -> None:
        """Marked messages could not be removed."""
        uids = tuple(entry.uid for entry in entries)
        self._tell(facts.NotDeleted(session=session.id, user=session.user, uids=uids, reason=str(error)))

    def closing(self, *, messages: int, listed: int) -> Callable[..., facts.MaildropClosed]:
        """What makes the fact of the session's end (`VisitReport.ended`).

        The maildrop had so many `messages` at the beginning; of `listed` of them LIST or UIDL told.
        """
        return partial(
            facts.MaildropClosed,
            messages=messages,
            listed=listed,
            fetched=self._fetched,
            fetched_octets=self._fetched_octets,
            tops=self._tops,
            deleted=self._deleted,
        )
