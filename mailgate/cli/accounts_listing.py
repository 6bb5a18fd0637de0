"""`mailgate user list`: all accounts, with what is out of the ordinary about each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mailgate.cli.accounts_house import Books, open_books
from mailgate.cli.accounts_tables import show_json, show_table
from mailgate.cli.house import WRONG, with_config, with_json

if TYPE_CHECKING:
    from mailgate.accounts.users import Account


@click.command("list")
@click.argument("domain", required=False)
@with_config
@with_json
def list_(domain: str | None, path: str | None, as_json: bool) -> None:
    """List all accounts, or those of DOMAIN, in the order of their files.

    The quota is the one in force, whoever has set it.
    """
    books = open_books(path).to_show()
    chosen = [books.domain(domain)] if domain is not None else list(books.register.domains)
    rows = [_row(books, account) for name in chosen for account in books.register.domains[name].accounts.values()]
    if as_json:
        show_json(rows)
    else:
        show_table(("USER", "STATE", "QUOTA", "APP PASSWORDS"), map(_cells, rows), foldable=(1, 2, 3))
    if books.warn():
        raise SystemExit(WRONG)


def state_of(account: Account) -> str:
    """What an account may not do, in a word or two; empty: all is as usual."""
    if account.closed:
        return "disabled, mail refused"
    return "disabled" if account.disabled else ""


def _row(books: Books, account: Account) -> dict[str, Any]:
    quota = books.register.rules(account.name).quota
    return {
        "user": account.name,
        "disabled": account.disabled,
        "mail_refused": account.closed,
        "state": state_of(account),
        "quota_octets": quota.octets,
        "quota_messages": quota.messages,
        "app_passwords": len(books.register.app_passwords(account.name)),
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    limits = [octets_in_words(row["quota_octets"])] if row["quota_octets"] else []
    limits += [f"{row['quota_messages']} messages"] if row["quota_messages"] else []
    return row["user"], row["state"], ", ".join(limits), str(row["app_passwords"] or "")


def octets_in_words(octets: int) -> str:
    """As `units.parse_octets` reads it, in the largest unit that leaves no rest."""
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if octets and octets % size == 0:
            return f"{octets // size} {unit}"
    return f"{octets} octets"
