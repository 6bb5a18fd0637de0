"""`mailgate trace`: where a message is, and what became of it. The sentences are in `lives`."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from mailgate.cli.fitting import fitted
from mailgate.cli.house import with_config
from mailgate.cli.lives import told
from mailgate.cli.reaching import configuration
from mailgate.cli.server import NoServer, ask, tell_without_server

if TYPE_CHECKING:
    from mailgate.config import Config

NOTHING_FOUND: Final = 1  # the exit code; scripts may ask whether a message was ever here
SEARCH_SECONDS: Final = 60.0  # a journal may be large, and its disk slow


@click.command()
@click.argument("what", metavar="ID|ADDRESS|MESSAGE-ID")
@click.option("--since", metavar="TIME", default="", help='Only mail to which something happened since, as in "2d".')
@click.option("--limit", type=click.IntRange(1, 200), default=20, metavar="N", help="Show the newest so many. [20]")
@with_config
@click.option("--json", "as_json", is_flag=True, help="For programs: a JSON object a message.")
def trace(what: str, since: str, limit: int, path: str | None, as_json: bool) -> None:
    """Show the life of messages, newest last: who brought them, what was said to each recipient, where the copies are,
    who fetched them, and what has removed them. What was refused is shown too, with the reason.

    What to look for: a message's id (as in a reply, the log, or the name of its file), the address of a sender, a
    recipient or an account, a Message-ID, a session's id, a client's IP address, or @domain for all of its addresses.

    \b
    The exit status:
      0  something was found
      1  nothing was, or the journal cannot be read
    """
    config = configuration(path)
    found = _found(config, what, since, limit)
    for life in found["lives"]:
        click.echo(json.dumps(life) if as_json else told(life, time.time()))
        if not as_json:
            click.echo()
    if note := _note(what, found, since):
        click.echo(fitted(f"mailgate: {note}"), err=True)
    if not found["lives"]:
        raise SystemExit(NOTHING_FOUND)


def _found(config: Config, what: str, since: str, limit: int) -> Mapping[str, Any]:
    """What the server says, which writes down first what has just happened; or, without one, what the files say."""
    from mailgate.service.places import control_socket

    try:
        result: Mapping[str, Any] = ask(
            control_socket(config), "trace", {"what": what, "since": since, "limit": limit}, SEARCH_SECONDS
        )
    except NoServer as error:
        tell_without_server(error, "this is what the journal's files say")
        return _in_files(config, what, since, limit)
    return result


def _in_files(config: Config, what: str, since: str, limit: int) -> Mapping[str, Any]:
    from mailgate.journal.files import DIRECTORY
    from mailgate.journal.question import Question
    from mailgate.journal.search import search
    from mailgate.units import parse_seconds

    if not config.journal.keep_days:
        raise click.ClickException("no journal is kept: journal.keep_days is 0")
    directory = os.path.join(config.state, DIRECTORY)
    try:
        begin = max(time.time() - parse_seconds(since), 0.0) if since else 0.0
        return search(directory, Question(what), begin, limit).as_json()
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    except PermissionError as error:
        raise click.ClickException(f"{error.filename}: run this as the user that mailgate runs as") from error
    except OSError as error:
        raise click.ClickException(f"{error.filename} cannot be read: {error.strerror}") from error


def _note(what: str, found: Mapping[str, Any], since: str) -> str:
    from mailgate.cli.lives import when
    from mailgate.log import escape

    if found["more"]:
        return "there may be more: --limit shows more, --since less"
    if found["lives"]:
        return ""
    if found["oldest"] is None:
        return "the journal is empty"
    within = f" in the last {escape(since)}" if since else ""
    return f"nothing is known of {escape(what)}{within}; the journal begins at {when(found['oldest'])}"
