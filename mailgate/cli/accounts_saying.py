"""Sentences of the commands about accounts, on lines that fit a terminal. Paths and addresses in them stay whole."""

from __future__ import annotations

from typing import Final

import click

from mailgate.cli.fitting import fitted

_ERROR: Final = "Error: "  # which click puts in front of what a `ClickException` says


def say(text: str) -> None:
    """What was done, or asked for."""
    click.echo(fitted(text))


def complain(text: str) -> None:
    """What is wrong, or to be heeded, while something else was done: on standard error."""
    click.echo(fitted(text, "mailgate: "), err=True)


def refusal(text: str) -> click.ClickException:
    """Why nothing can be done: a sentence a line, to be raised."""
    lines = [fitted(line, _ERROR).removeprefix(_ERROR) for line in text.split("\n")]
    return click.ClickException("\n".join(lines))
