"""Where programs ask: what this gateway answers, and the two doors that lead there."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, Final

from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IListeningPort, IProtocolFactory

from mailgate.config import Config
from mailgate.control.calls import Functions
from mailgate.control.socket import SocketFactory
from mailgate.service.front import new_id
from mailgate.service.late import LateFactory
from mailgate.service.places import control_socket
from mailgate.service.token import read_token
from mailgate.short_paths import ShortPath

# What a server for people answers. The rest makes mail up, or removes it by the hundred, and is for tests.
FOR_PEOPLE: Final = frozenset({"ports", "messages", "message", "raw", "attachment", "wait", "delete"})
SOCKET_MODE: Final = 0o600


def has_http() -> bool:
    """Is what HTTP needs installed?"""
    return find_spec("klein") is not None


class Desk:
    """One gateway's. `http` may be given to a port before anything is there to answer."""

    def __init__(self, config: Config, reactor: Any) -> None:
        self.functions: Functions = {}  # empty before `open`
        self.http = LateFactory(self._make_http)
        self._config = config
        self._reactor = reactor
        self._token: str | None = None
        self._socket: SocketFactory | None = None
        self._port: IListeningPort | None = None
        self._path: ShortPath | None = None

    def open(self, functions: Functions, *, for_tests: bool) -> None:
        """Answer from now on: by HTTP; and, `for_tests`, by the control socket.

        Raises `BadToken` and CannotListenError.
        """
        self.functions = functions if for_tests else {name: functions[name] for name in FOR_PEOPLE}
        if self._config.http.token:
            self._token = read_token(self._config.http.token)
        if for_tests:
            self._socket = SocketFactory(self.functions, self._reactor, new_id)
            self._port = self._listen(self._socket)
        elif self._config.http.listen:
            self.http.ready()  # its imports take a moment, for which nobody's mail should have to wait later

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

    def _make_http(self) -> IProtocolFactory:
        from mailgate.control.http import make_site

        return make_site(self.functions, self._token, self._reactor, new_id)
