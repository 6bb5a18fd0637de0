"""`mailgate domain …`: for which domains mail is kept here."""

from __future__ import annotations

import os
from typing import Any

import click

from mailgate.cli.accounts_duties import tell_duties
from mailgate.cli.accounts_house import Books, counted, edits, open_books
from mailgate.cli.accounts_reading import is_doubtful
from mailgate.cli.accounts_removing import confirm, what_becomes_of, with_yes
from mailgate.cli.accounts_saying import refusal, say
from mailgate.cli.accounts_tables import show_json, show_table
from mailgate.cli.house import WRONG, with_config, with_json


@click.group()
def domain() -> None:
    """See to the domains: the directories of accounts.directory. All edits count at once."""


@domain.command()
@click.argument("domain")
@with_config
def add(domain: str, path: str | None) -> None:
    """Keep mail for DOMAIN from now on. It has no users yet.

    Who has mail to postmaster and abuse there until somebody is named is told.
    """
    from mailgate.accounts.editing.places import check_domain

    books = open_books(path)
    with edits():
        name = check_domain(domain)
        books.editor.add_domain(name)
    say(f"{name} is a domain of this gateway now. Add its users:")
    click.echo(f"  mailgate user add somebody@{name}")
    if not tell_duties(open_books(path).register, name):
        raise SystemExit(WRONG)


@domain.command("list")
@with_config
@with_json
def list_(path: str | None, as_json: bool) -> None:
    """List the domains, with how many users and aliases each has."""
    books = open_books(path).to_show()
    rows = [_row(books, name) for name in books.register.domains]
    if as_json:
        show_json(rows)
    else:
        show_table(("DOMAIN", "USERS", "DISABLED", "ALIASES", ""), map(_cells, rows))
    if books.warn():
        raise SystemExit(WRONG)


@domain.command()
@click.argument("domain")
@with_config
@with_yes
@click.option("--with-users", is_flag=True, help="Remove its users, aliases and application passwords with it.")
def remove(domain: str, path: str | None, yes: bool, with_users: bool) -> None:
    """Keep no mail for DOMAIN any more. The mail that is there stays in the store."""
    books = open_books(path)
    name = books.domain(domain)
    own = books.register.domains[name]
    if own.accounts and not with_users:
        users = counted(len(own.accounts), "user", "users")
        raise refusal(f"{name} has {users}: --with-users removes them, too")
    mail = os.path.join(books.config.store.directory, name)
    with edits():
        books.editor.remove_domain(name, with_users=with_users, rehearse=True)
    going = f" with {counted(len(own.accounts), 'user', 'users')}" if own.accounts else ""
    confirm(f"Remove {name}{going}? {what_becomes_of(mail)}", yes)
    with edits():
        books.editor.remove_domain(name, with_users=with_users)
    say(f"{name} is no domain of this gateway any more.")
    say(what_becomes_of(mail))


def _row(books: Books, name: str) -> dict[str, Any]:
    own = books.register.domains[name]
    return {
        "domain": name,
        "users": len(own.accounts),
        "disabled": sum(account.disabled for account in own.accounts.values()),
        "aliases": len(own.aliases),
        "understood": not is_doubtful(own) and own.decisions is not None,
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    counts = (str(row[key]) for key in ("users", "disabled", "aliases"))
    return row["domain"], *counts, "" if row["understood"] else "has faults"
