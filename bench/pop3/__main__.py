"""`python -m bench.pop3`: POP3 of mailgate beside Debian's Dovecot, in turn, on the same messages, in one run.

Speeds are without TLS unless a case says otherwise. Passwords are {PLAIN} everywhere, so that no hash is measured.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.pop3 import dovecot, measuring
from bench.pop3.cases import Case, cases, small
from bench.pop3.gateway import mailgate
from bench.pop3.maildrops import Site, fill
from bench.pop3.servers import CannotStart, Kind, Server
from bench.pop3.table import OURS, Finding, as_json, show
from tests.clients.authority import Authority

ROUNDS: Final = 5
STARTS: Final = 3  # rounds of the cases that start servers: those take longer, and vary less
RUN_SECONDS: Final = 1.2
SHIPPED: Final = "Dovecot as shipped"
BEST: Final = "Dovecot, high-performance"


class Bench:
    """The servers of one run, each with maildrops of its own, and where they live."""

    def __init__(self, directory: Path, chosen: Sequence[Case], rounds: int, seconds: float, alone: bool) -> None:
        self._directory = directory
        self._cases = chosen
        self._rounds = rounds
        self._seconds = seconds
        authority = Authority("CA of a measurement")
        self._certificate, self._key = directory / "cert.pem", directory / "key.pem"
        authority.issue(self._certificate, self._key)
        self.kinds = [mailgate(self._site(OURS, None))]
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
                    _say(f"{server.name}: {drops.prefix} polled once in {measuring.warm(server, drops):.2f} s")
            for case in self._cases:
                _say(case.title)
                yield Finding(case, self._rounds_of(case, warm))

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
        _say(f"making maildrops: {name}")
        for each in drops:
            fill(mail, each, owner)
        for path in (mail, *mail.iterdir()):
            path.chmod(0o755)
        users = tuple(user for each in drops for user in each.users)
        return Site(mail, users, self._certificate, self._key)


def main() -> int:
    """0 if all went well, whether targets are met or not."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the servers are ended then too
    rounds, seconds = (2, 0.3) if options.quick else (ROUNDS, RUN_SECONDS)
    chosen = [case for case in cases(rounds) if options.only in (None, case.key)]
    if options.quick:
        chosen = [small(case) for case in chosen]
    why_not = dovecot.why_not()
    if why_not:
        _say(f"skipping Dovecot: {why_not}")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a thousand sessions at both ends
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mailgate-pop3-") as name:
        os.chmod(name, 0o711)  # Dovecot's processes go through it under names of their own
        try:
            bench = Bench(Path(name), chosen, rounds, seconds, alone=bool(why_not))
            findings = list(bench.run())
        except (CannotStart, measuring.Failed) as error:
            sys.stderr.write(f"bench.pop3: {error}\n")
            return 1
        _say(f"done after {time.monotonic() - began:.0f} s")
        show(findings, [kind.name for kind in bench.kinds])
    if options.json:
        about = {
            "python": sys.version.split()[0],
            "dovecot": why_not or dovecot.version(),
            "system": platform.platform(),
            "cores": os.cpu_count(),
        }
        text = json.dumps({"about": about, "cases": as_json(findings)}, indent=1)
        Path(options.json).write_text(f"{text}\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.pop3", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="only show that it runs, on a small scale")
    parser.add_argument("--only", metavar="CASE", choices=[case.key for case in cases(1)], help="one case: %(choices)s")
    parser.add_argument("--json", metavar="FILE", help="write every single figure there")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
