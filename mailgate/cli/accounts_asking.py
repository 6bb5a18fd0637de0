"""Where a new password comes from: a prompt that hides it and asks twice, standard input, or chance."""

from __future__ import annotations

import sys

import click

with_stdin = click.option(
    "--stdin", "from_stdin", is_flag=True, help="Read the password from standard input, one line, for scripts."
)
with_generate = click.option("--generate", is_flag=True, help="Make a password, and show it once.")


def new_password(from_stdin: bool, generate: bool = False) -> str:
    """The password, in clear. Raises `UsageError` where both are asked for."""
    if from_stdin and generate:
        raise click.UsageError("--stdin brings a password, --generate makes one: not both")
    if generate:
        from mailgate.accounts.secrets import PERSON_GROUPS, make_secret

        return make_secret(PERSON_GROUPS)
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    # The prompt goes to standard error, so that what the command prints can be sent to a file.
    plain: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return plain
