"""Where a new password comes from: a prompt that hides it and asks twice, standard input, or chance."""

from __future__ import annotations

import sys
from typing import Final

import click

from mailgate.cli.accounts_saying import complain, refusal

# NIST SP 800-63B 5.1.1.2: what people choose has at least 8 characters. Shorter ones can be tried one and all
# by whoever comes by a hash.
MIN_PASSWORD_CHARACTERS: Final = 8
_TOO_SHORT: Final = (
    f"a password has at least {MIN_PASSWORD_CHARACTERS} characters, as shorter ones are soon guessed: take a "
    "longer one, such as some words with blanks between them"
)

with_stdin = click.option(
    "--stdin", "from_stdin", is_flag=True, help="Read the password from standard input, one line, for scripts."
)
with_generate = click.option("--generate", is_flag=True, help="Make a password, and show it once.")


def new_password(from_stdin: bool, generate: bool = False) -> str:
    """The password, in clear. One that is too short is asked for again, or, from standard input, refused: raises
    `ClickException`, and `UsageError` where both are asked for.
    """
    if from_stdin and generate:
        raise click.UsageError("--stdin brings a password, --generate makes one: not both")
    if generate:
        from mailgate.accounts.secrets import PERSON_GROUPS, make_secret

        return make_secret(PERSON_GROUPS)
    if from_stdin:
        plain = sys.stdin.readline().rstrip("\r\n")
        if is_too_short(plain):
            raise refusal(_TOO_SHORT)
        return plain
    return _asked()


def _asked() -> str:
    while True:
        # The prompt goes to standard error, so that what the command prints can be sent to a file.
        plain: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        if not is_too_short(plain):
            return plain
        complain(_TOO_SHORT)


def is_too_short(plain: str) -> bool:
    """Has it too few characters to be a new password? They are counted in the form that will be hashed; what has none
    is left to who makes the hash.
    """
    from mailgate.accounts.preparing import prepared_forms

    forms = prepared_forms(plain)
    return bool(forms) and len(forms[0]) < MIN_PASSWORD_CHARACTERS
