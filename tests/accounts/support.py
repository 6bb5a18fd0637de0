"""Domains as their files would make them, without files."""

from __future__ import annotations

from collections.abc import Iterable

from mailgate.accounts.aliases import parse_aliases
from mailgate.accounts.lookup import Names
from mailgate.accounts.register import Domain
from mailgate.accounts.spelling import DEFAULT_SPELLING, Spelling
from mailgate.accounts.users import parse_users
from mailgate.wire import address


def domain(name: str, users: Iterable[str] | str = "", aliases: str = "") -> Domain:
    """A domain of these users (unquoted names, or words), and of this `aliases` file; both must be without fault."""
    words = users.split() if isinstance(users, str) else users
    lines = "".join(f"{address.format_mailbox(user, 'd')[:-2]}:{{PLAIN}}x\n" for user in words)
    accounts, wrong_users = parse_users(lines, name, "users")
    entries, wrong_aliases = parse_aliases(aliases, name, "aliases")
    assert not wrong_users + wrong_aliases
    return Domain(name, accounts, entries)


def names(
    *domains: Domain, spelling: Spelling = DEFAULT_SPELLING, likely: Iterable[str] = (), opaque: Iterable[str] = ()
) -> Names:
    """Everybody of these domains, and the domains `opaque`."""
    return Names(
        [*(each.name for each in domains), *opaque],
        {name: account for each in domains for name, account in each.accounts.items()},
        {name: alias for each in domains for name, alias in each.aliases.items()},
        spelling,
        likely=set(likely),
        opaque=set(opaque),
    )
