"""A running gateway as a Twisted service.

Ports are opened in `privilegedStartService`, while twistd may still be root; files and threads come in
`startService`, when privileges are dropped.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, cast

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IProtocolFactory
from twisted.logger import Logger
from twisted.python.failure import Failure

from mailgate.config import Config
from mailgate.connection import Build, ConnectionFactory
from mailgate.facts import Bulletin, Reader
from mailgate.faults import Fault
from mailgate.limits.admission import Admission
from mailgate.limits.networks import Networks
from mailgate.limits.sparing import Sparing
from mailgate.log import FactLog
from mailgate.service.descriptors import make_room
from mailgate.service.front import Access, CannotBuild, Frame, Front, anyone, known_users
from mailgate.service.personalities import Kind
from mailgate.service.ports import CannotListen, Listening, Ports
from mailgate.service.stack import Approach, layered
from mailgate.service.state import State, StateError, spool_directory
from mailgate.service.sweeps import Sweeps, schedule
from mailgate.service.workers import COMMIT_THREADS, DISK_THREADS, HASHING_THREADS, Workers
from mailgate.tls import BadCertificate, ServerCertificate

log = Logger(namespace="mailgate.service")


class CannotStart(Exception):
    """The gateway cannot come up; `faults` say why."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class Gateway(Service):
    """One gateway. Outside of twistd call `privilegedStartService`, `startService`, and in the end `stopService`."""

    def __init__(self, config: Config, reactor: Any, *, open_to_anyone: bool = False) -> None:
        """`open_to_anyone`: any recipient and any password, for development and tests."""
        self._config = config
        self._reactor = reactor
        self._open_to_anyone = open_to_anyone
        self._disk = Workers(reactor, DISK_THREADS, "mailgate-disk")
        self._commits = Workers(reactor, COMMIT_THREADS, "mailgate-commit")
        self._hashing = Workers(reactor, HASHING_THREADS, "mailgate-hashing")
        self._ports = Ports(reactor)
        self._factories: list[ConnectionFactory[Any]] = []
        self._doors: dict[str, Build[Any]] = {}  # by the listener's key; filled when the privileges are dropped
        self._state: State | None = None
        self._sweeps: Sweeps | None = None
        self.bulletin = Bulletin("", time.time, _reader_failed)
        self.bulletin.add(FactLog(details=config.log.level == "debug"))
        self._tell_sparingly = Sparing(self.bulletin.tell, time.monotonic).tell
        limits = config.limits
        self.admission = Admission(
            time.monotonic,
            connections=limits.connections,
            connections_per_client=limits.connections_per_client,
            connections_per_minute=limits.connections_per_minute,
            exempt=Networks(limits.exempt),
        )

    @property
    def listening(self) -> Sequence[Listening]:
        """The ports that are open, in the order of the configuration."""
        return self._ports.listening

    def privilegedStartService(self) -> None:
        """Open the ports. Raises `CannotStart`; then none is open."""
        Service.privilegedStartService(self)
        if warning := make_room(self._most_connections()):
            log.warn("{warning}", warning=warning)
        try:
            self._open_ports(self._certificate())
        except BadCertificate as error:
            raise CannotStart(*error.faults) from error
        except CannotListen as error:
            Deferred.fromCoroutine(self._ports.close())
            raise CannotStart(error.fault) from error

    def startService(self) -> None:
        """Make what answers at the ports. Raises `CannotStart`."""
        Service.startService(self)
        try:
            self._begin()
        except CannotStart:
            self._release_state()
            raise
        self._disk.start()
        self._commits.start()
        self._hashing.start()
        if self._sweeps is not None:
            self._sweeps.start()

    def _begin(self) -> None:
        try:
            self._state = State(self._config.state)
            front = self._front(self._state.node)
        except StateError as error:
            raise CannotStart(Fault("state", str(error))) from error
        except OSError as error:
            raise CannotStart(Fault("store.directory", f"{error.filename} cannot be used: {error.strerror}")) from error
        except CannotBuild as error:
            raise CannotStart(*error.faults) from error
        self._fill_doors(front)
        self._sweeps = Sweeps(front.sweeper(), schedule(self._config.state), self.bulletin, self._reactor)

    def stopService(self) -> Deferred[None]:
        """Close the ports, let what is under way finish, tell the clients; fires when all is over."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    def cut(self) -> None:
        """While it stops: do not wait for sessions any longer, only for commits."""
        for factory in self._factories:
            factory.cut()

    def add_reader(self, reader: Reader) -> None:
        """Let `reader` know what happens."""
        self.bulletin.add(reader)

    def _certificate(self) -> ServerCertificate | None:
        if not self._config.tls.is_configured:
            return None
        certificate = ServerCertificate(self._config.tls.certificate, self._config.tls.key)
        certificate.load()
        return certificate

    def _open_ports(self, certificate: ServerCertificate | None) -> None:
        for key, listener in self._config.listeners():
            factory: ConnectionFactory[Any] = ConnectionFactory(self._reactor, certificate, self._door(key))
            self._ports.open(key, listener, self._layered(key, factory, certificate))
            self._factories.append(factory)

    def _layered(
        self, key: str, factory: ConnectionFactory[Any], certificate: ServerCertificate | None
    ) -> IProtocolFactory:
        section = key.partition(".")[0]
        limits = self._config.limits
        approach = Approach(
            enter=self.admission.enter,
            proxies=Networks(self._proxies(key)),
            clock=self._reactor,
            tell=self._tell_sparingly,
            greeting_seconds=self._config.pop3.login_timeout if section == "pop3" else limits.greeting_timeout,
            introductions=limits.connections,
        )
        return layered(factory, approach, listener=section, implicit_tls=certificate if key.endswith("_tls") else None)

    def _proxies(self, key: str) -> Sequence[str]:
        return getattr(getattr(self._config, key.partition(".")[0]), "proxies", ())  # LMTP has none

    def _most_connections(self) -> int:
        """Those that were let in, and at every listener with proxies those without their header."""
        proxied = sum(bool(self._proxies(key)) for key, _ in self._config.listeners())
        return self.admission.most + proxied * self._config.limits.connections

    def _door(self, key: str) -> Build[Any]:
        return lambda client, port: self._doors[key](client, port)

    def _front(self, node: str) -> Front:
        self.bulletin.node = node
        frame = Frame(
            clock=self._reactor,
            disk=self._disk,
            commits=self._commits,
            hashing=self._hashing,
            bulletin=self.bulletin,
            spools=spool_directory(self._config.store.directory, node),
            node=node,
        )
        access = self._access()
        if access.domains is not None and (faults := access.domains.unreadable()):
            raise CannotStart(*faults)  # root could read them when `--check` did; who we are now cannot
        return Front(self._config, access, frame)

    def _access(self) -> Access:
        return anyone(self._config) if self._open_to_anyone else known_users(self._config, self._hashing, _fault_found)

    def _fill_doors(self, front: Front) -> None:
        for key, _ in self._config.listeners():
            section, _, door = key.partition(".")
            tls_on_demand = self._config.tls.is_configured and door == "listen"
            self._doors[key] = front.door(cast(Kind, section), tls_on_demand=tls_on_demand)

    async def _stop(self) -> None:
        await self._ports.close()
        if sessions := sum(factory.sessions for factory in self._factories):
            seconds = self._config.drain
            log.warn("ending {sessions} sessions, {seconds:.0f} s at most", sessions=sessions, seconds=seconds)
        await DeferredList([Deferred.fromCoroutine(factory.drain(self._config.drain)) for factory in self._factories])
        if self._sweeps is not None:
            await self._sweeps.stop()
        self._commits.stop()
        self._disk.stop()
        self._hashing.stop()
        self._release_state()

    def _release_state(self) -> None:
        if self._state is not None:
            self._state.close()


def _reader_failed(reader: Reader, error: Exception) -> None:
    log.failure("a reader of facts failed and is told no more: {reader!r}", Failure(error), reader=reader)


def _fault_found(fault: Fault) -> None:
    log.error("{fault}", fault=fault)
