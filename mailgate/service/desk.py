"""Where programs ask: what this gateway answers, and the two doors that lead there."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, Final

from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IListeningPort, IProtocolFactory

from mailgate.config import Config
from mailgate.control.calls import Function, Functions
from mailgate.control.socket import SocketFactory
from mailgate.control.status import sentence_of
from mailgate.metrics.instruments import Instruments
from mailgate.service.front import new_id
from mailgate.service.late import LateFactory
from mailgate.service.places import control_socket
from mailgate.service.token import read_token
from mailgate.short_paths import ShortPath

SOCKET_MODE: Final = 0o600


def has_http() -> bool:
    """Is what HTTP needs installed?"""
    return all(find_spec(name) is not None for name in ("klein", "prometheus_client"))


class Desk:
    """One gateway's. `http` may be given to a port before anything is there to answer."""

    def __init__(self, config: Config, reactor: Any) -> None:
        self.functions: dict[str, Function] = {}  # empty before `open`
        self.http = LateFactory(self._make_http)
        self._config = config
        self._reactor = reactor
        self._instruments: Instruments | None = None
        self._token: str | None = None
        self._socket: SocketFactory | None = None
        self._port: IListeningPort | None = None
        self._path: ShortPath | None = None

    def open(self, functions: Functions, instruments: Instruments, *, for_tests: bool) -> None:
        """Answer from now on, by HTTP and by the control socket. Raises `BadToken` and CannotListenError.

        A gateway `for_tests` is ready before the imports of HTTP are done.
        """
        self.replace(functions, instruments)
        if self._config.http.token:
            self._token = read_token(self._config.http.token)
        self._socket = SocketFactory(self.functions, self._reactor, new_id)
        self._port = self._listen(self._socket)
        if self._config.http.listen and not for_tests:
            self.http.ready()  # nobody's mail should have to wait for them later

    def replace(self, functions: Functions, instruments: Instruments) -> None:
        """Answer with these from now on."""
        self.functions.clear()
        self.functions.update(functions)
        self._instruments = instruments

    @property
    def status_line(self) -> str:
        """How the gateway is, in a line; empty before `open`."""
        return "" if self._instruments is None else sentence_of(self._instruments)

    async def close(self) -> None:
        """Answer no more, and end what callers wait for."""
        if self._port is not None:
            await maybeDeferred(self._port.stopListening)
        if self._path is not None:
            self._path.close()
        if self._socket is not None:
            self._socket.close_all()

    def _listen(self, factory: SocketFactory) -> IListeningPort:
        path = control_socket(self._config)
        with suppress(FileNotFoundError):
            os.unlink(path)  # a killed server's: the state directory is locked, so nobody else listens there
        self._path = ShortPath(path)
        port: IListeningPort = self._reactor.listenUNIX(self._path.name, factory, mode=SOCKET_MODE)
        return port

    def instruments(self) -> Instruments:
        """All that can be read of the gateway. Not before `open`."""
        assert self._instruments is not None, "open() comes before the first client"
        return self._instruments

    def _make_http(self) -> IProtocolFactory:
        from mailgate.control.health import health_pages
        from mailgate.control.http import make_site

        pages = health_pages(lambda: self.instruments().failing(), lambda: self.instruments().families())
        return make_site(self.functions, self._token, self._reactor, new_id, pages)
