"""Looks at the files of the certificates every few seconds, while the gateway runs."""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from mailgate.tls.certificates import Certificates

LOOK_SECONDS: Final = 2.0

log = Logger(namespace="mailgate.tls")


class Watch:
    """Begins with `start`, ends with `stop`."""

    def __init__(self, certificates: Certificates, clock: IReactorTime) -> None:
        self._certificates = certificates
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock
        self._ended: Deferred[LoopingCall] | None = None

    def start(self) -> None:
        """Look now, and then every few seconds."""
        self._ended = self._looking.start(LOOK_SECONDS)

    async def stop(self) -> None:
        """Look no more; returns when a look that is under way is over."""
        if self._ended is not None and self._looking.running:
            self._looking.stop()
            await self._ended

    def _look(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._certificates.look()).addErrback(
            lambda failure: log.failure("a look at the certificates failed", failure)
        )
