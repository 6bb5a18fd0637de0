"""The way of a name through users, aliases and the catch-all, step by step, as `accounts.register` goes it.

What comes of it the register itself says; here is only told how it gets there. A test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mailgate.accounts.lookup import ABUSE, POSTMASTER, Found, is_catch_all
from mailgate.accounts.names import account_name
from mailgate.accounts.register import Register
from mailgate.accounts.users import Account
from mailgate.explaining.story import Step
from mailgate.explaining.words import listed
from mailgate.faults import Fault, probably

MAX_STEPS: Final = 100  # a list may have thousands of members


def way_of(register: Register, local_part: str, domain: str) -> tuple[Step, ...]:
    """The steps for a mailbox of a domain of ours: one for every name that is looked up, in that order."""
    steps: list[Step] = []
    for step in _Walk(register).steps(account_name(local_part, domain)):
        if len(steps) == MAX_STEPS:
            steps.append(Step(topic="name", question="And the rest?", answer="too much to be shown"))
            break
        steps.append(step)
    return tuple(steps)


class _Walk:
    def __init__(self, register: Register) -> None:
        self._register = register
        self._names = register.names
        self._is_broken = False
        self._entered: list[Account] = []

    def steps(self, name: str) -> Iterator[Step]:
        yield from self._behind(name)
        last = None
        if self._is_broken:
            last = self._names.last_resort(name)
        elif self._entered and all(account.closed for account in self._entered):
            last = self._names.on_duty(name)
        if last is not None:
            yield self._step(name, last)

    def _behind(self, name: str) -> Iterator[Step]:
        seen: set[tuple[str, bool]] = set()
        waiting = [name]
        while waiting and not self._is_broken:
            target = waiting.pop()
            found = self._names.find(target)
            fault = self._fault(target, found)
            if fault is not None:
                self._is_broken = True
                yield _broken(target, found, fault)
            elif found is None:
                yield self._nobody(target)
            elif (found.name, found.alias is None) in seen:
                yield Step(topic="name", question=_question(target), answer=f"{found.name}, who has it already")
            else:
                seen.add((found.name, found.alias is None))
                waiting.extend(reversed(found.alias.targets) if found.alias is not None else ())
                yield self._step(target, found)

    def _fault(self, name: str, found: Found | None) -> Fault | None:
        """What keeps it from being said where that name leads."""
        if found is not None:
            return self._register.broken.get(found.name) if found.alias is not None else None
        own = self._register.domains.get(name.rpartition("@")[2])
        return own.unread or own.stale if own is not None else None

    def _step(self, name: str, found: Found) -> Step:
        detail = "; ".join(self._how(name, found))
        if found.alias is None:
            account = self._names.accounts[found.name]
            self._entered.append(account)
            closed = ", who takes no mail (mailgate_disabled=all)" if account.closed else ""
            where, answer = account.where, f"the user {found.name}{closed}"
        else:
            who = "the catch-all, as nobody has that name," if is_catch_all(found.name) else f"the alias {found.name}"
            where, answer = found.alias.where, f"{who} to {listed(found.alias.targets)}"
        return Step(topic="name", question=_question(name), answer=answer, detail=detail, where=where)

    def _nobody(self, name: str) -> Step:
        local_part, _, domain = name.rpartition("@")
        known = (each.rpartition("@") for each in (*self._names.accounts, *self._names.aliases))
        near = probably(local_part, (each for each, _, of in known if of == domain))
        detail = f"no user and no alias has that name, and {domain} has no catch-all (*)"
        return Step(
            topic="name", question=_question(name), answer="nobody", detail="; ".join(filter(None, (detail, near)))
        )

    def _how(self, name: str, found: Found) -> Iterator[str]:
        """Why a name means somebody who is written otherwise."""
        local_part, _, domain = name.rpartition("@")
        spelling = self._names.spelling
        base = spelling.split(local_part)[0] if found.tag else local_part
        if found.tag:
            yield f"the tag {found.tag} goes along"
        if is_catch_all(found.name) or found.name == f"{base}@{domain}":
            return
        theirs = found.name.rpartition("@")[0]
        if spelling.plain(base, domain) == spelling.plain(theirs, domain):
            yield f"dots mean nothing in {domain}"
        elif spelling.plain(base, domain) == ABUSE and spelling.plain(theirs, domain) == POSTMASTER:
            yield "where nobody has the name abuse, the postmaster answers to it (RFC 2142)"
        else:
            first = f"the first account of {domain}" if found.name.endswith(f"@{domain}") else "the first of all"
            yield f"somebody must answer to it (RFC 5321 4.5.1, RFC 2142), and nobody is named: {first}"


def _question(name: str) -> str:
    return f"Whom does {name} mean?"


def _broken(name: str, found: Found | None, fault: Fault) -> Step:
    answer = "that cannot be told now" if found is None else f"the alias {found.name}, which is out of service"
    detail = f"{fault.what}{f' ({fault.hint})' if fault.hint else ''}"
    return Step(topic="name", question=_question(name), answer=answer, detail=detail, where=fault.where)
