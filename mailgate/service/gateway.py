"""A running gateway as a Twisted service.

Ports are opened in `privilegedStartService`, while twistd may still be root; files and threads come in
`startService`, when privileges are dropped. The state's lock comes before the ports: of two gateways with the same ones
the second is to hear of the first, and not of a port.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from attrs import evolve
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from mailgate.accounts.domains import Domains
from mailgate.accounts.modes import exposed
from mailgate.config import Config, Reading
from mailgate.control.calls import Functions
from mailgate.control.letters import Letters
from mailgate.facts import Bulletin, Reader
from mailgate.faults import Fault
from mailgate.journal.files import DIRECTORY
from mailgate.journal.journal import Journal
from mailgate.log import FactLog
from mailgate.noticing.notices import Notices
from mailgate.service.answers import Answers
from mailgate.service.certificates import certificates_of
from mailgate.service.descriptors import make_room
from mailgate.service.desk import Desk
from mailgate.service.front import Access, CannotBuild, Frame, Front, anyone, known_users
from mailgate.service.installation import check_installation
from mailgate.service.listeners import Listeners
from mailgate.service.logins import Logins
from mailgate.service.monitoring import Monitoring
from mailgate.service.noticing import notices
from mailgate.service.past import Past
from mailgate.service.ports import Listening
from mailgate.service.reloading import CannotReload, Change, Reloading
from mailgate.service.starting import CannotStart, as_cannot_start
from mailgate.service.state import State, StateError, misplaced, spool_directory
from mailgate.service.sweeps import Sweeps, schedule
from mailgate.service.testbed import Testbed
from mailgate.service.workers import COMMIT_THREADS, DISK_THREADS, HASHING_THREADS, Workers
from mailgate.store.maildir.store import MaildirStore
from mailgate.tls import Watch

log = Logger(namespace="mailgate.service")


class Gateway(Service):
    """One gateway. Outside of twistd call `privilegedStartService`, `startService`, and in the end `stopService`."""

    def __init__(
        self, config: Config, reactor: Any, *, open_to_anyone: bool = False, reread: Callable[[], Reading] | None = None
    ) -> None:
        """`open_to_anyone`: any recipient and any password, and all that tests ask for: for development and tests.
        `reread` reads the configuration again, for `reload`.
        """
        self._config = config
        self._reactor = reactor
        self._disk = Workers(reactor, DISK_THREADS, "mailgate-disk")
        self._commits = Workers(reactor, COMMIT_THREADS, "mailgate-commit")
        self._hashing = Workers(reactor, HASHING_THREADS, "mailgate-hashing")
        self._testbed = Testbed(reactor, faults=config.testing.faults) if open_to_anyone else None
        self.bulletin = Bulletin("", time.time, _reader_failed)
        self.bulletin.add(FactLog(details=config.log.level == "debug"))
        self._monitoring = Monitoring(reactor, self.bulletin)
        journal = config.journal
        self._journal = Journal(os.path.join(config.state, DIRECTORY), journal.max_size, journal.keep_days)
        self.bulletin.add(self._journal)
        self._certificates = certificates_of(config, reactor, self._disk, self.bulletin, for_tests=open_to_anyone)
        self._watch = Watch(self._certificates, reactor) if self._certificates is not None else None
        # Whoever tests may mistype: nobody is kept waiting there.
        self._logins = None if open_to_anyone else Logins(config, reactor, self._disk, self._domains)
        self._reloading = None
        if reread is not None:
            self._reloading = Reloading(reread, lambda: self._config, self._take_over, self._certificates)
        self._letters: Letters | None = None
        self._state = State(config.state)
        self._past = Past(config.state)
        self._store: MaildirStore | None = None
        self._sweeps: Sweeps | None = None
        self._notices: Notices | None = None
        if open_to_anyone or config.http.listen:
            # Who serves people keeps no mail of theirs in memory: the store has it.
            self._letters = Letters() if open_to_anyone else Letters(content_octets=0)
            self.bulletin.add(self._letters)
        self._listeners = Listeners(config, reactor, self.bulletin.tell, self._monitoring.counts.turned_away)
        self._answers = Answers(
            config=config,
            reactor=reactor,
            disk=self._disk,
            listeners=self._listeners,
            monitoring=self._monitoring,
            journal=self._journal,
            certificates=self._certificates,
            letters=self._letters,
            logins=self._logins,
            testbed=self._testbed,
            reloading=self._reloading,
            past=self._past,
            tell=self.bulletin.tell,
        )
        self._desk = Desk(config, reactor)

    @property
    def listening(self) -> Sequence[Listening]:
        """The ports that are open, in the order of the configuration."""
        return self._listeners.listening

    @property
    def places(self) -> dict[str, Any]:
        """The same for programs, with what else they need to know, as `service.places` has it."""
        return self._answers.places()

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
            with as_cannot_start():
                self._state.claim()
                if self._certificates is not None:
                    self._certificates.load()
                self._listeners.open(self._certificates, self._desk.http)
        except CannotStart:
            Deferred.fromCoroutine(self._listeners.close())
            self._state.close()
            raise

    def startService(self) -> None:
        """Make what answers at the ports. Raises `CannotStart`."""
        Service.startService(self)
        try:
            with as_cannot_start():
                self._begin()
        except CannotStart:
            self._state.close()
            raise
        self._store = self._serving.store
        self._store.start()
        self._disk.start()
        self._commits.start()
        self._hashing.start()
        self._journal.start()
        if self._logins is not None:
            self._logins.start()
        self._monitoring.start()
        if self._watch is not None:
            self._watch.start()
        if self._sweeps is not None:
            self._sweeps.start()
        if self._notices is not None:
            self._notices.start()

    def _begin(self) -> None:
        check_installation()
        if self._certificates is not None:
            self._certificates.check_readable()
        for directory in (self._config.state, self._config.store.directory):
            if self._testbed is None and (why := misplaced(directory)):
                raise StateError(why)
        self._state.open()
        self.bulletin.node = self._state.node
        self._past.look()
        try:
            front = self._serving = self._front(self._config)
        except OSError as error:
            raise CannotStart(Fault("store.directory", f"{error.filename} cannot be used: {error.strerror}")) from error
        for fault in exposed(self._accounts.domains.directory) if self._accounts.domains is not None else ():
            log.warn("open to others: {fault}", fault=fault)
        self._listeners.fill(front, self._testbed)
        self._open_desk(front)
        self._sweeps = Sweeps(front.sweeper(), schedule(self._config.state), self.bulletin, self._reactor)
        if self._testbed is None:  # tests are not to be surprised by mail
            instruments = self._desk.instruments
            self._notices = notices(self._config, lambda: self._serving, instruments, self._reactor, self._disk)
            self.bulletin.add(self._notices)

    def stopService(self) -> Deferred[None]:
        """Close the ports, let what is under way finish, tell the clients; fires when all is over."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    @property
    def status_line(self) -> str:
        """How it is, in a line; empty before it has started."""
        return self._desk.status_line

    async def reload(self) -> Change:
        """Read the configuration again; what of it can change counts from now on. Raises `CannotReload`, and goes on as
        before. Only a gateway with `reread` can.
        """
        assert self._reloading is not None, "only a gateway with a configuration file has this call"
        return await self._reloading.reload()

    def tell_of_reloads(self, told: Callable[[], None]) -> None:
        """Call `told` after every reload, whoever asked for it, and whatever came of it."""
        if self._reloading is not None:
            self._reloading.tell(told)

    def _take_over(self, config: Config) -> None:
        """Let new sessions be served by `config`. Those that are open end as they began."""
        try:
            front = self._front(config, self._serving)
        except (CannotBuild, CannotStart) as error:
            raise CannotReload(*error.faults) from error
        self._config, self._serving = config, front
        self._accounts.decide(config)
        self._listeners.fill(front, self._testbed)
        self._answers = evolve(self._answers, config=config)
        instruments = self._answers.instruments(self.bulletin.node, self._accounts)
        self._desk.replace(self._answers.functions(front, self._accounts, instruments), instruments)
        if self._sweeps is not None:
            self._sweeps.use(front.sweeper())

    def cut(self) -> None:
        """While it stops: do not wait for sessions any longer, only for commits."""
        self._listeners.cut()

    def add_reader(self, reader: Reader) -> None:
        """Let `reader` know what happens."""
        self.bulletin.add(reader)

    def _front(self, config: Config, before: Front | None = None) -> Front:
        node = self.bulletin.node
        frame = Frame(
            clock=self._reactor,
            disk=self._disk,
            commits=self._commits,
            # A test is over sooner than a second interpreter has started.
            commits_apart=self._testbed is None,
            hashing=self._hashing,
            bulletin=self.bulletin,
            spools=spool_directory(config.store.directory, node) if before is None else before.spools,
            node=node,
            commits_watch=self._monitoring.commits,
        )
        access = self._access(config, self._accounts.domains if before is not None else None)
        if before is None and access.domains is not None and (faults := access.domains.unreadable()):
            raise CannotStart(*faults)  # root could read them when `--check` did; who we are now cannot
        front = Front(config, access, frame, self._letters, self._logins, before)
        self._accounts: Access = access
        return front

    def _domains(self) -> Domains:
        assert self._accounts.domains is not None, "only a server with accounts asks"
        return self._accounts.domains

    def _access(self, config: Config, domains: Domains | None) -> Access:
        if self._testbed is not None:
            return anyone(config, self._testbed.passwords)
        return known_users(config, self._hashing, _fault_found, self._reactor, aside=self._disk, domains=domains)

    def _open_desk(self, front: Front) -> None:
        instruments = self._answers.instruments(self.bulletin.node, self._accounts)
        functions = self._answers.functions(front, self._accounts, instruments)
        self._desk.open(functions, instruments, for_tests=self._testbed is not None)

    async def _stop(self) -> None:
        await self._listeners.close()
        if sessions := self._listeners.sessions:
            seconds = self._config.drain
            log.warn("ending {sessions} sessions, {seconds:.0f} s at most", sessions=sessions, seconds=seconds)
        await self._listeners.drain(self._config.drain)
        if self._letters is not None:
            self._letters.waits.end_all()
        await self._desk.close()
        if self._notices is not None:
            await self._notices.stop()
        if self._logins is not None:
            await self._logins.stop()
        if self._watch is not None:
            await self._watch.stop()
        if self._sweeps is not None:
            await self._sweeps.stop()
        self._monitoring.stop()
        self._commits.stop()
        if self._store is not None:
            self._store.close()
        self._disk.stop()
        self._hashing.stop()
        self._journal.stop()
        self._state.close()


def _reader_failed(reader: Reader, error: Exception) -> None:
    log.failure("a reader of facts failed and is told no more: {reader!r}", Failure(error), reader=reader)


def _fault_found(fault: Fault) -> None:
    log.error("{fault}", fault=fault)
