"""What an edit must not do: be made in a file that is not understood, leave one that is not, or put aliases out of
service that served before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from attrs import evolve, field, frozen

from mailgate.accounts.decisions import NOTHING_SAID, Decisions
from mailgate.accounts.domains import Domains
from mailgate.accounts.editing.files import CannotEdit
from mailgate.accounts.judging import alike
from mailgate.accounts.register import Register
from mailgate.accounts.spelling import DEFAULT_SPELLING, Spelling
from mailgate.accounts.watched import MAX_FILE_OCTETS
from mailgate.faults import Fault

V = TypeVar("V")

_Parse = Callable[[str, str, str], tuple[Mapping[str, V], tuple[Fault, ...]]]
Change = Callable[[str, Mapping[str, V]], str | None]
Judge = Callable[[Mapping[str, V]], None]
BYTE_ORDER_MARK: Final = "\ufeff"


def checked(
    parse: _Parse[V], domain: str, path: str, change: Change[V], judge: Judge[V]
) -> Callable[[str | None], str | None]:
    """For `LockedDirectory.edit`: `change` is given the text and what it says; `judge` what it would say, to raise
    `CannotEdit` if that must not be.
    """

    def edit(text: str | None) -> str | None:
        before = text or ""
        entries, faults = _parsed(parse, before, domain, path)
        if faults:
            raise CannotEdit(f"{path} is not edited while it has a fault:", faults)
        after = change(before, entries)
        if after is None:
            return None
        if len(after.encode()) > MAX_FILE_OCTETS:
            raise CannotEdit(f"{path} would be larger than {MAX_FILE_OCTETS} octets")
        entries, faults = _parsed(parse, after, domain, path)
        if faults:
            raise CannotEdit("that cannot be written:", faults)
        judge(entries)
        return after

    return edit


def _parsed(parse: _Parse[V], text: str, domain: str, path: str) -> tuple[Mapping[str, V], tuple[Fault, ...]]:
    return parse(text.removeprefix(BYTE_ORDER_MARK), domain, path)


@frozen
class Surroundings:
    """All domains as they are on disk, read when they are asked for."""

    directory: str
    spelling: Spelling = field(default=DEFAULT_SPELLING)
    default: Decisions = field(default=NOTHING_SAID)

    def register(self) -> Register:
        """What is in force."""
        return Domains(self.directory, _ignore, spelling=self.spelling, default=self.default).current()

    def judge(self, domain: str, **changed: Any) -> None:
        """Raises `CannotEdit` if aliases would lead astray, or names be alike, that are not so now: when that domain's
        `accounts` or `aliases` are others.
        """
        before = self.register()
        domains = {**before.domains, domain: evolve(before.domains[domain], **changed)}
        after = Register.of(domains.values(), self.spelling, self.default)
        astray = [fault for name, fault in after.broken.items() if name not in before.broken]
        known = alike(before.names)
        faults = (*astray, *(fault for fault in alike(after.names) if fault not in known))
        if faults:
            raise CannotEdit("that would not serve:", faults)


def _ignore(fault: Fault) -> None:
    """Who edits a file is told of that file alone."""
