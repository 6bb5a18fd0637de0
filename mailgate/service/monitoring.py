"""What is counted and remembered of a gateway while it runs, for `mailgate status`, `mailgate log` and Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from twisted.logger import ILogObserver, globalLogPublisher

from mailgate import __version__
from mailgate.config import Config
from mailgate.control.calls import Functions
from mailgate.control.log_calls import make_log_functions
from mailgate.control.log_filter import AccountOf
from mailgate.control.log_lines import LogLines
from mailgate.control.status import make_status_functions
from mailgate.facts import Bulletin
from mailgate.filesystem import disk_of
from mailgate.metrics.checks import (
    Check,
    accounts_readable,
    certificates_valid,
    commits_flow,
    ports_open,
    store_usable,
)
from mailgate.metrics.commits import Commits
from mailgate.metrics.counts import Counts
from mailgate.metrics.instruments import Certificate, Instruments
from mailgate.service.ports import Listening
from mailgate.service.sweeps import schedule


class Monitoring:
    """One gateway's; it reads facts from the beginning, and the log between `start` and `stop`."""

    def __init__(self, reactor: Any, bulletin: Bulletin) -> None:
        self.counts = Counts(time.monotonic)
        self.commits = Commits(time.monotonic)
        self._lines = LogLines(reactor, lambda act: reactor.callFromThread(act))
        self._observe = cast(ILogObserver, self._lines.observe)
        self._reactor = reactor
        self._started, self._started_clock = time.time(), time.monotonic()
        bulletin.add(self.counts)
        bulletin.add(self._lines)

    def start(self) -> None:
        """Remember what is logged."""
        globalLogPublisher.addObserver(self._observe)

    def stop(self) -> None:
        """No longer."""
        globalLogPublisher.removeObserver(self._observe)

    def instruments(
        self,
        config: Config,
        node: str,
        listening: Callable[[], Sequence[Listening]],
        certificates: Callable[[], Iterable[Certificate]],
        unreadable: Callable[[], Iterable[object]],
        warnings: Mapping[str, Check],
        waiting: Callable[[], Sequence[str]],
    ) -> Instruments:
        """All that can be read. `unreadable`: the account files that are not understood; `warnings`: what somebody has
        to see to while mail comes and goes; `waiting`: the keys of the configuration that wait for a restart.
        """
        disk = partial(disk_of, config.store.directory)
        return Instruments(
            version=__version__,
            node=node,
            now=time.time,
            clock=time.monotonic,
            started=self._started,
            started_clock=self._started_clock,
            counts=self.counts,
            commits=self.commits,
            disk=disk,
            certificates=certificates,
            last_sweep=schedule(config.state).last,
            checks={
                "ports": ports_open(listening),
                "store": store_usable(config.store.directory, config.store.min_free, disk),
                "commits": commits_flow(self.commits.oldest_seconds),
                "certificates": certificates_valid(
                    lambda: [(each.name, each.not_after) for each in certificates()], time.time
                ),
                "accounts": accounts_readable(unreadable),
            },
            warnings=warnings,
            waiting=waiting,
        )

    def functions(
        self, instruments: Instruments, listening: Callable[[], Sequence[Listening]], account_of: AccountOf
    ) -> Functions:
        """The calls `status` and `log`. `account_of` gives the account that a login name means."""
        return {
            **make_status_functions(instruments, lambda: [(port.key, port.place) for port in listening()]),
            **make_log_functions(self._lines, self._reactor, account_of),
        }
