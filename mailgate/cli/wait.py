"""`mailgate wait`: for shell scripts that have to see a message, with exit codes that say what came of it.

Only the options are here, and what they mean; `asking` calls the server, `arrivals` shows what it tells.
"""

from __future__ import annotations

import os
import sys
from typing import Final, NoReturn

import click
from click.core import ParameterSource

from mailgate.cli.arrivals import FORMS, arrived_instead
from mailgate.cli.asking import Declined, NoServer, Server, is_url, url_in
from mailgate.namespaces import namespace_of

# These, and 0 when it arrived, are for scripts: they stay what they are.
NOTHING_CAME: Final = 1
WRONG: Final = 2
NO_SERVER: Final = 3
NOT_IN_IT: Final = 4
INTERRUPTED: Final = 130  # as shells have it

URL: Final = "http://127.0.0.1:8025"
DEFAULT_SECONDS: Final = 10.0
MAX_SECONDS: Final = 600.0
MAX_COUNT: Final = 1000
TOKEN: Final = "MAILGATE_TOKEN"  # noqa: S105 (the name of the variable that has it)


@click.command()
@click.option("--to", metavar="ADDRESS", help="A recipient, as in the envelope.")
@click.option("--from", "sender", metavar="ADDRESS", help="The sender, as in the envelope.")
@click.option("--subject", metavar="TEXT", help="What the subject contains; case matters.")
@click.option("--body", metavar="TEXT", help="What the text or the HTML contains; case matters.")
@click.option("--header", metavar="'NAME: TEXT'", multiple=True, help="What a field contains; may be repeated.")
@click.option("--count", type=click.IntRange(1, MAX_COUNT), default=1, metavar="N", help="Wait for so many. [1]")
@click.option(
    "--timeout",
    type=click.FloatRange(0, MAX_SECONDS),
    default=DEFAULT_SECONDS,
    metavar="SECONDS",
    help=f"Give up after so long. [{DEFAULT_SECONDS:g}]",
)
@click.option("--namespace", metavar="NAME", help="Whose mail. [the namespace of --to]")
@click.option("--url", metavar="URL", envvar="MAILGATE_URL", help=f"Where the gateway is. [$MAILGATE_URL, or {URL}]")
@click.option("--ready-file", metavar="FILE", help="The ready file of 'mailgate dev', which says where it is.")
@click.option("--token-file", metavar="FILE", help=f"Has the token that the server wants. [${TOKEN} is the token]")
@click.option("--json", "form", flag_value="json", help="Print all of each message, in a line of JSON.")
@click.option("--raw", "form", flag_value="raw", help="Print the message as it is.")
@click.option("--otp", "form", flag_value="otp", help="Print the one-time code in it.")
@click.option("--links", "form", flag_value="links", help="Print the links in it, one a line.")
def wait(
    to: str | None,
    sender: str | None,
    subject: str | None,
    body: str | None,
    header: tuple[str, ...],
    count: int,
    timeout: float,
    namespace: str | None,
    url: str | None,
    ready_file: str | None,
    token_file: str | None,
    form: str | None,
) -> None:
    """Wait for a message at a running gateway, and print its id, sender, recipients and subject, with tabs between.

    One that is there already counts. All that is asked for has to fit.

    \b
    The exit status:
      0  it arrived
      1  it did not, within the time; standard error lists what did arrive
      2  wrong usage, also by what the server says: an address, the token
      3  there is no server, or it failed
      4  it arrived, but has no one-time code (--otp) or no links (--links)
    """
    if form == "raw" and count > 1:
        raise click.UsageError("--raw prints one message: leave --count out")
    where = namespace_of(to or "") if namespace is None else namespace
    criteria = {"to": to, "from": sender, "subject": subject, "body": body}
    question: dict[str, str | tuple[str, ...]] = {name: text for name, text in criteria.items() if text is not None}
    question |= {"header": header, "count": str(count), "timeout": str(timeout), "namespace": where}
    server = Server(_url(url, ready_file), _token(token_file))
    try:
        found = server.json(["wait"], question, timeout)
        whole = [FORMS[form or "line"](server, where, message) for message in found["messages"]]
    except NoServer as error:
        _leave(NO_SERVER, str(error))
    except Declined as error:
        _leave(*_explained(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    if not all(whole):
        _leave(NOT_IN_IT, f"it arrived, but has no {'one-time code' if form == 'otp' else form} in it")


def _url(url: str | None, ready_file: str | None) -> str:
    if ready_file is not None:
        if click.get_current_context().get_parameter_source("url") is ParameterSource.COMMANDLINE:
            raise click.UsageError("--url and --ready-file say the same: leave one out")
        try:
            return url_in(ready_file)
        except NoServer as error:
            _leave(NO_SERVER, str(error))
    if url and not is_url(url):
        raise click.UsageError(f"{url!r} is not the URL of a server, such as {URL}")
    return url or URL


def _token(file: str | None) -> str | None:
    if file is None:
        return os.environ.get(TOKEN) or None
    try:
        with open(file, encoding="ascii", errors="replace") as stream:
            return stream.read().strip()
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror}") from None


def _explained(error: Declined) -> tuple[int, str]:
    if error.kind != "timeout":
        return WRONG, str(error)
    return NOTHING_CAME, "\n".join([str(error), *arrived_instead(error.error.get("arrived", []))])


def _leave(status: int, why: str) -> NoReturn:
    click.echo(f"mailgate wait: {why}", err=True)
    sys.exit(status)
