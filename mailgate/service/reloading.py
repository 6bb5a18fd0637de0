"""A configuration that is read again while we run: what of it counts from now on, and what waits for a restart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from attrs import evolve, fields, frozen, has
from twisted.logger import Logger

from mailgate.config import LISTENERS, Config, Reading
from mailgate.control.calls import Arguments, CallError, Functions
from mailgate.faults import Fault
from mailgate.service.inspection import inspect
from mailgate.tls import Certificates

log = Logger(namespace="mailgate.service")

# Ports are opened while we may be root, a store has locks and batches under way, and who counts keeps counting.
FIXED: Final = frozenset(
    {
        *(f"{section}.{door}" for section, door in LISTENERS),
        "smtp.proxies",
        "submission.proxies",
        "pop3.proxies",
        "state",
        "http.token",
        "testing.faults",
        "tls.certificate",  # which files these are; that they changed is noticed all the time
        "tls.key",
        "tls.also",
        "accounts.directory",
        "accounts.separators",
        "accounts.ignore_dots",
        "store.directory",
        "store.sync",
        "limits.connections",
        "limits.connections_per_client",
        "limits.connections_per_minute",
        "limits.exempt",
        "limits.content_memory",
        "limits.wrong_passwords",
        "limits.unknown_users",
        "journal.keep_days",
        "journal.max_size",
        "log.format",
        "log.level",
    }
)


class CannotReload(Exception):
    """The configuration that was read again cannot be served; `faults` say why. What was in force stays."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@frozen
class Change:
    """What a configuration that was read again leads to."""

    config: Config  # in force from now on: the new one, but for what waits
    changed: tuple[str, ...]  # dotted keys that count from now on
    waiting: tuple[str, ...]  # dotted keys that want a restart


class Reloading:
    """Reads the configuration of a gateway again when it is asked to."""

    def __init__(
        self,
        reread: Callable[[], Reading],
        current: Callable[[], Config],
        take_over: Callable[[Config], None],
        certificates: Certificates | None,
    ) -> None:
        """`take_over` has the gateway serve another configuration than the `current` one; raises `CannotReload`."""
        self.waiting: tuple[str, ...] = ()  # dotted keys that were found changed, and count from a restart on
        self.refused = ""  # why the last one was; empty: it was not
        self._reread = reread
        self._current = current
        self._take_over = take_over
        self._certificates = certificates
        self._told: Callable[[], None] = _nobody

    def tell(self, told: Callable[[], None]) -> None:
        """Call `told` after every reload, whatever came of it. It must not raise."""
        self._told = told

    async def reload(self) -> Change:
        """What of it can change counts from now on. Raises `CannotReload`; the log is told in any case."""
        try:
            return await self._reload()
        finally:
            self._told()

    async def _reload(self) -> Change:
        try:
            change = change_of(self._current(), self._read())
            self._take_over(change.config)
        except CannotReload as refusal:
            self.refused = f"the configuration was not read again: {refusal.faults[0]}"
            for fault in refusal.faults:
                log.error("not reloaded: {fault}", fault=fault)
            raise
        self.refused, self.waiting = "", change.waiting
        for key in change.waiting:
            log.warn("{key} has changed, and waits for a restart", key=key)
        log.info("configuration read again; changed: {keys}", keys=", ".join(change.changed) or "nothing")
        if self._certificates is not None:
            await self._certificates.reload()
        return change

    def functions(self) -> Functions:
        """The call `reload`."""

        async def reload(arguments: Arguments) -> dict[str, Any]:
            arguments.only()
            try:
                change = await self.reload()
            except CannotReload as refusal:
                raise CallError("bad", f"{refusal}\nThe server goes on with the configuration it has.") from refusal
            return {"changed": list(change.changed), "waiting": list(change.waiting)}

        return {"reload": reload}

    def _read(self) -> Config:
        reading = self._reread()
        faults = inspect(reading, build=False)
        if reading.config is None or faults:
            raise CannotReload(*faults)
        return reading.config


def _nobody() -> None:
    """There is nobody who wants to know."""


def change_of(old: Config, new: Config) -> Change:
    """From one configuration to another, as far as that can be while we run."""
    different = tuple(_different("", old, new))
    waiting = tuple(key for key in different if key in FIXED)
    config = new
    for key in waiting:
        config = _with(config, key.split("."), _value(old, key))
    return Change(config, tuple(key for key in different if key not in FIXED), waiting)


def _different(prefix: str, old: Any, new: Any) -> Iterator[str]:
    for each in fields(type(old)):
        one, other = getattr(old, each.name), getattr(new, each.name)
        if has(type(one)):
            yield from _different(f"{prefix}{each.name}.", one, other)
        elif one != other:
            yield f"{prefix}{each.name}"


def _value(config: Any, key: str) -> Any:
    for name in key.split("."):
        config = getattr(config, name)
    return config


def _with(table: Any, path: list[str], value: Any) -> Any:
    name, *rest = path
    return evolve(table, **{name: _with(getattr(table, name), rest, value) if rest else value})
