"""A running gateway as a Twisted service.

Ports are opened in `privilegedStartService`, while twistd may still be root; files and threads come in
`startService`, when privileges are dropped.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.logger import Logger
from twisted.python.failure import Failure

from mailgate.config import Config
from mailgate.control.calls import Arguments, CallError, Function, Functions
from mailgate.control.functions import make_functions
from mailgate.control.letters import Letters
from mailgate.facts import Bulletin, Reader
from mailgate.faults import Fault
from mailgate.log import FactLog
from mailgate.service.descriptors import make_room
from mailgate.service.desk import Desk
from mailgate.service.front import Access, CannotBuild, Frame, Front, anyone, known_users, new_id
from mailgate.service.listeners import Listeners
from mailgate.service.on_demand import OnDemand
from mailgate.service.places import places
from mailgate.service.ports import CannotListen, Listening
from mailgate.service.state import State, StateError, spool_directory
from mailgate.service.sweeps import Sweeps, schedule
from mailgate.service.testbed import Testbed
from mailgate.service.token import BadToken
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
        """`open_to_anyone`: any recipient and any password, and all that tests ask for: for development and tests."""
        self._config = config
        self._reactor = reactor
        self._disk = Workers(reactor, DISK_THREADS, "mailgate-disk")
        self._commits = Workers(reactor, COMMIT_THREADS, "mailgate-commit")
        self._hashing = Workers(reactor, HASHING_THREADS, "mailgate-hashing")
        self._testbed = Testbed(reactor, faults=config.testing.faults) if open_to_anyone else None
        self._letters: Letters | None = None
        self._state: State | None = None
        self._sweeps: Sweeps | None = None
        self.bulletin = Bulletin("", time.time, _reader_failed)
        self.bulletin.add(FactLog(details=config.log.level == "debug"))
        if open_to_anyone or config.http.listen:
            # Who serves people keeps no mail of theirs in memory: the store has it.
            self._letters = Letters() if open_to_anyone else Letters(content_octets=0)
            self.bulletin.add(self._letters)
        self._listeners = Listeners(config, reactor, self.bulletin.tell)
        self._desk = Desk(config, reactor)

    @property
    def listening(self) -> Sequence[Listening]:
        """The ports that are open, in the order of the configuration."""
        return self._listeners.listening

    @property
    def places(self) -> dict[str, Any]:
        """The same for programs, with what else they need to know, as `service.places` has it."""
        return places(self._config, self.listening)

    @property
    def functions(self) -> Functions:
        """What programs may ask, once it has started."""
        return self._desk.functions

    def privilegedStartService(self) -> None:
        """Open the ports. Raises `CannotStart`; then none is open."""
        Service.privilegedStartService(self)
        if warning := make_room(self._listeners.most_connections):
            log.warn("{warning}", warning=warning)
        try:
            self._listeners.open(self._certificate(), self._desk.http)
        except BadCertificate as error:
            raise CannotStart(*error.faults) from error
        except CannotListen as error:
            Deferred.fromCoroutine(self._listeners.close())
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
        self._listeners.fill(front, self._testbed)
        self._open_desk(front)
        self._sweeps = Sweeps(front.sweeper(), schedule(self._config.state), self.bulletin, self._reactor)

    def stopService(self) -> Deferred[None]:
        """Close the ports, let what is under way finish, tell the clients; fires when all is over."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    def cut(self) -> None:
        """While it stops: do not wait for sessions any longer, only for commits."""
        self._listeners.cut()

    def add_reader(self, reader: Reader) -> None:
        """Let `reader` know what happens."""
        self.bulletin.add(reader)

    def _certificate(self) -> ServerCertificate | None:
        if not self._config.tls.is_configured:
            return None
        certificate = ServerCertificate(self._config.tls.certificate, self._config.tls.key)
        certificate.load()
        return certificate

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
        return Front(self._config, access, frame, self._letters)

    def _access(self) -> Access:
        if self._testbed is not None:
            return anyone(self._config, self._testbed.passwords)
        return known_users(self._config, self._hashing, _fault_found)

    def _open_desk(self, front: Front) -> None:
        if self._letters is None:
            return
        try:
            self._desk.open(self._functions(front, self._letters), for_tests=self._testbed is not None)
        except BadToken as error:
            raise CannotStart(Fault("http.token", str(error))) from error
        except CannotListenError as error:
            raise CannotStart(Fault("state", f"no socket can be opened there: {error.socketError}")) from error

    def _functions(self, front: Front, letters: Letters) -> Functions:
        mail = make_functions(
            letters,
            front.store,
            front.directory,
            self._testbed.conversations if self._testbed is not None else lambda _: (),
            clock=self._reactor,
            now=time.time,
            new_id=new_id,
            offload=self._disk,
        )
        functions = {"ports": self._tell_ports, **mail}
        if self._testbed is None:
            return functions
        listeners = OnDemand(partial(self._listeners.open_on_demand, front, self._testbed))
        return {**functions, **self._testbed.functions(listeners, partial(_end_mail, letters, mail["clear"]))}

    async def _tell_ports(self, arguments: Arguments) -> dict[str, Any]:
        arguments.only("namespace")
        return self.places

    async def _stop(self) -> None:
        await self._listeners.close()
        if sessions := self._listeners.sessions:
            seconds = self._config.drain
            log.warn("ending {sessions} sessions, {seconds:.0f} s at most", sessions=sessions, seconds=seconds)
        await self._listeners.drain(self._config.drain)
        await self._desk.close()
        if self._sweeps is not None:
            await self._sweeps.stop()
        self._commits.stop()
        self._disk.stop()
        self._hashing.stop()
        self._release_state()

    def _release_state(self) -> None:
        if self._state is not None:
            self._state.close()


async def _end_mail(letters: Letters, clear: Function, namespace: str) -> None:
    """Nobody asks for the mail of a namespace any more."""
    letters.waits.end_namespace(namespace)
    with suppress(CallError):  # what a session still holds goes with the gateway
        await clear(Arguments({"namespace": namespace}))
    letters.clear(namespace)


def _reader_failed(reader: Reader, error: Exception) -> None:
    log.failure("a reader of facts failed and is told no more: {reader!r}", Failure(error), reader=reader)


def _fault_found(fault: Fault) -> None:
    log.error("{fault}", fault=fault)
