"""All sessions that are remembered."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from mailgate.conversations.conversation import Conversation
from mailgate.conversations.record import Record

MAX_CONVERSATIONS: Final = 1_000


class Conversations:
    """The last `MAX_CONVERSATIONS` sessions; the oldest is forgotten for a new one."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=MAX_CONVERSATIONS)
        self._begun = 0

    def begin(
        self, protocol: str, client: str, port: int, now: Callable[[], float], namespace: str | None = None
    ) -> Record:
        """A session begins; write into what this gives. `namespace`: whose listener it is; None: everybody's."""
        self._begun += 1
        record = Record(self._begun, protocol, client, port, now)
        if namespace is not None:
            record.name_user(namespace)
        self._records.append(record)
        return record

    def of(self, namespace: str, since: float = 0.0) -> tuple[Conversation, ...]:
        """What the namespace may know of, oldest first.

        That are the sessions at its own listeners, and those in which an address of it was named, without the
        transactions in which only others were, and the lines that name others; and, as long as they went on at `since`
        (Unix time) or later, those in which nobody was named at all.
        """
        return tuple(record.seen_from(namespace) for record in self._records if record.concerns(namespace, since))

    def clear(self, namespace: str) -> None:
        """Forget the sessions and transactions of the namespace. Sessions in which nobody was named go with the shared
        one.
        """
        left = [record for record in self._records if not record.forget(namespace)]
        self._records = deque(left, maxlen=MAX_CONVERSATIONS)
