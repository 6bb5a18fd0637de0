"""`mailgate dev`: a gateway in development mode in the foreground, for people and for programs that start one.

Only the options are here; `running` does it.
"""

from __future__ import annotations

import sys

import click


@click.command()
@click.option(
    "-p",
    "--port",
    type=click.IntRange(0, 65_535),
    help="SMTP's port. 0: free ports for everything, LMTP and the ports with TLS too. [2525]",
)
@click.option("--json", "as_json", is_flag=True, help="When it is ready, print one line of JSON with every port.")
@click.option("--ready-file", metavar="FILE", help="When it is ready, write that line there; remove it at the end.")
@click.option("--stdin-closes", is_flag=True, help="End when standard input does: with the program that started it.")
@click.option("-c", "--config", metavar="FILE", help="A configuration that lies over what development mode makes up.")
@click.option("--set", "overrides", metavar="KEY=VALUE", multiple=True, help="One key of it; may be repeated.")
@click.option(
    "--keep/--no-keep", default=None, help="Does the mail stay after exit? [only without --json and --stdin-closes]"
)
@click.option("--beyond-loopback", is_flag=True, help="Listen where others can reach it, without passwords.")
@click.option("-v", "--verbose", is_flag=True, help="Log everything, not only warnings.")
def dev(
    port: int | None,
    as_json: bool,
    ready_file: str | None,
    stdin_closes: bool,
    config: str | None,
    overrides: tuple[str, ...],
    keep: bool | None,
    beyond_loopback: bool,
    verbose: bool,
) -> None:
    """Take mail from anybody, for anybody, and let programs wait for it.

    Loopback only, any recipient, any password; no configuration is needed. Ctrl-C stops it, a second one at once.

    The exit status is 0 after a signal or the end of standard input, 1 if it could not start, 2 for wrong usage.
    """
    from mailgate.cli.running import Order, run

    order = Order(
        port=port,
        as_json=as_json,
        ready_file=ready_file,
        stdin_closes=stdin_closes,
        config=config,
        overrides=overrides,
        keep=not (as_json or stdin_closes) if keep is None else keep,
        beyond_loopback=beyond_loopback,
        verbose=verbose,
    )
    sys.exit(run(order))
