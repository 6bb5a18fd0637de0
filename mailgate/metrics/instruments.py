"""All that can be read of one gateway, together: what counts, and plain callables for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import field, frozen

from mailgate.filesystem import Disk
from mailgate.metrics.checks import Check
from mailgate.metrics.commits import Commits
from mailgate.metrics.counts import Counts
from mailgate.metrics.families import Family, Gauge, Labels


@frozen
class Certificate:
    """One that listeners show."""

    name: str  # what an administrator knows it by: its first DNS name, or its file
    not_after: float  # Unix time
    refused: str = ""  # why what is in its files now is not shown


@frozen(kw_only=True)
class Instruments:
    """One gateway's. Times are Unix times in seconds, but for `clock`, which never goes back."""

    version: str
    node: str
    now: Callable[[], float]
    clock: Callable[[], float]
    started: float
    started_clock: float  # what `clock` said then
    counts: Counts
    commits: Commits
    disk: Callable[[], Disk]  # raises OSError
    certificates: Callable[[], Iterable[Certificate]]  # those that are shown now
    last_sweep: Callable[[], float | None]  # None: there was none, or nobody knows
    checks: Mapping[str, Check] = field(factory=dict)  # by name; one that is not good, and it is not ready
    warnings: Mapping[str, Check] = field(factory=dict)  # what somebody has to see to, while mail comes and goes
    waiting: Callable[[], Sequence[str]] = tuple  # dotted keys that have changed, and want a restart

    def uptime(self) -> float:
        """For how many seconds it has been running."""
        return self.clock() - self.started_clock

    def disk_now(self) -> Disk | None:
        """How full the store's file system is; None: that cannot be found out."""
        try:
            return self.disk()
        except OSError:
            return None

    def held(self) -> str:
        """Why there was no sweep when one was due; empty: there was, or none has been due."""
        maildrops = self.counts.maildrops
        # A sweep that finds no maildrops tells nothing, but is written down.
        is_over = (self.last_sweep() or 0.0) >= maildrops.held_at
        return "" if is_over else maildrops.held

    def failing(self) -> dict[str, str]:
        """The checks that are not good, with their reasons."""
        return {name: reason for name, check in self.checks.items() if (reason := check())}

    def families(self) -> tuple[Family, ...]:
        """All that there is to tell in numbers."""
        return (*self.counts.families, *self.commits.families, *self._gauges())

    def _gauges(self) -> Iterable[Gauge]:
        yield Gauge("mailgate_info", "Which mailgate this is.", ("version", "node"), self._info)
        yield Gauge("mailgate_uptime_seconds", "For how long it has been running.", (), lambda: {(): self.uptime()})
        yield Gauge("mailgate_store_free_bytes", "Room on the store's file system.", (), self._disk("free_octets"))
        yield Gauge("mailgate_store_size_bytes", "Size of the store's file system.", (), self._disk("octets"))
        yield Gauge("mailgate_store_free_inodes", "Files that it has room for.", (), self._disk("free_inodes"))
        yield Gauge("mailgate_store_inodes", "Files that it can have.", (), self._disk("inodes"))
        yield Gauge(
            "mailgate_certificate_expiry_timestamp_seconds",
            "Until when a certificate is valid, Unix time.",
            ("name",),
            self._expiry,
        )
        yield Gauge("mailgate_last_sweep_timestamp_seconds", "When there was a sweep, Unix time.", (), self._last_sweep)
        yield Gauge("mailgate_sweep_held", "1: a sweep is due and not made.", (), lambda: {(): bool(self.held())})
        yield Gauge("mailgate_check_failed", "1: /readyz says no because of it.", ("check",), self._checks)

    def _info(self) -> Mapping[Labels, float]:
        return {(self.version, self.node): 1}

    def _disk(self, name: str) -> Callable[[], Mapping[Labels, float]]:
        def read() -> Mapping[Labels, float]:
            disk = self.disk_now()
            return {} if disk is None else {(): getattr(disk, name)}

        return read

    def _expiry(self) -> Mapping[Labels, float]:
        expiry: dict[Labels, float] = {}
        for one in self.certificates():
            expiry[(one.name,)] = min(one.not_after, expiry.get((one.name,), one.not_after))
        return expiry

    def _last_sweep(self) -> Mapping[Labels, float]:
        last = self.last_sweep()
        return {} if last is None else {(): last}

    def _checks(self) -> Mapping[Labels, float]:
        failing = self.failing()
        return {(name,): name in failing for name in self.checks}
