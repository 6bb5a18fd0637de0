"""`mailgate backup`: everything that a gateway has, into a directory, while it runs."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING

import click
from attrs import asdict

from mailgate.cli.house import WRONG, open_house, readable_errors, with_config
from mailgate.cli.reaching import configuration, configuration_file

if TYPE_CHECKING:
    from mailgate.cli.backing_copying import Account


@click.command()
@click.argument("directory", metavar="DIR")
@with_config
@click.option("--delete", is_flag=True, help="Remove from DIR what is gone; otherwise what was there once stays.")
@click.option("--with-keys", is_flag=True, help="Copy the files of certificates, private keys and passwords as well.")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object.")
def backup(directory: str, path: str | None, delete: bool, with_keys: bool, as_json: bool) -> None:
    """Copy the configuration, the state, the accounts and all mail to DIR.

    A gateway may run, and notices nothing. What is in DIR already is not copied again, so the second time takes
    little. Maildrops that are gone stay in DIR, even with --delete.

    \b
    The exit status:
      0  all was copied
      1  nothing was, or DIR took no more
      2  something could not be read, and is told; all else was copied
    """
    from mailgate.cli.backing_record import check_apart, write, written
    from mailgate.cli.backing_up import Backup

    open_house(path)
    file, config = (os.path.abspath(configuration_file(path)), configuration(path))
    kept = [("store.directory", config.store.directory), ("accounts.directory", config.accounts.directory)]
    check_apart(directory, kept)
    begun = time.time()
    with readable_errors(), written(directory) as target:
        work = Backup(config, file, target, delete, with_keys)
        write(target, {**work.record(), "begun": begun, "finished": None})
        account = work.copy()
        write(target, {**work.record(), "begun": begun, "finished": time.time(), "not_copied": account.troubles})
    if as_json:
        click.echo(json.dumps({"directory": directory, **asdict(account)}))
    else:
        _show(account, directory, work.secrets(), with_keys)
    if account.troubles:
        sys.exit(WRONG)


def _show(account: Account, directory: str, secrets: dict[str, str], with_keys: bool) -> None:
    from mailgate.log import escape

    for trouble in account.troubles:
        click.echo(f"not copied: {escape(trouble)}")
    if secrets and not with_keys:
        click.echo("Not copied without --with-keys:")
        for key, path in secrets.items():
            click.echo(f"    {key:<30} {path}")
    changed = f", {account.renamed} renamed" if account.renamed else ""
    changed += f", {account.removed} removed" if account.removed else ""
    click.echo(
        f"{account.copied} files copied to {directory}, {account.octets} octets; {account.there} were there{changed}. "
        f"{account.maildrops} maildrops."
    )
