"""What arrived: every message that was delivered, in order, for as long as there is room."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from attrs import evolve
from zope.interface import implementer

from mailgate.control.letter import Kept, Letter, Reached, maildrops_of
from mailgate.control.reading import Reading
from mailgate.control.waiting import Waits
from mailgate.facts import Deleted, Expired, Fact
from mailgate.interfaces import IFactReader
from mailgate.namespaces import SHARED, namespace_of

MAX_LETTERS: Final = 10_000
CONTENT_OCTETS: Final = 64 * 1024 * 1024  # of all contents that are kept; those of older letters the store has


@implementer(IFactReader)
class Letters:
    """The newest letters, found by namespace, address and id. As a reader of facts it learns which are removed."""

    def __init__(self, *, max_letters: int = MAX_LETTERS, content_octets: int = CONTENT_OCTETS) -> None:
        self._max_letters = max_letters
        self._max_octets = content_octets
        self._numbers = itertools.count(1)
        self._by_id: dict[str, Kept] = {}  # the oldest first, as in all of these
        self._by_namespace: dict[str, dict[str, Kept]] = {}
        self._by_key: dict[str, dict[str, Kept]] = {}
        self._with_content: dict[str, Kept] = {}
        self._expected: set[str] = set()  # ids
        self._with_older: dict[str, set[str]] = {}  # maildrops, by namespace; those of nobody's namespace are not noted
        self.octets = 0  # of the contents that are kept
        self.waits = Waits()  # who waits for one to arrive

    def __len__(self) -> int:
        return len(self._by_id)

    def keeps(self, letter: Letter) -> bool:
        """Is there room for its content? If not, it is not worth reading it."""
        return letter.octets <= self._max_octets

    @contextmanager
    def expecting(self, message_id: str) -> Iterator[None]:
        """Meanwhile the message may be in a maildrop already, and is no letter yet."""
        self._expected.add(message_id)
        try:
            yield
        finally:
            self._expected.discard(message_id)

    def is_older(self, message_id: str, namespace: str) -> bool:
        """Is what a maildrop of the namespace has under that id none of its letters, and will be none?"""
        kept = self._by_id.get(message_id)
        is_known = kept is not None and bool(kept.letter.recipients_for(namespace))
        return not is_known and message_id not in self._expected

    def with_older(self, namespace: str) -> Sequence[str]:
        """The maildrops of a namespace that may have what is no letter any more, or never was one."""
        return sorted(self._with_older.get(namespace, ()))

    def note_older(self, maildrop: str) -> None:
        """This one may."""
        if (namespace := namespace_of(maildrop)) != SHARED:
            self._with_older.setdefault(namespace, set()).add(maildrop)

    def note_none_older(self, maildrop: str) -> None:
        """This one does not, or not any more."""
        namespace = namespace_of(maildrop)
        noted = self._with_older.get(namespace, set())
        noted.discard(maildrop)
        if not noted:
            self._with_older.pop(namespace, None)

    def add(self, letter: Letter, content: bytes | None, header: bytes | None = None) -> Kept:
        """Keep a letter that is not there yet, as the newest, and tell who waits for it; give it with its number.

        `content` is what all its copies have in common; None: only the store has it. Then `header` is its beginning,
        as far as that could be read. What is too old or too much for the limits is forgotten. Raises ValueError for an
        id that is known.
        """
        if letter.id in self._by_id:
            raise ValueError(f"there is a letter {letter.id} already")
        kept = Kept(evolve(letter, number=next(self._numbers)), content)
        self._by_id[letter.id] = kept
        for reached in letter.recipients:
            self._by_namespace.setdefault(reached.namespace, {})[letter.id] = kept
            self._by_key.setdefault(reached.key, {})[letter.id] = kept
        if content is not None:
            self._with_content[letter.id] = kept
            self.octets += len(content)
        elif header is not None:
            kept.head = Reading(header).head.clipped()
        self.waits.arrived(kept)
        self._keep_to_limits()
        return kept

    def of(self, namespace: str) -> Sequence[Kept]:
        """The letters with a recipient in a namespace, oldest first."""
        return list(self._by_namespace.get(namespace, {}).values())

    def to(self, key: str) -> Sequence[Kept]:
        """The letters to one address, oldest first."""
        return list(self._by_key.get(key, {}).values())

    def find(self, message_id: str) -> Kept | None:
        """The letter with that id."""
        return self._by_id.get(message_id)

    def forget(self, kept: Kept, namespace: str) -> None:
        """Forget a letter as far as it is a namespace's; the recipients of others stay."""
        if self._by_id.get(kept.letter.id) is not kept:
            return
        others = tuple(each for each in kept.letter.recipients if each.namespace != namespace)
        self._unlist(kept, [each for each in kept.letter.recipients if each.namespace == namespace], others)
        kept.letter = evolve(kept.letter, recipients=others)
        if not others:
            self._drop(kept)

    def clear(self, namespace: str) -> None:
        """Forget all letters of a namespace, wherever they are."""
        for kept in self.of(namespace):
            self._note_older(kept, kept.letter.recipients_for(namespace))
            self.forget(kept, namespace)

    def read(self, fact: Fact) -> None:
        """See `IFactReader`."""
        if isinstance(fact, Deleted | Expired) and (kept := self._by_id.get(fact.message)) is not None:
            kept.removed.add(fact.user)

    def _keep_to_limits(self) -> None:
        while len(self._by_id) > self._max_letters:
            oldest = next(iter(self._by_id.values()))
            self._note_older(oldest, oldest.letter.recipients)
            self._unlist(oldest, oldest.letter.recipients, ())
            self._drop(oldest)
        while self.octets > self._max_octets:
            self._drop_content(next(iter(self._with_content.values())))

    def _note_older(self, kept: Kept, recipients: Iterable[Reached]) -> None:
        for maildrop in maildrops_of(recipients):
            if maildrop not in kept.removed:
                self.note_older(maildrop)

    def _unlist(self, kept: Kept, recipients: Iterable[Reached], others: Iterable[Reached]) -> None:
        keys = {each.key for each in recipients} - {each.key for each in others}
        for index, names in (
            (self._by_namespace, {each.namespace for each in recipients}),
            (self._by_key, keys),
        ):
            for name in names:
                listed = index[name]
                del listed[kept.letter.id]
                if not listed:
                    del index[name]

    def _drop(self, kept: Kept) -> None:
        del self._by_id[kept.letter.id]
        self._drop_content(kept)

    def _drop_content(self, kept: Kept) -> None:
        if self._with_content.pop(kept.letter.id, None) is None or kept.content is None:
            return
        kept.head = Reading(kept.content).head.clipped()  # what a list shows is still known
        self.octets -= len(kept.content)
        kept.content = None
