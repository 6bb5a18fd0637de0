"""Tells the journal what was restored, so that `mailgate trace` knows of it.

The gateway that runs is told; without one, the lines go into the journal's files.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

import click
from attrs import Factory, define, frozen

from mailgate.cli.house import check_may_make
from mailgate.cli.server import NoServer, ask

if TYPE_CHECKING:
    from mailgate.config import Config
    from mailgate.store.maildir.planning import Taken

NOTED_TOGETHER: Final = 1_000  # messages; should this process be killed, so many are not in the journal
NOTING_SECONDS: Final = 30.0  # for a gateway whose journal is behind


@frozen
class Source:
    """A backup, as the journal is to name it."""

    directory: str
    made: float  # Unix time


@define
class Noting:
    """What was restored from one backup."""

    config: Config
    source: Source
    _told: set[str] = Factory(set)

    def following(self, user: str, ids: Mapping[str, str], taken: Iterable[Taken]) -> Iterator[Taken]:
        """The same as they come, with those that were restored noted, also if something breaks it off. `ids` are those
        of messages, by `where`.
        """
        waiting: list[dict[str, str]] = []
        try:
            for each in taken:
                if not each.was_there and not each.trouble:
                    waiting.append({"id": ids.get(each.where, ""), "uid": each.uid, "clashed": each.clashed})
                yield each
                if len(waiting) >= NOTED_TOGETHER:
                    self._note(user, waiting)
                    waiting = []
        finally:
            if waiting:
                self._note(user, waiting)

    def _note(self, user: str, messages: list[dict[str, str]]) -> None:
        """Never raises: what is restored is restored. What is wrong is said once."""
        try:
            self._tell(user, messages)
        except click.ClickException as error:
            self._complain(error.message)
        except OSError as error:
            self._complain(f"{error.filename}: {error.strerror}")

    def _tell(self, user: str, messages: list[dict[str, str]]) -> None:
        from mailgate.service.places import control_socket

        about = {"user": user, "backup": self.source.directory, "made": self.source.made}
        try:
            ask(control_socket(self.config), "note_restored", {**about, "messages": messages}, NOTING_SECONDS)
        except NoServer:
            self._write(user, messages)

    def _write(self, user: str, messages: list[dict[str, str]]) -> None:
        from mailgate.control.restoring import restored
        from mailgate.journal.files import DIRECTORY
        from mailgate.journal.noting import note

        check_may_make(self.config.state)
        facts = [restored(user, self.source.directory, self.source.made, **message) for message in messages]
        kept = self.config.journal
        note(os.path.join(self.config.state, DIRECTORY), facts, kept.max_size, kept.keep_days, time.time())

    def _complain(self, reason: str) -> None:
        if reason not in self._told:
            self._told.add(reason)
            click.echo(f"mailgate: the journal does not know what was restored: {reason}", err=True)
