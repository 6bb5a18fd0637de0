"""`mailgate store …`: what an administrator does with the mail that is kept. A thin door: each command is a module."""

from __future__ import annotations

import click

from mailgate.cli.exporting import export
from mailgate.cli.importing import import_
from mailgate.cli.listing import list_
from mailgate.cli.showing import show
from mailgate.cli.sweep import sweep
from mailgate.cli.verifying import verify


@click.group()
def store() -> None:
    """See to the mail that is kept."""


for _command in (list_, show, export, import_, verify, sweep):
    store.add_command(_command)
