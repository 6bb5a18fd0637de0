"""What a POP3 session tells of a maildrop's messages: one method a fact."""

from __future__ import annotations

from collections.abc import Iterable

from mailgate import facts
from mailgate.mail import Entry, Session


class MaildropReport:
    """Tells what becomes of messages."""

    def __init__(self, bulletin: facts.Bulletin) -> None:
        self._tell = bulletin.tell

    def fetched(self, session: Session, entry: Entry) -> None:
        """A message was sent whole."""
        self._tell(
            facts.Fetched(session=session.id, user=session.user, message=entry.id, uid=entry.uid, octets=entry.octets)
        )

    def deleted(self, session: Session, entry: Entry) -> None:
        """A message was removed."""
        self._tell(facts.Deleted(session=session.id, user=session.user, message=entry.id, uid=entry.uid))

    def not_deleted(self, session: Session, entries: Iterable[Entry], error: Exception) -> None:
        """Marked messages could not be removed."""
        uids = tuple(entry.uid for entry in entries)
        self._tell(facts.NotDeleted(session=session.id, user=session.user, uids=uids, reason=str(error)))
