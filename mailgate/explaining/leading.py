"""Where a forward-path leads: what the directory says of it, and how that comes about."""

from __future__ import annotations

import os
from collections.abc import Iterator

from attrs import frozen

from mailgate.accounts.domains import Domains
from mailgate.accounts.register import Domain, Register
from mailgate.explaining.story import Part, Step
from mailgate.explaining.surroundings import Surroundings
from mailgate.explaining.way import way_of
from mailgate.faults import Fault
from mailgate.mail import Destination, Path, Refused, Relay
from mailgate.smtp.mailing import NO_RELAY, NOBODY
from mailgate.wire.address import fold_domain


@frozen
class Led:
    """What came of it."""

    part: Part
    register: Register | None  # what was known of accounts at that moment; None: anybody is somebody
    destinations: tuple[Destination, ...] = ()


async def lead(path: Path, to: Surroundings) -> Led:
    """As at RCPT, for somebody who has not logged in."""
    register = to.domains.current(path.domain or to.hostname) if to.domains is not None else None
    steps = _steps(path, register, to)
    try:
        destinations = await to.directory.resolve(path)
    except Refused as refusal:
        return Led(Part(steps, refusal.reply, str(refusal.__cause__ or "")), register)
    if not destinations:
        return Led(Part(steps, NOBODY), register)
    if any(isinstance(place, Relay) for place in destinations):
        return Led(Part(steps, NO_RELAY), register)
    return Led(Part(steps), register, destinations)


def _steps(path: Path, register: Register | None, to: Surroundings) -> Iterator[Step]:
    if not str(path).isascii():
        detail = "who does not hears 553 5.6.7 (RFC 6531 3.5)"
        yield Step(topic="name", question="Is it ASCII?", answer="no: a sender has to say SMTPUTF8", detail=detail)
    if register is None or to.domains is None:
        question = f"Is {path.domain or to.hostname} ours?"
        detail = "development mode: every address is somebody's"
        yield Step(topic="domain", question=question, answer="yes", detail=detail)
    elif register.unread is not None:
        yield _unread(register.unread)
    else:
        yield from _known(path, register, to.domains, to)


def _unread(fault: Fault) -> Step:
    return Step(
        topic="domain",
        question="Which domains are ours?",
        answer="that cannot be told",
        detail=fault.what,
        where=fault.where,
    )


def _known(path: Path, register: Register, domains: Domains, to: Surroundings) -> Iterator[Step]:
    domain = fold_domain(path.domain) or _postmasters(register, fold_domain(to.hostname))
    if not path.domain:
        whose = f"that of {domain}" if domain else "nobody's: there is no domain"
        yield Step(topic="name", question="Whose postmaster is meant?", answer=whose)
    own = register.domains.get(domain)
    if own is None:
        yield _foreign(domain, domains.directory, to.relays)
        return
    where = os.path.join(domains.directory, domain)
    yield Step(topic="domain", question=f"Is {domain} ours?", answer="yes", where=where)
    yield from _misunderstood(own)
    yield from way_of(register, path.local_part, domain)


def _postmasters(register: Register, hostname: str) -> str:
    """The domain of a bare <postmaster>, as `accounts.directory` has it; empty if there is none at all."""
    return hostname if register.is_ours(hostname) else next(iter(register.domains), "")


def _foreign(domain: str, directory: str, relays: bool) -> Step:
    users = "users who have logged in may send there, by the smarthost; nobody else may"
    detail = users if relays else "nobody may send there, as there is no smarthost"
    return Step(
        topic="domain", question=f"Is {domain} ours?", answer="no", detail=detail if domain else "", where=directory
    )


def _misunderstood(own: Domain) -> Iterator[Step]:
    fault = own.unread or own.stale
    if fault is not None:
        effect = "nobody can be looked up by it" if own.unread is not None else "what was there before is in force"
        yield Step(
            topic="domain",
            question="Are its files understood?",
            answer=f"no: {fault.what}",
            detail=effect,
            where=fault.where,
        )
