"""Mailgate and Dovecot in turn, on maildrops of their own that are alike."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.command import Choice, Failed, Section, say
from bench.findings import Finding, Measure, Report, Target
from bench.pop3 import dovecot, measuring
from bench.pop3.cases import Case, cases, small
from bench.pop3.gateway import OURS, mailgate
from bench.pop3.maildrops import Site, fill
from bench.servers import CannotStart, Kind, Server
from tests.clients.authority import Authority

STARTS: Final = 3  # rounds of the cases that start servers: those take longer, and vary less
RUN_SECONDS: Final = 1.2
QUICK_SECONDS: Final = 0.3
SHIPPED: Final = "Dovecot as shipped"
BEST: Final = "Dovecot, high-performance"
REMARKS: Final = (
    "All over loopback and in clear unless a case says otherwise, clients in lockstep on the same cores. "
    "Passwords are {PLAIN} everywhere, so that no hash is measured.",
    "Where the clients' share of a core is above 85 %, they may be the limit.",
)
CPU: Final = Measure("cpu_milliseconds", "CPU of the server, all its processes", "ms a session", 2, True)
LOAD: Final = Measure("load_percent", "CPU of the clients", "% of a core", 0, True)


class Bench:
    """The servers of one run, each with maildrops of its own, and where they live."""

    def __init__(self, choice: Choice, directory: Path, chosen: Sequence[Case], alone: bool) -> None:
        self._directory = directory
        self._cases = chosen
        self._rounds = choice.rounds
        self._seconds = QUICK_SECONDS if choice.quick else RUN_SECONDS
        authority = Authority("CA of a measurement")
        self._certificate, self._key = directory / "cert.pem", directory / "key.pem"
        authority.issue(self._certificate, self._key)
        self.kinds = [mailgate(choice.python, self._site(OURS, None))]
        if not alone:
            self.kinds += [
                dovecot.dovecot(SHIPPED, self._site("shipped", dovecot.OWNER), dovecot.AS_SHIPPED),
                dovecot.dovecot(BEST, self._site("best", dovecot.OWNER), dovecot.HIGH_PERFORMANCE),
            ]
        os.sync()  # nobody is to wait for the disk because of what was made just now

    def run(self) -> Iterator[Finding]:
        """One finding after the other."""
        with contextlib.ExitStack() as stack:
            warm = [stack.enter_context(self._started(kind)) for kind in self.kinds]
            for drops in {case.drops: None for case in self._cases if case.how != "idle"}:
                for server in warm:
                    say(f"{server.name}: {drops.prefix} polled once in {measuring.warm(server, drops):.2f} s")
            for case in self._cases:
                say(case.title)
                yield _finding(case, self._rounds_of(case, warm))

    def _rounds_of(self, case: Case, warm: list[Server]) -> dict[str, list[measuring.Figure]]:
        runs: dict[str, list[measuring.Figure]] = {kind.name: [] for kind in self.kinds}
        for turn in range(self._rounds if case.how == "warm" else min(self._rounds, STARTS)):
            for kind, server in zip(self.kinds, warm, strict=True):
                if case.how == "warm":
                    figure = measuring.measure(case, server, turn, self._seconds)
                else:
                    with self._started(kind) as fresh:
                        idle = case.how == "idle"
                        figure = (
                            measuring.measure_idle(case, fresh) if idle else measuring.measure(case, fresh, turn, 0.0)
                        )
                runs[kind.name].append(figure)
        return runs

    @contextlib.contextmanager
    def _started(self, kind: Kind) -> Iterator[Server]:
        directory = Path(tempfile.mkdtemp(dir=self._directory))
        with kind.start(directory) as server:
            yield server

    def _site(self, name: str, owner: int | None) -> Site:
        mail = self._directory / name
        drops = list({case.drops: None for case in self._cases})
        say(f"making maildrops: {name}")
        for each in drops:
            fill(mail, each, owner)
        for path in (mail, *mail.iterdir()):
            path.chmod(0o755)
        users = tuple(user for each in drops for user in each.users)
        return Site(mail, users, self._certificate, self._key)


def measure(choice: Choice) -> Report:
    """All chosen cases. Raises `Failed`."""
    chosen = [case for case in cases(choice.rounds) if choice.has(case.key)]
    if choice.quick:
        chosen = [small(case) for case in chosen]
    why_not = "not asked for" if choice.alone else dovecot.why_not()
    directory = choice.directory / "pop3"
    directory.mkdir(mode=0o711)
    try:
        bench = Bench(choice, directory, chosen, bool(why_not))
        findings = tuple(bench.run())
    except (CannotStart, measuring.Failed) as error:
        raise Failed(str(error)) from error
    about = {"Dovecot": f"skipped: {why_not}" if why_not else dovecot.version()}
    return Report("pop3", "POP3", OURS, tuple(kind.name for kind in bench.kinds), about, REMARKS, findings)


def _finding(case: Case, runs: dict[str, list[measuring.Figure]]) -> Finding:
    main = Measure("value", "Speed, time and memory", case.unit.name, case.unit.digits, case.unit.less_is_better)
    targets: tuple[Target, ...] = ()
    if case.target is not None:
        targets = (Target(main.key, case.target.value, (SHIPPED, BEST) if case.target.ratio else ()),)
    told = {
        name: [
            {"value": run.value, "cpu_milliseconds": run.cpu_milliseconds, "load_percent": run.load_share * 100}
            for run in figures
        ]
        for name, figures in runs.items()
    }
    return Finding(case.key, case.title, (main, CPU, LOAD), targets, told)


SECTION: Final = Section(tuple(case.key for case in cases(1)), measure)
