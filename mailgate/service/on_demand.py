"""Listeners that tests ask for, each on a free port of its own, for as long as their namespace lives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from attrs import frozen

from mailgate.control.calls import Arguments, CallError, Functions
from mailgate.control.matching import namespace_in
from mailgate.service.ports import Listening
from mailgate.service.wishes import Wish, read_wish

MAX_LISTENERS: Final = 1_000


@frozen
class Opened:
    """A port that was opened, and what closes it and ends its sessions."""

    listening: Listening
    close: Callable[[], Awaitable[None]]


class OnDemand:
    """The listeners that are open, by their ids."""

    def __init__(self, open_port: Callable[[Wish], Opened]) -> None:
        """`open_port` raises `CallError`."""
        self._open_port = open_port
        self._open: dict[str, tuple[str | None, Opened]] = {}  # and the namespace of each
        self._number = 0

    def functions(self) -> Functions:
        """The calls."""
        return {"open_listener": self._open_listener, "close_listener": self._close_listener}

    async def end(self, namespace: str) -> None:
        """Close all of a namespace."""
        for name in [name for name, (owner, _) in self._open.items() if owner == namespace]:
            await self._close(name)

    async def _open_listener(self, arguments: Arguments) -> dict[str, Any]:
        arguments.only("namespace", "protocol", "tls", "faults", "personality")
        if len(self._open) >= MAX_LISTENERS:
            raise CallError("busy", f"{MAX_LISTENERS} listeners are open: close those that are not needed any more")
        wish = read_wish(arguments)
        opened = self._open_port(wish)
        self._number += 1
        name = f"listener-{self._number}"
        self._open[name] = (wish.namespace, opened)
        return {"id": name, "host": opened.listening.host, "port": opened.listening.port}

    async def _close_listener(self, arguments: Arguments) -> dict[str, Any]:
        arguments.only("namespace", "id")
        name, namespace = arguments.wanted("id"), namespace_in(arguments)
        owner, _ = self._open.get(name, (None, None))
        if owner != namespace:
            raise CallError("missing", f"there is no listener {name[:40]!r}")
        await self._close(name)
        return {"closed": name}

    async def _close(self, name: str) -> None:
        _, opened = self._open.pop(name)
        await opened.close()
