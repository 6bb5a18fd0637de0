"""What could be read of account files that have a fault: for people to look at, not for edits, and not for mail."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from attrs import evolve

if TYPE_CHECKING:
    from mailgate.accounts.register import Domain, Register
    from mailgate.accounts.watched import Watched
    from mailgate.faults import Fault

V = TypeVar("V")


def is_doubtful(own: Domain) -> bool:
    """Is there a fault in its files, so that what it says is not in force?"""
    return own.unread is not None or own.stale_app_passwords is not None


def legible(directory: str, register: Register) -> Register:
    """The same, with all lines that have no fault, also those of files in which others have one."""
    from mailgate.accounts.register import Register

    domains = (_legible(os.path.join(directory, name), own) for name, own in register.domains.items())
    return Register.of(domains, register.names.spelling, register.default)


def _legible(place: str, own: Domain) -> Domain:
    from mailgate.accounts.aliases import parse_aliases
    from mailgate.accounts.app_passwords import parse_app_passwords
    from mailgate.accounts.domain_rules import NO_DOMAIN_RULES, parse_domain_rules
    from mailgate.accounts.users import parse_users

    if not is_doubtful(own):
        return own
    rules = _read(os.path.join(place, "rules"), parse_domain_rules)
    return evolve(
        own,
        accounts=_lines(os.path.join(place, "users"), partial(parse_users, domain=own.name)),
        aliases=_lines(os.path.join(place, "aliases"), partial(parse_aliases, domain=own.name)),
        app_passwords=_lines(os.path.join(place, "app-passwords"), partial(parse_app_passwords, domain=own.name)),
        decisions=(rules.value or NO_DOMAIN_RULES).decisions if not rules.faults else None,
    )


def _lines(path: str, parse: Callable[..., tuple[Mapping[str, V], tuple[Fault, ...]]]) -> Mapping[str, V]:
    return _read(path, lambda text, where: parse(text, where=where)).draft or {}


def _read(path: str, parse: Callable[[str, str], tuple[V, tuple[Fault, ...]]]) -> Watched[V]:
    from mailgate.accounts.watched import Watched

    file = Watched(path, parse)
    file.refresh()
    return file
