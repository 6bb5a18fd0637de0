"""What becomes of an order whose process has died: it is brought to its end, or taken back.

Names are given when all contents of a batch are durable, and not before (`commit`). So where one copy has its name the
others are whole in `tmp`, and a client who has listed that one keeps what he saw. Without any name nobody can say
how much of the contents there is. A copy that somebody has removed in between counts as never named: rather twice than
not at all.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

from attrs import frozen

from mailgate.failures import NotCommitted
from mailgate.store.maildir import filename
from mailgate.store.maildir.commit import Outcome
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.layout import NEW, TMP, Layout
from mailgate.store.maildir.order import Order
from mailgate.wire.dots import WireCounter


@frozen
class _Paths:
    """Where a copy is written, and where it goes."""

    tmp: str
    final: str


@frozen
class Remains:
    """Call it when the process is gone for certain. Blocks."""

    layout: Layout
    disk: Disk

    def settle(self, order: Order) -> Outcome:
        """The final paths of all copies; or all are removed, and those that cannot be are named."""
        copies = [self._paths(order, maildrop, head) for maildrop, head in order.heads]
        try:
            if self._end(copies):
                return tuple(copy.final for copy in copies)
        except OSError:
            pass  # the caller learns that it was taken back, and does it again, which tells why
        return NotCommitted("the process that commits has died", self._take_back(copies))

    def _paths(self, order: Order, maildrop: str, head: bytes) -> _Paths:
        content = head + order.rest
        counter = WireCounter()
        counter.feed(content)
        name = filename.compose(order.unique, len(content), counter.finish(), order.smtputf8)
        directory = self.layout.path(maildrop)
        return _Paths(f"{directory}/{TMP}/{order.unique}", f"{directory}/{NEW}/{name}")

    def _end(self, copies: Sequence[_Paths]) -> bool:
        unnamed = [copy for copy in copies if not self._is_there(copy.final)]
        if len(unnamed) == len(copies):
            return False
        for copy in unnamed:
            self.disk.rename(copy.tmp, copy.final)
        self._sync_names(copies)
        return True

    def _is_there(self, path: str) -> bool:
        try:
            self.disk.stat(path, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def _take_back(self, copies: Sequence[_Paths]) -> list[str]:
        left = []
        for copy in copies:
            self.disk.unlink_quietly(copy.tmp)
            try:
                self.disk.unlink(copy.final)
            except FileNotFoundError:
                pass  # as most often
            except OSError:
                left.append(copy.final)
        with suppress(OSError):
            self._sync_names(copies)  # else a power cut may bring back what the client was told is not there
        return left

    def _sync_names(self, copies: Sequence[_Paths]) -> None:
        for directory in sorted({os.path.dirname(copy.final) for copy in copies}):
            with self.disk.opened(directory, DIRECTORY) as new:
                self.disk.fsync(new)
