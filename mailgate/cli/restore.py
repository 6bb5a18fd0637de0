"""`mailgate restore`: the mail of a user, or of all, from a backup into the store, with the UIDs that it had."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from attrs import asdict

from mailgate.cli.accounts_house import counted
from mailgate.cli.fitting import fitted
from mailgate.cli.house import (
    WRONG,
    accounts_of,
    check_may_make,
    domain_of,
    named,
    only_domain,
    open_house,
    readable_errors,
    root_of,
    with_config,
    with_json,
)
from mailgate.cli.progress import progress
from mailgate.cli.reaching import configuration

if TYPE_CHECKING:
    from mailgate.cli.backing_restoring import Restoring
    from mailgate.store.maildir.planning import Taken


@click.command()
@click.argument("user", required=False)
@click.option("--from", "source", metavar="DIR", required=True, help="What 'mailgate backup DIR' has made.")
@click.option("--all", "everybody", is_flag=True, help="Restore every maildrop in the backup.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be restored, and restore nothing.")
@with_config
@with_json
def restore(user: str | None, source: str, everybody: bool, dry_run: bool, path: str | None, as_json: bool) -> None:
    """Bring the messages of USER back from a backup, with the UIDs that they had: no client fetches them again.

    A gateway may run; USER cannot log in until it is done. What is there stays as it is, and nothing comes twice. What
    USER has deleted since, and is still in the backup, comes back, too. 'mailgate trace' tells of what was restored.

    \b
    The exit status:
      0  all is there again
      1  it cannot be done
      2  some messages could not be restored, and are told; or the backup was not made to its end
    """
    if everybody == (user is not None):
        raise click.UsageError("name a USER, or --all")
    open_house(path)
    root = root_of(path)
    check_may_make(root)
    is_wrong = False
    with readable_errors():
        from mailgate.cli.backing_noting import Noting, Source
        from mailgate.cli.backing_restoring import Restoring

        restoring = Restoring.of(source, root)
        if not restoring.is_whole:
            click.echo(f"mailgate: the last backup to {source} was not made to its end: mail may be missing", err=True)
            is_wrong = True
        noting = Noting(configuration(path), Source(os.path.abspath(source), restoring.made))
        names = restoring.names() if user is None else [restoring.known(named(user, _domain(path, restoring)))]
        for name in progress(names, len(names), "Restoring"):
            taken = restoring.restore(name, rehearse=dry_run)
            told = list(taken if dry_run else noting.following(name, restoring.ids(name), taken))
            (_tell if as_json else _show)(name, told, dry_run)
            is_wrong = is_wrong or any(taken.trouble for taken in told)
    if is_wrong:
        sys.exit(WRONG)


def _domain(path: str | None, restoring: Restoring) -> str:
    """In which a local part alone is meant: the only one of the gateway; where it has none any more, of the backup."""
    accounts = accounts_of(path)
    return only_domain(accounts) if accounts.current().domains else domain_of(restoring.names())


def _tell(maildrop: str, told: Sequence[Taken], dry_run: bool) -> None:
    for taken in told:
        click.echo(json.dumps({"maildrop": maildrop, **asdict(taken), "dry_run": dry_run}))


def _show(maildrop: str, told: Sequence[Taken], dry_run: bool) -> None:
    from mailgate.log import escape

    for taken in told:
        if taken.trouble:
            click.echo(fitted(f"not restored: {escape(taken.where)}: {escape(taken.trouble)}", "", "    "))
        elif taken.clashed:
            given = f"; it {'would be' if dry_run else 'was'} given {taken.uid}"
            text = f"{escape(taken.where)}: another message has the UID {taken.clashed}{given}"
            click.echo(fitted(text, "", "    "))
    there = sum(taken.was_there for taken in told)
    troubled = sum(bool(taken.trouble) for taken in told)
    verb = "would be restored" if dry_run else "restored"
    restored = counted(len(told) - there - troubled, "message", "messages")
    text = f"{maildrop}: {restored} {verb}, {there} {'is' if there == 1 else 'are'} there, {troubled} cannot be."
    click.echo(fitted(text, "", "    "))
