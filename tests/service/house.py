"""The parts of a gateway as its composition root makes them, without a reactor, threads or ports."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeVar

from attrs import evolve
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock

from mailgate.config import TLS, Accounts, Config, Reading, Store
from mailgate.control.calls import Arguments, Functions
from mailgate.control.letters import Letters
from mailgate.development import write_certificate
from mailgate.faults import Fault
from mailgate.journal.journal import Journal
from mailgate.service.answers import Answers
from mailgate.service.certificates import certificates_of
from mailgate.service.front import Access, Frame, Front, anyone, known_users
from mailgate.service.listeners import Listeners
from mailgate.service.logins import Logins
from mailgate.service.monitoring import Monitoring
from mailgate.service.past import Past
from mailgate.service.reloading import Reloading
from mailgate.service.testbed import Testbed
from mailgate.units import Octets
from tests.store.support import NODE, at_once
from tests.support import Facts, outcome_of, result_of, started

T = TypeVar("T")
USERS = "alice:{PLAIN}wonderland\nbob:{PLAIN}builder\n"


def settings(directory: Path, **changes: Any) -> Config:
    """With a certificate for localhost, and the accounts alice and bob of example.test."""
    certificate, key = write_certificate(str(directory))
    domain = directory / "domains" / "example.test"
    domain.mkdir(parents=True)
    (domain / "users").write_text(USERS)
    (domain / "users").chmod(0o600)
    values: dict[str, Any] = {
        "state": str(directory),
        "tls": TLS(certificate=certificate, key=key),
        "store": Store(directory=str(directory / "mail"), min_free=Octets(0)),
        "accounts": Accounts(directory=str(directory / "domains")),
    }
    return Config(**values | changes)


class Reactor(MemoryReactorClock):
    """Has threads hand over at once."""

    def callFromThread(self, act: Any, *arguments: Any) -> None:
        act(*arguments)


class House:
    """One gateway, whose calls can be made. `for_tests`: one that is open to anyone."""

    def __init__(self, config: Config, *, for_tests: bool = False, letters: Letters | None = None) -> None:
        reactor: Any = Reactor()  # type: ignore[no-untyped-call]
        self.config, self.reactor, self.bulletin = config, reactor, Facts()
        self.directory = Path(config.state)
        self.faults: list[Fault] = []
        self.monitoring = Monitoring(reactor, self.bulletin)
        self.listeners = Listeners(config, reactor, self.bulletin.tell)
        self.testbed = Testbed(reactor, faults=config.testing.faults) if for_tests else None
        self.access: Access = (
            anyone(config, self.testbed.passwords)
            if self.testbed is not None
            else known_users(config, at_once, self._note_fault, reactor)
        )
        self.logins = None if for_tests else Logins(config, reactor, at_once, self._domains)
        self.certificates = certificates_of(config, reactor, at_once, self.bulletin, for_tests=for_tests)
        if self.certificates is not None:
            self.certificates.load()
        self.listeners.open(self.certificates, Factory())
        self.reloading: Reloading | None = None
        self.frame = Frame(
            clock=reactor,
            disk=at_once,
            commits_apart=False,
            commits=at_once,
            hashing=at_once,
            bulletin=self.bulletin,
            spools=str(self.directory / "spools"),
            node=NODE,
            commits_watch=self.monitoring.commits,
        )
        self.front = Front(config, self.access, self.frame, letters, self.logins)
        self.past = Past(config.state)
        self.journal = Journal(str(self.directory / "journal"), 1 << 20, 30)
        self.answers = Answers(
            config=config,
            reactor=reactor,
            disk=at_once,
            listeners=self.listeners,
            monitoring=self.monitoring,
            journal=self.journal,
            certificates=self.certificates,
            letters=letters,
            logins=self.logins,
            testbed=self.testbed,
            reloading=None,
            past=self.past,
            tell=self.bulletin.tell,
        )
        self.answer()

    def answer(self) -> None:
        """Put the calls together, of the parts as they are now."""
        self.instruments = self.answers.instruments(NODE, self.access)
        self.functions: Functions = self.answers.functions(self.front, self.access, self.instruments)

    def reread(self, config: Config | None, *faults: Fault) -> None:
        """Let it be one whose configuration can be read again, and reads like this now."""
        reading = Reading(config, faults)
        self.reloading = Reloading(lambda: reading, lambda: self.config, self._take_over, None)
        self.answers = evolve(self.answers, reloading=self.reloading)
        self.answer()

    def call(self, name: str, **arguments: Any) -> Any:
        """What the call gives, at once."""
        return result_of(self.functions[name](Arguments(arguments)))

    def done(self, work: Awaitable[T]) -> T:
        """What work gives that waits for the reactor's turn: a commit does."""
        begun = started(work)
        self.reactor.advance(0)
        return outcome_of(begun)

    def _take_over(self, config: Config) -> None:
        self.config = config

    def _note_fault(self, fault: Fault) -> None:
        self.faults.append(fault)

    def _domains(self) -> Any:
        return self.access.domains
