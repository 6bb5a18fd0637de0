"""What `remove` says and asks before anything goes."""

from __future__ import annotations

import os

import click

from mailgate.cli.fitting import fitted

with_yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


def confirm(question: str, yes: bool) -> None:
    """Go on if somebody says so. Raises `Abort`, also where nobody is there to be asked."""
    if not yes:
        asked = fitted(f"{question} [y/N]:")
        click.confirm(asked, abort=True, show_default=False, prompt_suffix=" ", err=True)


def what_becomes_of(mail: str) -> str:
    """Of mail in that directory, in a sentence."""
    if not os.path.exists(mail):
        return f"No mail is kept in {mail}."
    return f"The mail stays in {mail} until somebody removes it."
