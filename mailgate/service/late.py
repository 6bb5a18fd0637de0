"""A port that is open before what answers there has been made: privileges go in between, and imports take time."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory
from twisted.internet.protocol import Factory


class LateFactory(Factory):
    """Makes the factory that answers when the first client comes, or before, with `ready`."""

    noisy = False

    def __init__(self, make: Callable[[], IProtocolFactory]) -> None:
        self._make = make
        self._made: IProtocolFactory | None = None

    def ready(self) -> IProtocolFactory:
        """The factory, made now if there is none yet."""
        if self._made is None:
            self._made = self._make()
            self._made.doStart()
        return self._made

    def buildProtocol(self, addr: IAddress | None) -> IProtocol | None:  # type: ignore[override]
        protocol: IProtocol | None = self.ready().buildProtocol(addr)  # type: ignore[arg-type]
        return protocol

    def stopFactory(self) -> None:
        if self._made is not None:
            self._made.doStop()
