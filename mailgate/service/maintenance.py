"""What commands do with a gateway's files, beside it or without it: the same rooms, and no reactor.

Work is done at once, in the caller's thread. Maildrops are locked as by sessions, so a gateway may run meanwhile.
"""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final, TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred

from mailgate.accounts.domains import Domains
from mailgate.config import Config, decisions, spelling
from mailgate.facts import Bulletin
from mailgate.faults import Fault
from mailgate.service.sweeps import schedule
from mailgate.store.maildir.store import MaildirStore
from mailgate.sweeping.schedule import Schedule
from mailgate.sweeping.sweeper import Sweeper, Swept
from mailgate.waits import begin

T = TypeVar("T")

NODE: Final = "command"  # commands deliver nothing, so no file is ever named by it


class WrongUser(Exception):
    """What this process would write were of no use to the gateway; the message says what to do."""


@frozen
class Maintenance:
    """The store of a gateway, who sweeps it, and when that was done last."""

    store: MaildirStore
    sweeper: Sweeper
    schedule: Schedule

    def sweep(self, *, rehearse: bool, unlimited: bool) -> Iterator[Swept]:
        """Every maildrop in turn, as `Sweeper.sweep`; not to be left before its end."""
        sweep = self.sweeper.sweep(rehearse=rehearse, unlimited=unlimited)
        while (swept := at_once(_next_of(sweep))) is not None:
            yield swept


def maintenance(config: Config, report: Callable[[Fault], None]) -> Maintenance:
    """For the gateway of this configuration. `report` is told what is wrong with its accounts. Raises `WrongUser`."""
    _check_user(config.store.directory)
    default = decisions(config.maildrops)
    domains = Domains(config.accounts.directory, report, spelling=spelling(config.accounts), default=default)
    for fault in domains.load():
        report(fault)
    store = MaildirStore(config.store.directory, NODE, directly)
    bulletin = Bulletin(NODE, time.time, lambda reader, error: None)
    return Maintenance(store, Sweeper(store, domains.sweep_rules, bulletin), schedule(config.state))


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """What it gives, or raises. Nothing that is put together here ever waits."""
    result = begin(work)
    assert not isinstance(result, Deferred), "it waits"
    return result


async def _next_of(sweep: Any) -> Swept | None:
    following: Swept | None = await anext(sweep, None)
    return following


async def directly(work: Callable[[], T], /) -> T:
    """An offload without a thread: a command has nobody who would wait meanwhile."""
    return work()


def _check_user(directory: str) -> None:
    try:
        owner = os.stat(directory).st_uid
    except FileNotFoundError:
        return  # there is no mail yet
    if owner != os.geteuid():
        raise WrongUser(
            f"{directory} belongs to {_name(owner)}: run this as that user, such as by sudo -u {_name(owner)}"
        )


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"#{user}"
