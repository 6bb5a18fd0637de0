"""Sentences of the commands about accounts, on lines that fit a terminal. Paths and addresses in them stay whole."""

from __future__ import annotations

from typing import Final

import click

from mailgate.cli.tls_paragraph import paragraph

_ERROR: Final = "Error: "  # which click puts in front of what a `ClickException` says


def say(text: str) -> None:
    """What was done, or asked for."""
    click.echo(paragraph("", text))


def complain(text: str) -> None:
    """What is wrong, or to be heeded, while something else was done: on standard error."""
    click.echo(paragraph("mailgate: ", text), err=True)


def refusal(text: str) -> click.ClickException:
    """Why nothing can be done: a sentence a line, to be raised."""
    lines = [paragraph(_ERROR, line).removeprefix(_ERROR) for line in text.split("\n")]
    return click.ClickException("\n".join(lines))
