"""The directory of domains, live: `<domain>/users` and, if wanted, `<domain>/aliases` and `<domain>/rules`.

Files are read where they are asked for, in the reactor's thread. A question looks at the files of the domain that it is
about, which costs some microseconds; all others are looked at once a second at most. Where very many lines are new a
thread takes them apart, and until it has, what is not known of the domain is put off.

It lives as long as the process: when the configuration is read again, no file is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from attrs import evolve

from mailgate.accounts.decisions import NOTHING_SAID, Decisions
from mailgate.accounts.files import FIRST, KEPT, KEPT_AWHILE, NO_ALIAS, NOBODY, PUT_OFF, DomainFiles
from mailgate.accounts.judging import alike, astray
from mailgate.accounts.lookup import Names
from mailgate.accounts.register import Register
from mailgate.accounts.ruling import contradictory
from mailgate.accounts.spelling import DEFAULT_SPELLING, Spelling
from mailgate.faults import Fault
from mailgate.interfaces import Offload
from mailgate.rules import Promise, Quota, Rules
from mailgate.wire.address import fold_domain

LOOK_SECONDS: Final = 1.0
GLANCE_SECONDS: Final = 0.001  # for a server: the recipients of a message come within one
NO_DOMAIN: Final = "nobody can be reached until it is repaired"


class Domains:
    """What the files say now. An edit that is broken changes nothing and is reported once."""

    def __init__(
        self,
        directory: str,
        report: Callable[[Fault], None],
        clock: Callable[[], float] = time.monotonic,
        spelling: Spelling = DEFAULT_SPELLING,
        default: Decisions = NOTHING_SAID,
        aside: Offload | None = None,
        glance_seconds: float = 0.0,
    ) -> None:
        """`report` is told of each fault that comes up after `load`, and of what it does. `spelling` says which
        addresses mean the same, `default` what holds where neither user nor domain says anything. `aside` takes apart
        what would hold up the reactor, but for `load` and `unreadable`; None: nothing does. What was seen of a domain
        is believed for `glance_seconds`. Nothing is read yet.
        """
        self.directory = directory
        self._report = report
        self._clock = clock
        self._spelling = spelling
        self._default = default
        self._aside = aside
        self._glance_seconds = glance_seconds
        self._glanced = ("", 0.0)  # at which domain, and when
        self._due = float("-inf")  # when to look at everything again
        self._files: dict[str, DomainFiles] = {}  # by the directory's name
        self._register = Register()
        self._listed = False  # has it ever been?
        # What is wrong, and what that does: with the directory, with what is in it, with that and the default; and all.
        self._unlisted: Mapping[Fault, str] = {}
        self._within: Mapping[Fault, str] = {}
        self._at_odds: Mapping[Fault, str] = {}  # with the default
        self._found: Mapping[Fault, str] = {}

    def load(self) -> tuple[Fault, ...]:
        """Read all there is, and give all that is wrong with it. What is without fault is in force."""
        self._look_at_all()
        return tuple(self._found)

    def unreadable(self) -> tuple[Fault, ...]:
        """Read all there is, and give the faults for which a domain, or its aliases, could not be served at all.

        To be asked once more when privileges are dropped: what root could read is not always for others to read. All
        other faults are reported.
        """
        before = self._found
        self._look_at_all()
        fatal = self._fatal()
        self._tell((*before, *fatal))
        return fatal

    def unserved(self) -> tuple[Fault, ...]:
        """The faults for which a domain, or its aliases, cannot be served now."""
        self.current()
        return self._fatal()

    def wrong(self) -> str:
        """The first of all faults there are now, and how many more there are; empty: there is none."""
        self.current()
        first = next(iter(self._found), None)
        more = f", and {len(self._found) - 1} more" if len(self._found) > 1 else ""
        return "" if first is None else f"{first}{more}"

    def _fatal(self) -> tuple[Fault, ...]:
        return tuple(fault for fault, effect in self._found.items() if effect in (NO_DOMAIN, NOBODY, NO_ALIAS))

    def decide(self, default: Decisions) -> None:
        """From now on let `default` hold where neither user nor domain says anything: for everybody who asks, as an
        edit of the files would. No file is read or judged again. A contradiction that comes of it is reported.
        """
        if default == self._default:
            return
        before, self._default = self._found, default
        self._register = evolve(self._register, default=default)
        self._at_odds = dict.fromkeys(self._contradictory(), KEPT_AWHILE)
        self._gather()
        self._tell(before)

    def current(self, domain: str = "") -> Register:
        """What is in force: of `domain` as of now (or a glance ago), of all others as of a second ago at most.

        Take it once for each question, so that the answer is of one piece.
        """
        before, now = self._found, self._clock()
        if now >= self._due:
            self._look_at_all(self._aside)
        elif domain and (self._glanced[0] != domain or now - self._glanced[1] >= self._glance_seconds):
            self._look_at(fold_domain(domain))
            self._glanced = domain, now
        if self._found is not before:
            self._tell(before)
        return self._register

    def rules(self, name: str) -> Rules:
        """As `ruling.Rulebook` has it."""
        return self.current(name.rpartition("@")[2]).rules(name)

    def sweep_rules(self, name: str) -> Rules | None:
        """As `ruling.Rulebook` has it."""
        return self.current(name.rpartition("@")[2]).sweep_rules(name)

    def quota(self, name: str) -> Quota:
        """As `ruling.Rulebook` has it."""
        return self.current().rules(name).quota

    def promise(self) -> Promise:
        """As `ruling.Rulebook` has it."""
        return self.current().promise()

    def _tell(self, known: Collection[Fault]) -> None:
        for fault, effect in self._found.items():
            if fault not in known:
                self._report(evolve(fault, what=f"{fault.what}; {effect}") if effect else fault)

    def _look_at(self, domain: str) -> None:
        there = os.path.lexists(f"{self.directory}/{domain}")
        if there != (domain in self._files):
            self._look_at_all(self._aside)
        elif there and self._files[domain].refresh(self._aside):
            self._put_together()

    def _look_at_all(self, aside: Offload | None = None) -> None:
        self._due = self._clock() + LOOK_SECONDS
        try:
            names = sorted(name for name in os.listdir(self.directory) if not name.startswith("."))
        except OSError as error:
            self._cannot_list(_unlisted(self.directory, error))
            return
        changed = bool(self._unlisted) or names != list(self._files)
        self._listed, self._unlisted = True, {}
        self._files = {name: self._files.get(name) or DomainFiles(self.directory, name) for name in names}
        refreshed = [files.refresh(aside) for files in self._files.values()]
        if changed or any(refreshed):
            self._put_together()

    def _cannot_list(self, fault: Fault) -> None:
        # A file system that is not mounted is no reason to forget everybody, nor to say that nobody is here.
        if not self._listed:
            self._register = Register(unread=fault)
        self._unlisted = {fault: KEPT if self._listed else NO_DOMAIN}
        self._gather()

    def _put_together(self) -> None:
        """Make anew what follows from the files: the register and the faults."""
        # Where there are both, example.org goes before Example.Org.
        files = sorted(self._files.values(), key=lambda files: files.misnamed is None)
        in_force = (domain for each in files if (domain := each.in_force) is not None)
        self._register = Register.of(in_force, self._spelling, self._default)
        within = {fault: effect for each in self._files.values() for fault, effect in each.found.items()}
        names = self._drafts() if within else self._register.names
        broken = astray(names) if within else self._register.broken
        self._within = within | dict.fromkeys(broken.values(), PUT_OFF) | dict.fromkeys(alike(names), FIRST)
        self._at_odds = dict.fromkeys(self._contradictory(), KEPT_AWHILE)
        self._gather()

    def _gather(self) -> None:
        self._found = {**self._unlisted, **self._within, **self._at_odds}

    def _contradictory(self) -> Iterator[Fault]:
        drafts = [draft for files in self._files.values() if (draft := files.draft) is not None]
        accounts = (account for draft in drafts for account in draft.accounts.values())
        rules = {draft.domain: draft.rules for draft in drafts if draft.rules is not None}
        return contradictory(accounts, rules, self._default)

    def _drafts(self) -> Names:
        """Everybody as the files are now, so that one bad line does not hide what is wrong with the others."""
        drafts = [draft for files in self._files.values() if (draft := files.draft) is not None]
        return Names(
            domains={draft.domain for draft in drafts},
            accounts={name: account for draft in drafts for name, account in draft.accounts.items()},
            aliases={name: alias for draft in drafts for name, alias in draft.aliases.items()},
            spelling=self._spelling,
            likely={name for draft in drafts for name in draft.likely},
            opaque={draft.domain for draft in drafts if draft.opaque},
        )


def _unlisted(directory: str, error: OSError) -> Fault:
    if isinstance(error, FileNotFoundError):
        example = os.path.join(directory, "example.org", "users")
        hint = f"create {example} with lines such as user:{{ARGON2ID}}$argon2id$…"
        return Fault(directory, "there is no such directory of accounts", hint)
    return Fault(directory, f"cannot be listed: {error.strerror or error}")
