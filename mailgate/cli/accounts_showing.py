"""`mailgate user show`: one account, and all that is decided for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from mailgate.cli.accounts_house import Books, open_books
from mailgate.cli.accounts_listing import octets_in_words, state_of
from mailgate.cli.accounts_saying import complain
from mailgate.cli.accounts_tables import show_json, show_pairs
from mailgate.cli.house import WRONG, with_config, with_json
from mailgate.cli.quota import Used, in_words, store_at, used_by


@click.command()
@click.argument("user")
@with_config
@with_json
def show(user: str, path: str | None, as_json: bool) -> None:
    """Show an account: what leads to it, its application passwords, the rules in force, with who has set each, and
    what of its quota is used.

    Passwords and hashes are never shown.
    """
    books = open_books(path).to_show()
    name = books.known(user)
    used = _used(books, name)
    told = _told(books, name, used)
    if as_json:
        show_json([told])
    else:
        show_pairs(_pairs(told, used))
    if books.warn():
        raise SystemExit(WRONG)


def _used(books: Books, name: str) -> Used | None:
    """None: that cannot be seen, and why was told. Who edits accounts need not be who may read mail."""
    from mailgate.failures import StoreError

    try:
        return used_by(store_at(books.config.store.directory), name, books.register.rules(name).quota)
    except StoreError as error:
        complain(f"how full the maildrop is cannot be seen: {error}")
        return None


def _told(books: Books, name: str, used: Used | None) -> dict[str, Any]:
    account, quota = books.register.names.accounts[name], books.register.rules(name).quota
    return {
        "user": name,
        "state": state_of(account),
        "disabled": account.disabled,
        "mail_refused": account.closed,
        "scheme": account.password.scheme,
        "app_passwords": [each.name for each in books.register.app_passwords(name)],
        "aliases": list(_aliases_to(books, name)),
        "rules": _rules_of(books, name),
        "quota_octets": quota.octets,
        "quota_messages": quota.messages,
        "used": None if used is None else {"messages": used.messages, "octets": used.octets},
        "mail": books.mail_of(name),
        "where": account.where,
    }


def _aliases_to(books: Books, name: str) -> Iterator[str]:
    """The aliases, directly or through others; then the names of duty that nobody else has."""
    from mailgate.accounts.lookup import ABUSE, POSTMASTER

    aliases = books.register.names.aliases
    duties = (f"{duty}@{domain}" for domain in books.register.domains for duty in (POSTMASTER, ABUSE))
    for address in dict.fromkeys((*aliases, *duties)):
        if address not in books.register.names.accounts and name in _behind(books, address):
            yield address


def _behind(books: Books, address: str) -> tuple[str, ...]:
    from mailgate.accounts.register import OutOfService

    local_part, _, domain = address.rpartition("@")
    try:
        return books.register.maildrops(local_part, domain)
    except OutOfService:
        return ()


def _rules_of(books: Books, name: str) -> dict[str, dict[str, Any]]:
    """What somebody has said of each key, unless it is that there is no such rule; who goes first has it."""
    from mailgate.accounts.decisions import KEYS
    from mailgate.config import decisions

    register = books.register
    said_by = {
        "user": register.names.accounts[name].decisions,
        "domain": register.domains[name.rpartition("@")[2]].decisions,
        "mailgate.toml": decisions(books.config.maildrops),
    }
    rules: dict[str, dict[str, Any]] = {}
    for key in KEYS:
        said = ((who, getattr(decided, key)) for who, decided in said_by.items() if decided is not None)
        who, value = next((who, value) for who, value in said if value is not None)
        if value not in (0, "expunge") and (key, value) != ("keep_min_days", 1):
            rules[key] = {"value": value, "set_by": who}
    return rules


def _pairs(told: dict[str, Any], used: Used | None) -> Iterator[tuple[str, str]]:
    yield "user", told["user"]
    yield "state", told["state"] or "can log in, mail is taken"
    yield "password", f"{{{told['scheme']}}}"
    yield "app passwords", ", ".join(told["app_passwords"]) or "none"
    yield from _several("aliases", told["aliases"])
    rules = [f"{key} = {_value(key, rule['value'])}  ({rule['set_by']})" for key, rule in told["rules"].items()]
    yield from _several("rules", rules)
    yield "quota", _filled(used)
    yield "mail", told["mail"]
    yield "account", told["where"]


def _filled(used: Used | None) -> str:
    if used is None:
        return "what is used cannot be seen"
    return in_words(used) if used.quota.is_set else f"none; {in_words(used)}"


def _several(name: str, values: list[str]) -> Iterator[tuple[str, str]]:
    yield name, values[0] if values else "none"
    for value in values[1:]:
        yield "", value


def _value(key: str, value: int | str) -> str:
    if isinstance(value, str):
        return value
    if key in ("keep_octets", "quota"):
        return octets_in_words(value)
    return f"{value} seconds" if key == "login_delay" else str(value)
