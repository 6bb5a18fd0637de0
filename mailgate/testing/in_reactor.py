"""A gateway in the running reactor, for tests that run in it too: what waits elsewhere gives a Deferred here.

    class WelcomeTest(twisted.trial.unittest.TestCase):
        def setUp(self):
            service = GatewayService(reactor)
            service.startService()
            self.addCleanup(service.stopService)
            self.mail = service.namespace()

        async def test_welcome(self):
            to = self.mail.address("alice")
            await send_welcome(to, self.mail.smtp.host, self.mail.smtp.port)
            message = await self.mail.wait_for(to=to)
            self.assertEqual(message.subject, "Welcome")

The functions of the server are called as they are, without the control socket. smtplib and poplib would wait for
themselves in the reactor's thread: they belong into another (`deferToThread`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred

from mailgate.config import ConfigError
from mailgate.development import Development
from mailgate.service import CannotStart as CannotServe
from mailgate.service import Gateway
from mailgate.testing.corner import new_name
from mailgate.testing.deferring import NamespaceInReactor
from mailgate.testing.process import CannotStart
from mailgate.testing.ready import Ready
from mailgate.testing.settings import written


class GatewayService(Service):
    """A gateway for tests, on free ports of loopback, with its mail in a temporary directory.

    `startService` opens its ports; the Deferred of `stopService` fires when they are closed, the sessions have ended
    and the directory is gone. Both may be called again.
    """

    def __init__(
        self,
        reactor: Any,
        *,
        directory: str | os.PathLike[str] | None = None,
        config: str | os.PathLike[str] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """As for `mailgate.testing.Gateway`."""
        self._reactor = reactor
        self._directory = None if directory is None else os.fspath(directory)
        self._config = None if config is None else os.fspath(config)
        self._settings = settings or {}
        self._development: Development | None = None
        self._gateway: Gateway | None = None

    @property
    def ready(self) -> Ready:
        """Where it listens. Raises RuntimeError if it does not run."""
        return Ready.read(self._running().places)

    def startService(self) -> None:
        """Start it; it is ready when this returns. Raises `mailgate.testing.CannotStart`."""
        try:
            self._development = Development(keep=False, directory=self._directory)
        except OSError as error:
            raise CannotStart(f"the gateway did not start: {error}") from error
        try:
            self._gateway = self._started(self._development)
        except (ConfigError, CannotServe) as error:
            self._development.end()
            raise CannotStart(f"the gateway did not start:\n{error}") from error
        Service.startService(self)

    def stopService(self) -> Deferred[None]:
        """Stop it; fires when all is over."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    def namespace(self) -> NamespaceInReactor:
        """A corner of the server for one test."""
        functions = self._running().functions
        return NamespaceInReactor(new_name(), lambda: self.ready, functions, self._reactor.seconds)

    def _running(self) -> Gateway:
        if self._gateway is None:
            raise RuntimeError("the gateway does not run: call startService()")
        return self._gateway

    def _started(self, development: Development) -> Gateway:
        config = development.configure_for_tests(self._config, written(self._settings))
        gateway = Gateway(config, self._reactor, open_to_anyone=True)
        gateway.privilegedStartService()
        try:
            gateway.startService()
        except CannotServe:
            gateway.stopService()  # its ports are open
            raise
        return gateway

    async def _stop(self) -> None:
        gateway, development = self._gateway, self._development
        self._gateway = self._development = None
        if gateway is not None:
            await gateway.stopService()
        if development is not None:
            development.end()
