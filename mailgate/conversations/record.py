"""One session as it is kept: its lines, and whose they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mailgate.conversations.conversation import Conversation, Line, Speaker
from mailgate.namespaces import SHARED
from mailgate.wire.legible import MAX_CHARACTERS

MAX_LINES: Final = 500
MAX_LINE_CHARACTERS: Final = MAX_CHARACTERS  # `wire.legible` keeps to it


class _Part:
    """Lines that are shown together: a transaction, or what was said between two. Some name somebody in it, and are
    for his namespace alone.
    """

    def __init__(self) -> None:
        self.namespaces: set[str] = set()  # who was named in it; none: it belongs to the whole session
        self.sender: str | None = None  # the namespace of who sends in it
        self.lines: list[tuple[Line, str]] = []  # each with the namespace that it is for; `SHARED`: all
        self.surplus = 0  # lines for which there was no room, and when there was none
        self.surplus_at = 0.0

    @property
    def concerned(self) -> set[str]:
        """Who was named, the sender included; but one who is in no namespace does not make it everybody's."""
        if self.sender is None or (self.sender == SHARED and self.namespaces):
            return self.namespaces
        return {self.sender, *self.namespaces}

    def is_for(self, namespace: str) -> bool:
        return not self.concerned or namespace in self.concerned

    def forget(self, namespace: str) -> None:
        self.namespaces.discard(namespace)
        self.sender = None if self.sender == namespace else self.sender

    def shown(self, namespace: str) -> list[Line]:
        lines = [line for line, whose in self.lines if whose in (SHARED, namespace)]
        if not self.surplus:
            return lines
        return [*lines, Line(self.surplus_at, "", f"… {self.surplus:,} lines more")]


class Record:
    """Keeps what it is told, within `MAX_LINES`.

    A client that keeps its connection serves one test after the other: so where there is no room, what is oldest is
    forgotten, but for the beginning of the session. Only if nothing else is left, new lines are.
    """

    def __init__(self, number: int, protocol: str, client: str, port: int, now: Callable[[], float]) -> None:
        self.ended: float | None = None
        self._number = number
        self._protocol = protocol
        self._client = client
        self._port = port
        self._now = now
        self._began = now()
        self._tls = ""
        self._parts = [_Part()]
        self._count = 0
        self._forgotten = 0
        self._users: set[str] = set()  # the namespaces of whom the whole session is for
        self._has_named = False

    # What happens.

    def write(self, speaker: Speaker, text: str, whose: str = SHARED) -> None:
        """A line was said, or something happened; `whose`: the only namespace that may know of it, if there is one."""
        part = self._parts[-1]
        at = self._now()
        if not self._has_room():
            part.surplus += 1
            part.surplus_at = at
            return
        part.lines.append((Line(at, speaker, text), whose))
        self._count += 1

    def turn(self) -> None:
        """A transaction begins, or is over: what follows is something else."""
        if self._parts[-1].lines or self._parts[-1].concerned:
            self._parts.append(_Part())

    def name(self, namespace: str) -> None:
        """Somebody was named whom the transaction concerns that is under way."""
        self._parts[-1].namespaces.add(namespace)
        self._has_named = True

    def name_sender(self, namespace: str) -> None:
        """Somebody was named who sends. In no namespace, he is named only as long as nobody else is who is in one."""
        self._parts[-1].sender = namespace
        self._has_named = True

    def name_user(self, namespace: str) -> None:
        """Somebody was named whom the whole session concerns."""
        self._users.add(namespace)
        self._has_named = True

    def secured(self, tls: str) -> None:
        """TLS is up."""
        self._tls = tls
        self.write("", f"TLS begun: {tls}")

    def end(self, reason: str) -> None:
        """The session is over, and why. That has room in any case."""
        self.turn()
        self.ended = self._now()
        self._parts[-1].lines.append((Line(self.ended, "", reason), SHARED))

    # Who may know of it.

    def concerns(self, namespace: str, since: float) -> bool:
        """Was an address of the namespace named; or none at all, in a session that had not ended at `since`?"""
        if not self._has_named:
            return self.ended is None or self.ended >= since
        return namespace in self._users or any(namespace in part.concerned for part in self._parts)

    def seen_from(self, namespace: str) -> Conversation:
        """As much of it as the namespace may know."""
        shown = [part.shown(namespace) for part in self._parts if namespace in self._users or part.is_for(namespace)]
        if self._forgotten:
            shown.insert(1, [Line(self._began, "", f"… {self._forgotten:,} lines that are forgotten")])
        lines = tuple(line for part in shown for line in part)
        return Conversation(
            self._number, self._protocol, self._client, self._port, self._began, self.ended, self._tls, lines
        )

    def forget(self, namespace: str) -> bool:
        """Forget what only the namespace may know. True: there is nothing left that anybody may ask for.

        A session that named nobody is everybody's.
        """
        self._users.discard(namespace)
        for part in [part for part in self._parts if namespace in part.concerned]:
            if part is self._parts[-1]:
                self._count -= len(part.lines)
                part.lines.clear()  # what is still to come of the transaction is nobody else's either
            elif part.concerned == {namespace}:
                self._remove(part)
            else:
                part.forget(namespace)
        nobodys = not self._users and not any(part.concerned for part in self._parts)
        return self.ended is not None and nobodys and (self._has_named or namespace == SHARED)

    # Room.

    def _has_room(self) -> bool:
        """Is there room for a line? What is oldest is forgotten for it, but for the beginning."""
        while self._count >= MAX_LINES and len(self._parts) > 2:
            oldest = self._parts[1]
            self._forgotten += len(oldest.lines) + oldest.surplus
            self._remove(oldest)
        return self._count < MAX_LINES

    def _remove(self, part: _Part) -> None:
        self._parts.remove(part)
        self._count -= len(part.lines)
