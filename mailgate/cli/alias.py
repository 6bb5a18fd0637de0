"""`mailgate alias …`: names that lead to others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mailgate.cli.accounts_house import Books, edits, open_books
from mailgate.cli.accounts_removing import confirm, with_yes
from mailgate.cli.accounts_saying import say
from mailgate.cli.accounts_tables import show_json, show_table
from mailgate.cli.house import WRONG, with_config, with_json

if TYPE_CHECKING:
    from mailgate.accounts.aliases import Alias
    from mailgate.accounts.register import Domain


@click.group()
def alias() -> None:
    """See to the aliases files of the domains. All edits count at once.

    NAME is local-part@domain, or the local part alone where there is one domain; '*' has the mail for names that
    nobody has.
    """


@alias.command()
@click.argument("name")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@with_config
def add(name: str, targets: tuple[str, ...], path: str | None) -> None:
    """Let NAME lead to every TARGET, or to more than before. A TARGET without a domain is in that of NAME."""
    books = open_books(path)
    alias = books.account(name)
    meant = _targets(books, alias, targets)
    with edits():
        led_to = books.editor.add_alias(alias, meant)
    say(f"{alias} leads to {', '.join(led_to)}.")


@alias.command("list")
@click.argument("domain", required=False)
@with_config
@with_json
def list_(domain: str | None, path: str | None, as_json: bool) -> None:
    """List all aliases, or those of DOMAIN, in the order of their files."""
    books = open_books(path).to_show()
    domains = books.register.domains
    chosen = [domains[books.domain(domain)]] if domain is not None else list(domains.values())
    rows = [_row(books, each, own) for own in chosen for each in own.aliases.values()]
    if as_json:
        show_json(rows)
    else:
        show_table(("ALIAS", "LEADS TO", ""), map(_cells, rows), foldable=(1, 2))
    if books.warn():
        raise SystemExit(WRONG)


@alias.command()
@click.argument("name")
@click.argument("targets", nargs=-1, metavar="[TARGET...]")
@with_config
@with_yes
def remove(name: str, targets: tuple[str, ...], path: str | None, yes: bool) -> None:
    """Remove the alias NAME, or these targets of it. With its last target it is gone."""
    books = open_books(path)
    alias = books.account(name)
    meant = _targets(books, alias, targets)
    with edits():
        books.editor.remove_alias(alias, meant, rehearse=True)
    confirm(f"Take {', '.join(meant)} out of {alias}?" if meant else f"Remove the alias {alias}?", yes)
    with edits():
        books.editor.remove_alias(alias, meant)
    say(f"{alias} leads to {', '.join(meant)} no more." if meant else f"{alias} is removed.")


def _targets(books: Books, alias: str, targets: tuple[str, ...]) -> list[str]:
    domain = alias.rpartition("@")[2]
    return [books.account(target if "@" in target else f"{target}@{domain}") for target in targets]


def _row(books: Books, alias: Alias, own: Domain) -> dict[str, Any]:
    # Of a file with a fault a gateway may have an older state in force, which nobody else knows.
    in_service = None if own.unread is not None else alias.name not in books.register.broken
    return {"alias": alias.name, "targets": list(alias.targets), "in_service": in_service}


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    state = {True: "", False: "out of service", None: "in doubt"}[row["in_service"]]
    return row["alias"], ", ".join(row["targets"]), state
