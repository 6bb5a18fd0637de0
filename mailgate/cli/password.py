"""`mailgate password`: a password in, its hash out, for a line of a `users` file."""

from __future__ import annotations

import sys

import click


@click.command()
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the password from standard input, for scripts.")
def password(from_stdin: bool) -> None:
    """Print the hash of a password, as `users` files have it.

    A line of domains/<domain>/users is the name, a colon and this: alice:{ARGON2ID}$argon2id$…
    """
    from mailgate.accounts.passwords import hash_password

    if from_stdin:
        plain = sys.stdin.readline().rstrip("\r\n")
    else:
        # The prompt goes to standard error, so that the hash alone can be sent to a file.
        plain = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    try:
        click.echo(hash_password(plain))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
