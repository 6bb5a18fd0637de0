"""`mailgate store …`: what an administrator does with the mail that is kept. A thin door: each command is a module."""

from __future__ import annotations

import click

from mailgate.cli.sweep import sweep


@click.group()
def store() -> None:
    """See to the mail that is kept."""


store.add_command(sweep)
