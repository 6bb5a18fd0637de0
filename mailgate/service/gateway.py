"""A running gateway as a Twisted service.

Ports are opened in `privilegedStartService`, while twistd may still be root; files and threads come in
`startService`, when privileges are dropped.
"""

from __future__ import annotations

import time
from typing import Any, Final

from attrs import frozen
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.endpoints import serverFromString, wrapServerTLS
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python.failure import Failure

from mailgate.config import Config, with_backlog
from mailgate.connection import Build, ConnectionFactory
from mailgate.facts import Bulletin, Reader
from mailgate.faults import Fault
from mailgate.log import FactLog
from mailgate.service.front import Access, Frame, Front, Kind, anyone, known_users
from mailgate.service.state import node_name, spool_directory
from mailgate.service.workers import DISK_THREADS, HASHING_THREADS, Workers
from mailgate.tls import BadCertificate, ServerCertificate

log = Logger(namespace="mailgate.service")

KINDS: Final[dict[str, Kind]] = {"smtp": "smtp", "submission": "submission", "pop3": "pop3"}


class CannotStart(Exception):
    """The gateway cannot come up; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@frozen
class Listening:
    """A port that is open."""

    key: str  # under which the listener stands in the configuration: "pop3.listen_tls"
    host: str  # or the path of a UNIX socket
    port: int  # 0 for a UNIX socket

    @property
    def place(self) -> str:
        """Host and port as URLs have them, or the path."""
        if not self.port:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.place} ({self.key})"


class Gateway(Service):
    """One gateway. As a context outside of twistd: `privilegedStartService`, `startService`, `stopService`."""

    def __init__(self, config: Config, reactor: Any, *, open_to_anyone: bool = False) -> None:
        """`open_to_anyone`: any recipient and any password, for development and tests."""
        self._config = config
        self._reactor = reactor
        self._open_to_anyone = open_to_anyone
        self._disk = Workers(reactor, DISK_THREADS, "mailgate-disk")
        self._hashing = Workers(reactor, HASHING_THREADS, "mailgate-hashing")
        self._factories: list[ConnectionFactory[Any]] = []
        self._doors: dict[str, Build[Any]] = {}  # by the listener's key; filled when the privileges are dropped
        self._ports: list[IListeningPort] = []
        self.listening: tuple[Listening, ...] = ()
        self.bulletin = Bulletin("", time.time, self._reader_failed)
        self.bulletin.add(FactLog())

    def privilegedStartService(self) -> None:
        """Open the ports. Raises `CannotStart`; then none is open."""
        Service.privilegedStartService(self)
        certificate = self._certificate()
        try:
            for key, listener in self._config.listeners():
                self._listen(key, listener, certificate)
        except CannotStart:
            for port in self._ports:
                port.stopListening()
            raise

    def startService(self) -> None:
        """Make what answers at the ports. Raises `CannotStart`."""
        Service.startService(self)
        try:
            node = node_name(self._config.state)
            spools = spool_directory(self._config.store.directory, node)
        except OSError as error:
            raise CannotStart(Fault(str(error.filename), f"cannot be used: {error.strerror}")) from error
        except ValueError as error:
            raise CannotStart(Fault(self._config.state, str(error))) from error
        self.bulletin.node = node
        frame = Frame(
            clock=self._reactor,
            disk=self._disk,
            hashing=self._hashing,
            bulletin=self.bulletin,
            spools=spools,
            node=node,
        )
        front = Front(self._config, self._access(), frame)
        for key, _ in self._config.listeners():
            section, _, door = key.partition(".")
            tls_on_demand = self._config.tls.is_configured and door == "listen"
            self._doors[key] = front.door(KINDS[section], tls_on_demand=tls_on_demand)
        self._disk.start()
        self._hashing.start()

    async def _stop(self) -> None:
        await DeferredList([Deferred.fromCoroutine(_closed(port)) for port in self._ports])
        await DeferredList([Deferred.fromCoroutine(factory.drain(self._config.drain)) for factory in self._factories])
        self._disk.stop()
        self._hashing.stop()

    def stopService(self) -> Deferred[None]:
        """Close the ports, let what is under way finish, tell the clients; fires when all is over."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    def add_reader(self, reader: Reader) -> None:
        """Let `reader` know what happens."""
        self.bulletin.add(reader)

    def _access(self) -> Access:
        if self._open_to_anyone:
            return anyone(self._config)
        return known_users(self._config, self._hashing, self._fault_found)

    def _certificate(self) -> ServerCertificate | None:
        if not self._config.tls.is_configured:
            return None
        certificate = ServerCertificate(self._config.tls.certificate, self._config.tls.key)
        try:
            certificate.load()
        except BadCertificate as error:
            raise CannotStart(error.fault) from error
        return certificate

    def _listen(self, key: str, listener: str, certificate: ServerCertificate | None) -> None:
        factory: ConnectionFactory[Any] = ConnectionFactory(
            self._reactor, certificate, lambda client, port: self._doors[key](client, port)
        )
        endpoint = serverFromString(self._reactor, with_backlog(listener))
        if key.endswith("_tls"):
            assert certificate is not None, "the configuration has seen to that"
            endpoint = wrapServerTLS(certificate, endpoint)
        port = _opened(endpoint, factory, key, listener)
        self._factories.append(factory)
        self._ports.append(port)
        address = port.getHost()
        host = getattr(address, "host", None) or getattr(address, "name", "")
        self.listening += (Listening(key, str(host), int(getattr(address, "port", 0))),)
        log.info("listening on {listening}", listening=self.listening[-1])

    def _reader_failed(self, reader: Reader, error: Exception) -> None:
        log.failure("a reader of facts failed and is told no more: {reader!r}", Failure(error), reader=reader)

    def _fault_found(self, fault: Fault) -> None:
        log.error("not taken over, the old state stays: {fault}", fault=fault)


def _opened(endpoint: IStreamServerEndpoint, factory: Factory, key: str, listener: str) -> IListeningPort:
    # Twisted's server endpoints listen at once or fail at once; which is as well, as the privileges go next.
    results: list[Any] = []
    endpoint.listen(factory).addBoth(results.append)
    if not results or isinstance(results[0], Failure):
        error = results[0].value if results else None
        raise CannotStart(_refusal(key, listener, error)) from error
    port: IListeningPort = results[0]
    return port


def _refusal(key: str, listener: str, error: BaseException | None) -> Fault:
    cause = error.socketError if isinstance(error, CannotListenError) else error
    hint = ""
    if isinstance(cause, PermissionError):
        hint = "ports below 1024 are root's: start as root with --uid and --gid, or let systemd open them"
    elif isinstance(cause, OSError):
        hint = "is another server running there?"
    return Fault(key, f"cannot listen on {listener}: {getattr(cause, 'strerror', None) or cause}", hint)


async def _closed(port: IListeningPort) -> None:
    closing = port.stopListening()
    if isinstance(closing, Deferred):
        await closing
