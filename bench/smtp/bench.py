"""mailgate and its peers in turn, each with configuration, state and mail of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

from bench.command import Choice, Failed, Section, say
from bench.findings import Finding, Report
from bench.interpreter import Interpreter
from bench.servers import CannotStart, Server
from bench.smtp import gateway
from bench.smtp.cases import MEASURES, Case, cases
from bench.smtp.gateway import OURS
from bench.smtp.maildrops import Lost, Site
from bench.smtp.measuring import Idle, Refused, look_at, measure
from bench.smtp.peers import PEERS, Peer
from tests.clients.authority import Authority
from tests.clients.installing import CannotInstall

RUN_SECONDS: Final = 1.0
QUICK_SECONDS: Final = 0.3
REMARKS: Final = (
    "All over loopback and in clear unless a case says otherwise, clients on the same cores. A client sends MAIL, RCPT "
    "and DATA in one go (RFC 2920; aiosmtpd does not offer it, and copes), then waits for the reply to its final dot.",
    "A rate counts messages from the first connection until all of them are in the Maildirs. Every message is then "
    "read and compared. Each run begins with one small message to every maildrop, which is not counted.",
    "mailgate with accounts, limits, loop guard, trace fields and its log; what is put in front of a message is "
    "mailgate's and Postfix's alone. Postfix replies when a message is in its queue, and does not sync the Maildir's "
    "directories; all others reply when it is in the Maildir, and sync them.",
    "Resident: what processes share counts for each of them. Where the clients' share of a core is above 85 %, "
    "they may be the limit.",
)


@frozen
class Contestant:
    """A server that is measured."""

    name: str
    start: Callable[[Path, Site, Case], contextlib.AbstractContextManager[Server]]


@frozen
class Running:
    """One of them at work."""

    server: Server
    site: Site
    idle: Idle


class Bench:
    """All runs of one choice."""

    def __init__(self, choice: Choice, directory: Path, contestants: Sequence[Contestant]) -> None:
        self._choice = choice
        self._directory = directory
        self._contestants = contestants
        self._certificate, self._key = directory / "cert.pem", directory / "key.pem"
        Authority("CA of a measurement").issue(self._certificate, self._key)
        self.failed: list[str] = []  # in words: which peers, and why

    def finding(self, case: Case) -> Finding:
        """One case: all servers are started, and then asked in turn. Raises `Failed` if ours fails."""
        say(case.title)
        runs: dict[str, list[dict[str, float]]] = {}
        with contextlib.ExitStack() as stack:
            running: dict[str, Running] = {}
            for contestant in self._contestants:
                with self._may_fail(case, contestant.name, runs):
                    running[contestant.name] = stack.enter_context(self._started(contestant, case))
                    runs[contestant.name] = []
            for turn in range(self._choice.rounds):
                for name in list(runs):
                    with self._may_fail(case, name, runs):
                        runs[name].append(self._run(case, running[name], turn))
        return Finding(case.key, case.title, MEASURES, case.targets, runs)

    def _run(self, case: Case, running: Running, turn: int) -> dict[str, float]:
        seconds = QUICK_SECONDS if self._choice.quick else RUN_SECONDS
        return measure(case, running.server, running.idle, running.site, turn, seconds)

    @contextlib.contextmanager
    def _started(self, contestant: Contestant, case: Case) -> Iterator[Running]:
        users = tuple(name for turn in range(self._choice.rounds) for name in case.names(turn))
        home = self._directory / contestant.name.split()[0].lower()
        home.mkdir(mode=0o711, exist_ok=True)
        for place in ("mail", "state"):
            (home / place).mkdir(exist_ok=True)
        site = Site(home / "mail", users, self._certificate, self._key)
        with contestant.start(home / "state", site, case) as server:
            yield Running(server, site, look_at(server))

    @contextlib.contextmanager
    def _may_fail(self, case: Case, name: str, runs: dict[str, list[dict[str, float]]]) -> Iterator[None]:
        """A peer that fails is out of this case, and that is told; without ours there is nothing to compare."""
        try:
            yield
        except (CannotStart, Refused, Lost) as error:
            if name == OURS:
                raise Failed(str(error)) from error
            runs.pop(name, None)
            self.failed.append(f"{name}, {case.title}: {error}")
            say(self.failed[-1])


def measure_all(choice: Choice) -> Report:
    """All chosen cases. Raises `Failed`."""
    directory = choice.directory / "smtp"
    directory.mkdir(mode=0o711)
    about: dict[str, str] = {}
    peers = [peer for peer in PEERS if _is_had(peer, choice, about)]
    bench = Bench(choice, directory, [_ourselves(choice.python), *map(_contestant, peers)])
    findings = tuple(bench.finding(case) for case in cases() if choice.has(case.key))
    if bench.failed:
        about["Failed"] = "; ".join(bench.failed)
    return Report("smtp", "SMTP", OURS, (OURS, *(peer.name for peer in peers)), about, REMARKS, findings)


def _is_had(peer: Peer, choice: Choice, about: dict[str, str]) -> bool:
    """Is it installed by now? `about` gets its version, or why not."""
    try:
        if choice.alone:
            raise CannotInstall("not asked for")
        about[peer.name] = peer.prepare()
    except CannotInstall as error:
        about[peer.name] = f"skipped: {error}"
        say(f"{peer.name}: {about[peer.name]}")
        return False
    return True


def _contestant(peer: Peer) -> Contestant:
    return Contestant(peer.name, lambda directory, site, case: peer.start(directory, site))


def _ourselves(python: Interpreter) -> Contestant:
    return Contestant(OURS, lambda directory, site, case: gateway.start(python, directory, site, case.adds_field))


SECTION: Final = Section(tuple(case.key for case in cases()), measure_all)
