"""The half that serves: from a `Config` to what each kind of listener answers with."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from attrs import frozen
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.portal import Portal
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from mailgate.accounts.anyone import AnyoneChecker, AnyoneDirectory, AnyoneRules
from mailgate.accounts.chain import CheckerChain
from mailgate.accounts.checker import PasswordChecker
from mailgate.accounts.directory import Directory
from mailgate.accounts.domains import GLANCE_SECONDS, Domains
from mailgate.accounts.finding import BadChecker, load_checkers
from mailgate.accounts.passwords import Cost
from mailgate.accounts.realm import Realm
from mailgate.accounts.ruling import Rulebook
from mailgate.clients import network_of
from mailgate.config import Config, decisions, spelling
from mailgate.connection import Build
from mailgate.control.letters import Letters
from mailgate.control.recording import Recorder
from mailgate.delivery import Delivery
from mailgate.facts import Bulletin
from mailgate.faults import Fault
from mailgate.handlers.finding import BadHandler, make_handler
from mailgate.interfaces import IDelivery, IDirectory, ISmarthost, Offload
from mailgate.limits.networks import Networks
from mailgate.limits.rates import Rate
from mailgate.mail import make_id
from mailgate.metrics.commits import Commits, WatchedStore
from mailgate.pipeline import Pipeline, Step
from mailgate.pop3.server import pop3_door
from mailgate.quotas import Quotas
from mailgate.reserve import Reserve
from mailgate.sending.client import smarthost_client
from mailgate.sending.login import read_password
from mailgate.sending.place import parse_smarthost
from mailgate.service.logins import Logins
from mailgate.service.personalities import (
    AS_CONFIGURED,
    Disguise,
    Kind,
    SMTPKind,
    pop3_personality,
    smtp_personality,
)
from mailgate.smtp.server import smtp_door
from mailgate.smtp.surroundings import Surroundings
from mailgate.spool import Memory, Spool
from mailgate.store.maildir.apart import start_process
from mailgate.store.maildir.resident import resident
from mailgate.store.maildir.store import MaildirStore
from mailgate.sweeping.sweeper import Sweeper
from mailgate.tally import Tally

ENTROPY_OCTETS: Final = 10
MINUTE: Final = 60.0


@frozen
class Access:
    """Who is who, for one gateway."""

    directory: IDirectory
    checker: ICredentialsChecker
    rulebook: Rulebook
    domains: Domains | None  # None: anybody

    def decide(self, config: Config) -> None:
        """Let `config` say what holds for maildrops where nobody else does: for old sessions too, as an edit would."""
        if self.domains is not None:
            self.domains.decide(decisions(config.maildrops))


@frozen(kw_only=True)
class Frame:
    """What a front is built into: the clock and threads of this process, and who reads its facts."""

    clock: IReactorTime
    disk: Offload
    commits: Offload  # one thread
    commits_apart: bool  # with a process of its own beside it
    hashing: Offload
    bulletin: Bulletin
    spools: str  # the directory for bodies that are too large for memory
    node: str
    commits_watch: Commits  # counts what is being committed


def new_id() -> str:
    """An id for a message, a session or an error."""
    return make_id(time.time_ns() // 1_000_000, int.from_bytes(os.urandom(ENTROPY_OCTETS)))


def known_users(
    config: Config,
    hashing: Offload,
    report: Callable[[Fault], None],
    clock: IReactorTime,
    *,
    aside: Offload | None = None,
    domains: Domains | None = None,
) -> Access:
    """Who is on disk, and whoever else knows passwords. Raises `CannotBuild`.

    `domains` are those that are in force, with all that they have read, where there are some; they go on as they were
    until `Access.decide`. `report` and `aside` are as `registered` has them.
    """
    if domains is None:
        domains = registered(config, report, aside)
    cost = Cost(config.accounts.hash_memory // 1024, config.accounts.hash_passes)
    own = PasswordChecker(domains, hashing, cost=cost)
    try:
        others = load_checkers(config.accounts.checkers)
    except BadChecker as error:
        raise CannotBuild(list(error.faults)) from error
    checker: ICredentialsChecker = CheckerChain(own, others, domains, clock) if others else own
    return Access(Directory(domains, config.hostname), checker, domains, domains)


def registered(config: Config, report: Callable[[Fault], None], aside: Offload | None = None) -> Domains:
    """The accounts on disk, for as long as the process lives: what of them depends on the configuration is fixed, but
    for what `Access.decide` changes. What is wrong with a later edit goes to `report`; `aside` takes long ones apart.
    """
    default = decisions(config.maildrops)
    return Domains(
        config.accounts.directory,
        report,
        spelling=spelling(config.accounts),
        default=default,
        aside=aside,
        glance_seconds=GLANCE_SECONDS,
    )


def anyone(config: Config, passwords: Mapping[str, str]) -> Access:
    """Any recipient, and any password for whom `passwords` has none: development and tests."""
    rulebook = AnyoneRules(decisions(config.maildrops))
    return Access(AnyoneDirectory(config.hostname), AnyoneChecker(config.hostname, passwords), rulebook, None)


def steps(config: Config) -> tuple[Step, ...]:
    """The pipeline's steps. Raises `CannotBuild` with a fault for each handler that cannot be had."""
    made: list[Step] = []
    faults: list[Fault] = []
    for number, entry in enumerate(config.handler, 1):
        try:
            provider = make_handler(entry.use, entry.options, f"handler[{number}]")
        except BadHandler as error:
            faults.extend(error.faults)
        else:
            made.append(Step(entry.name, provider, entry.timeout, entry.on_error))
    if faults:
        raise CannotBuild(faults)
    return tuple(made)


def smarthost(config: Config, frame: Frame) -> ISmarthost | None:
    """Who takes mail for other systems; None: nobody. Raises `CannotBuild`, where what root could read, who we are now
    cannot.
    """
    section = config.submission
    if not section.smarthost:
        return None
    place = parse_smarthost(section.smarthost)
    key = "submission.smarthost_password"
    try:
        if place.user:
            read_password(section.smarthost_password)
        key = "submission.smarthost_ca"
        return smarthost_client(
            place,
            config.hostname,
            section.smarthost_password,
            section.smarthost_ca or None,
            frame.clock,
            frame.bulletin,
            section.smarthost_timeout,
        )
    except (OSError, ValueError) as error:
        raise CannotBuild([Fault(key, str(error))]) from error


class CannotBuild(Exception):
    """What the configuration asks for cannot be had."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = tuple(faults)


class Front:
    """Store, delivery and pipeline of one gateway, and the doors that lead to them."""

    def __init__(
        self,
        config: Config,
        access: Access,
        frame: Frame,
        letters: Letters | None = None,
        logins: Logins | None = None,
        before: Front | None = None,
    ) -> None:
        """`letters`: who is given what arrives; `logins` None: nobody counts wrong passwords. `before`: whose place it
        takes, with the store and its locks. Raises `CannotBuild`.
        """
        self._config = config
        self._frame = frame
        self.spools = os.path.abspath(frame.spools)  # twistd changes the working directory later on
        self.directory = access.directory
        self.rulebook = access.rulebook
        self.store: MaildirStore = before.store if before is not None else _store(config, frame)
        self._portal = Portal(Realm(self.store, access.domains, access.rulebook), [access.checker])
        self._tally = logins.delays if logins is not None else Tally()
        self._throttle = logins.throttle if logins is not None else None
        self._pipeline = Pipeline(steps(config), access.directory, frame.bulletin, frame.clock, config.handlers_timeout)
        store = WatchedStore(self.store, frame.commits_watch)
        delivery: IDelivery = Delivery(store, frame.bulletin, smarthost(config, frame))
        self.delivery: IDelivery = delivery if letters is None else Recorder(delivery, letters, time.time, frame.disk)
        self._memory = Memory(config.limits.content_memory)
        self.has_room = Reserve(config.store.directory, config.store.min_free).has_room
        permanent = config.store.over_quota == "refuse"
        self._quotas = Quotas(access.rulebook.quota, self.store.usage, frame.bulletin, permanent=permanent)
        self._exempt = Networks(config.limits.exempt)
        self._recipients = Rate(config.limits.recipients_per_minute, MINUTE, time.monotonic)

    @property
    def judges(self) -> tuple[Step, ...]:
        """Policies and handlers, in their order."""
        return self._pipeline.steps

    def sweeper(self) -> Sweeper:
        """Who removes what is not to be kept."""
        return Sweeper(self.store, self.rulebook.sweep_rules, self._frame.bulletin)

    def door(self, kind: Kind, *, tls_on_demand: bool, disguise: Disguise = AS_CONFIGURED) -> Build[Any]:
        """What a listener of this kind answers with; `tls_on_demand`: may it offer STARTTLS or STLS? Raises ValueError
        for a disguise that cannot be.
        """
        if kind == "pop3":
            return self._pop3(tls_on_demand, disguise)
        return self._smtp(kind, tls_on_demand, disguise)

    def _smtp(self, kind: SMTPKind, tls_on_demand: bool, disguise: Disguise) -> Build[Any]:
        return smtp_door(
            Surroundings(
                personality=smtp_personality(self._config, kind, starttls=tls_on_demand, disguise=disguise),
                pipeline=self._pipeline,
                directory=self.directory,
                delivery=self.delivery,
                portal=self._portal if kind == "submission" else None,
                spools=lambda: Spool(self.spools, self._config.store.memory, self._memory),
                bulletin=self._frame.bulletin,
                new_id=new_id,
                now=time.time,
                has_room=self.has_room,
                check_quotas=self._quotas.check,
                may_name_recipient=self._may_name_recipient,
                throttle=self._throttle,
                normalises=Networks(self._config.smtp.normalise_from if kind == "smtp" else ()).contains,
            )
        )

    def _may_name_recipient(self, client: str) -> bool:
        return self._exempt.contains(client) or self._recipients.take(network_of(client))

    def _pop3(self, tls_on_demand: bool, disguise: Disguise) -> Build[Any]:
        personality = pop3_personality(self._config, tls_available=tls_on_demand, disguise=disguise)
        return pop3_door(
            personality,
            self._portal,
            self._frame.bulletin,
            new_id,
            time.monotonic,
            pause=partial(deferLater, self._frame.clock, 0),
            promise=self.rulebook.promise,
            tally=self._tally,
            throttle=self._throttle,
        )


def _store(config: Config, frame: Frame) -> MaildirStore:
    return MaildirStore(
        config.store.directory,
        frame.node,
        frame.disk,
        commits=frame.commits,
        soon=partial(frame.clock.callLater, 0),
        sync=config.store.sync,
        resident=resident(),
        apart=start_process if frame.commits_apart else None,
    )
