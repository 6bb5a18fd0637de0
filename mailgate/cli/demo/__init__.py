"""`mailgate demo`: five messages on their way through a gateway of their own, told to somebody who has never seen one.

Only the options are here. `run` lives through it, `screen` shows it; the clients are Python's smtplib and poplib, and
what they say is overheard by a `wiretap` between them and the gateway.
"""

from __future__ import annotations

import click


@click.command()
@click.option(
    "--directory",
    metavar="DIR",
    type=click.Path(),
    help="Keep the mail there instead of in a temporary directory that is removed at the end.",
)
@click.option("--keep", is_flag=True, help="Do not remove the temporary directory.")
@click.option("--quiet", "-q", is_flag=True, help="Show only the table at the end, and what went wrong.")
def demo(directory: str | None, keep: bool, quiet: bool) -> None:
    """Watch five messages go in and come out, step by step.

    A gateway is started for it on free ports of this machine; no configuration is needed. The exit status is 0 if every
    message came back octet for octet, else 1.
    """
    from mailgate.cli.demo.run import run

    run(directory, keep=keep, quiet=quiet)
