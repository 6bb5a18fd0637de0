"""`mailgate store import`: messages that other programs kept, into a maildrop; their UIDs are kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click
from attrs import asdict

from mailgate.archive.uidl_format import DEFAULT
from mailgate.cli.accounts_house import counted
from mailgate.cli.accounts_nearest import check_account
from mailgate.cli.house import (
    WRONG,
    accounts_of,
    check_may_make,
    named,
    only_domain,
    open_house,
    readable_errors,
    root_of,
    with_config,
    with_json,
)
from mailgate.cli.progress import progress

if TYPE_CHECKING:
    from mailgate.archive.message import Archive
    from mailgate.archive.reading import Form
    from mailgate.store.maildir.planning import Taken


@click.command("import")
@click.argument("user")
@click.argument("source")
@click.option(
    "--format",
    "form",
    type=click.Choice(["maildir", "mbox", "mboxo", "eml"]),
    help="What SOURCE is, where that is not found out: mbox is mboxrd, mboxo the older quoting.",
)
@click.option(
    "--pop3-uidl-format",
    default=DEFAULT,
    show_default=True,
    help="The setting of the Dovecot that served this Maildir: its clients see the same UIDs again.",
)
@click.option("--reuse-x-uidl", is_flag=True, help="In an mbox of others, a field X-UIDL is the message's UID.")
@click.option(
    "--without-account",
    is_flag=True,
    help="USER has no account, or not yet: nobody can fetch the mail until there is one.",
)
@with_config
@with_json
def import_(
    user: str,
    source: str,
    form: Form | None,
    pop3_uidl_format: str,
    reuse_x_uidl: bool,
    without_account: bool,
    path: str | None,
    as_json: bool,
) -> None:
    """Take the messages of SOURCE into the maildrop of USER, which is made if need be. SOURCE stays as it is.

    SOURCE is a Maildir, such as Dovecot's, an mbox file, or .eml files. Messages that are there already, by UID and
    content, are not taken twice. A gateway may run meanwhile; USER cannot log in until it is done.
    """
    open_house(path)
    root = root_of(path)
    check_may_make(root)
    accounts = accounts_of(path)
    name = named(user, only_domain(accounts))
    if not without_account:
        check_account(accounts.current(name.rpartition("@")[2]), name)
    with readable_errors():
        from mailgate.archive.reading import open_archive

        archive = open_archive(source, form, pop3_uidl_format=pop3_uidl_format, reuse_x_uidl=reuse_x_uidl)
        told = _import(root, name, source, archive)
    if as_json:
        for taken in told:
            click.echo(json.dumps(asdict(taken)))
    else:
        _show(told, archive.notes)
    if any(taken.trouble for taken in told):
        sys.exit(WRONG)


def _import(root: str, name: str, source: str, archive: Archive) -> list[Taken]:
    from mailgate.store.maildir.importing import Imports

    with Imports(root).opened(name) as maildrop:
        if maildrop.is_at(source):
            raise click.ClickException(f"{source} is the maildrop of {name}")
        return list(progress(maildrop.take(archive), len(archive), "Importing"))


def _show(told: list[Taken], notes: Iterable[str]) -> None:
    from mailgate.log import escape

    for note in notes:
        click.echo(escape(note))
    for taken in told:
        if taken.trouble:
            click.echo(f"not taken: {escape(taken.where)}: {escape(taken.trouble)}")
        elif taken.clashed:
            click.echo(f"{escape(taken.where)}: another message has the UID {taken.clashed}; it was given {taken.uid}")
    there = sum(taken.was_there for taken in told)
    troubled = sum(bool(taken.trouble) for taken in told)
    new = len(told) - there - troubled
    click.echo(f"{counted(new, 'message', 'messages')} taken, {there} there already, {troubled} not taken.")
