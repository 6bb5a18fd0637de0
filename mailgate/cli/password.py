"""`mailgate password`: a password in, its hash out, for a line of a `users` file."""

from __future__ import annotations

import click

from mailgate.cli.accounts_asking import new_password, with_stdin
from mailgate.cli.accounts_house import configured, hashed
from mailgate.cli.house import with_config


@click.command()
@with_stdin
@with_config
def password(from_stdin: bool, path: str | None) -> None:
    """Print the hash of a password of 8 characters or more, as `users` files have it.

    A line of domains/<domain>/users is the name, a colon and this: alice:{ARGON2ID}$argon2id$… What the hash costs is
    set in the configuration, if there is one. 'mailgate user add' and 'mailgate user passwd' write the line themselves.
    """
    config = configured(path)
    click.echo(hashed(new_password(from_stdin), config))
