"""`mailgate reload`: have the server read its configuration and certificates again."""

from __future__ import annotations

import json
from typing import Any

import click

from mailgate.cli.house import with_config
from mailgate.cli.reaching import socket_of
from mailgate.cli.server import NoServer, ask, leave_without_server


@click.command()
@with_config
@click.option("--json", "as_json", is_flag=True, help="For programs: a JSON object.")
def reload(path: str | None, as_json: bool) -> None:
    """Have the server read its configuration and certificates again, as SIGHUP does.

    What is wrong with the configuration is told, and the server goes on with the one it has. Sessions that are open end
    as they began. Accounts and aliases need no reload: they count as soon as they are written.
    """
    try:
        told: dict[str, Any] = ask(socket_of(path), "reload", {})
    except NoServer as error:
        leave_without_server(error)
    if as_json:
        click.echo(json.dumps(told))
        return
    click.echo(f"Changed: {', '.join(told['changed']) or 'nothing'}")
    if told["waiting"]:
        click.echo(f"Waiting for a restart: {', '.join(told['waiting'])}")
