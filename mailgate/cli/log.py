"""`mailgate log`: the last lines of the gateway's log, and those that come."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from mailgate.cli.house import with_config
from mailgate.cli.reaching import socket_of
from mailgate.cli.server import NoServer, ask, leave_without_server

LEVELS: Final = ("debug", "info", "warn", "error", "critical")
COUNT: Final = 50
MAX_COUNT: Final = 500
WAIT_SECONDS: Final = 30.0  # of one call; then it is made again


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with the lines that come, until Ctrl-C.")
@click.option("-n", "count", type=click.IntRange(0, MAX_COUNT), default=COUNT, help=f"How many lines back. [{COUNT}]")
@click.option("--level", type=click.Choice(LEVELS), default="info", help="The least that is shown. [info]")
@click.option("--user", metavar="USER", default="", help="Only what is about this account.")
@click.option("--address", metavar="ADDRESS", default="", help="Only from or to this address.")
@click.option("--client", metavar="IP", default="", help="Only of this client, or network such as 192.0.2.0/24.")
@click.option("--session", metavar="ID", default="", help="Only of this session.")
@click.option("--message", metavar="ID", default="", help="Only about the message with this id or Message-ID.")
@with_config
@click.option("--json", "as_json", is_flag=True, help="For programs: a JSON object a line.")
def log(follow: bool, count: int, path: str | None, as_json: bool, **filters: str) -> None:
    """Show the last lines of the running gateway's log.

    It keeps some thousand in memory, at every level, whatever [log] writes: --level debug shows logins, fetches and
    connections. Filters add up. What was longer ago is in the log that [log] writes; for one message see
    'mailgate trace'.

    \b
    The exit status:
      0  done
      1  it could not be asked, or has ended meanwhile
      3  no gateway runs
    """
    try:
        for answer in _answers(socket_of(path), {"count": count, **filters}, follow):
            _show(answer, as_json)
    except NoServer as error:
        leave_without_server(error)
    except KeyboardInterrupt:
        return


def _answers(socket: str, arguments: Mapping[str, Any], follow: bool) -> Iterator[Mapping[str, Any]]:
    answer = ask(socket, "log", arguments)
    yield answer
    while follow:
        more = {**arguments, "count": MAX_COUNT, "after": answer["next"], "timeout": WAIT_SECONDS}
        answer = ask(socket, "log", more, WAIT_SECONDS)
        yield answer


def _show(answer: Mapping[str, Any], as_json: bool) -> None:
    if missed := answer["missed"]:
        click.echo(f"mailgate: {missed} lines were lost: they came faster than they were read", err=True)
    for line in answer["lines"]:
        click.echo(json.dumps(line) if as_json else f"{_when(line['time'])} {line['level']} {line['text']}")


def _when(seconds: float) -> str:
    """As the log writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(seconds))
