"""From a backup into the store: what the backup's maildrops have and the store has not, by the UIDs of POP3.

The backup's mail is laid out as the store's is, so it is read as a store.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import click
from attrs import frozen

from mailgate.archive.message import Archived
from mailgate.cli.backing_record import check_apart, read
from mailgate.cli.backing_up import MAIL
from mailgate.cli.house import now
from mailgate.failures import StoreError
from mailgate.interfaces import IContent
from mailgate.journal.lines import LAST_SECONDS
from mailgate.mail import Entry
from mailgate.service.maintenance import NODE, directly
from mailgate.store.maildir.disk import Disk, as_store_error
from mailgate.store.maildir.importing import Imports
from mailgate.store.maildir.layout import Layout
from mailgate.store.maildir.origin import origin_of
from mailgate.store.maildir.planning import Plan, Planner, Taken, content_of
from mailgate.store.maildir.store import MaildirStore


@frozen
class Restoring:
    """From a backup's mail to the maildrops below `root`. Methods raise `StoreError`."""

    root: str
    mail: str  # of the backup
    store: MaildirStore  # the same
    is_whole: bool  # was the backup made to its end?
    made: float  # when that was, or when it was begun: Unix time

    @classmethod
    def of(cls, backup: str, root: str) -> Restoring:
        """Raises `ClickException` where there is no backup, and OSError."""
        record = read(backup)
        mail = os.path.join(os.path.abspath(backup), MAIL)
        check_apart(mail, [("store.directory", root)])
        finished = record.get("finished")
        return cls(root, mail, MaildirStore(mail, NODE, directly), finished is not None, _time(finished, record))

    def names(self) -> Sequence[str]:
        """Of all maildrops in the backup."""
        return now(self.store.names())

    def known(self, maildrop: str) -> str:
        """The same name. Raises `ClickException` if the backup has no such maildrop."""
        if maildrop not in self.names():
            raise click.ClickException(f"the backup has no maildrop of {maildrop}")
        return maildrop

    def ids(self, maildrop: str) -> Mapping[str, str]:
        """The ids of the messages that mailgate delivered, by their UIDs in the backup."""
        return {entry.uid: entry.id for entry in now(self.store.browse(maildrop)).entries if entry.id}

    def restore(self, maildrop: str, *, rehearse: bool) -> Iterator[Taken]:
        """What becomes of each message. `rehearse`: what would become of it, and nothing is done."""
        arrivals = map(partial(self._archived, maildrop), now(self.store.browse(maildrop)).entries)
        if rehearse:
            yield from self._rehearse(maildrop, arrivals)
            return
        with Imports(self.root).opened(maildrop) as opened:
            yield from opened.take(arrivals)

    def _rehearse(self, maildrop: str, arrivals: Iterator[Archived]) -> Iterator[Taken]:
        disk = Disk()
        with as_store_error(f"cannot look into the maildrop of {maildrop}"):
            try:
                directory = Layout(self.root, disk).open(maildrop, make=False)
            except FileNotFoundError:
                yield from map(_looked_at, arrivals)
                return
            try:
                planner = Planner(disk, directory)
                for arrival in arrivals:
                    planned = planner.plan(arrival)
                    if isinstance(planned, Plan):
                        planned = Taken(arrival.where, planned.uid, clashed=planned.clashed)
                    yield planned
            finally:
                disk.close_quietly(directory)

    def _archived(self, maildrop: str, entry: Entry) -> Archived:
        origin = origin_of(entry)
        return Archived(
            where=entry.uid,
            open=partial(self._blocks, maildrop, entry),
            seconds=entry.seconds,
            uid=entry.uid,
            unique=origin.unique,
            flags=origin.flags,
            is_new=origin.is_new,
            smtputf8=entry.smtputf8,
        )

    def _blocks(self, maildrop: str, entry: Entry) -> Iterator[bytes]:
        content = now(self.store.read(maildrop, entry))
        try:
            while block := _next(content):
                yield block
        finally:
            content.close()


def _time(finished: Any, record: Mapping[str, Any]) -> float:
    """Of a record that somebody else may have written; 0: it does not say."""
    at = finished if finished is not None else record.get("begun")
    return float(at) if isinstance(at, int | float) and 0 <= at <= LAST_SECONDS else 0.0


def _looked_at(arrival: Archived) -> Taken:
    try:
        for _ in content_of(arrival):
            pass
    except StoreError as error:
        return Taken(arrival.where, trouble=str(error))
    return Taken(arrival.where, arrival.uid)


def _next(content: IContent) -> bytes:
    block = content.read_block()
    return block if isinstance(block, bytes) else now(block)
