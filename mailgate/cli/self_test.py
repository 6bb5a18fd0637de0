"""`mailgate self-test`: does every listener do what it is for? Tried with mail, which is removed again."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from mailgate.cli.accounts_house import Books, open_books
from mailgate.cli.accounts_saying import complain, refusal
from mailgate.cli.house import WRONG, with_config
from mailgate.cli.self_test_maildrop import Account
from mailgate.cli.self_test_run import Plan, is_pop3, run
from mailgate.cli.self_test_sending import Route
from mailgate.cli.self_test_table import rows, show
from mailgate.cli.self_test_trust import Trust, make_trust
from mailgate.cli.server import NoServer, ask, leave_without_server
from mailgate.cli.tls_doors import Lost, doors, pairs_of

if TYPE_CHECKING:
    from mailgate.cli.tls_reaching import Door
    from mailgate.config import Config

TIMEOUT_SECONDS: Final = 30.0


@click.command("self-test")
@click.argument("address")
@with_config
@click.option("--user", metavar="ACCOUNT", help="Who logs in. [the account that ADDRESS leads to]")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the password from standard input, one line.")
@click.option("--password-file", type=click.File("r"), help="Read the password from the first line of this file.")
@click.option("--ca-file", default="", help="Certificates in PEM that vouch for ours. [those that the system trusts]")
@click.option(
    "--timeout",
    "seconds",
    type=click.FloatRange(min=0.1),
    default=TIMEOUT_SECONDS,
    show_default=True,
    help="Seconds to wait for each answer, and for a maildrop that is in use.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs: JSON objects, one a listener.")
def self_test(
    address: str,
    path: str | None,
    user: str | None,
    from_stdin: bool,
    password_file: Any,
    ca_file: str,
    seconds: float,
    as_json: bool,
) -> None:
    """Send a message to ADDRESS through every listener, fetch each by POP3, and remove them.

    TLS is verified as mail programs do it, by the hostname of the configuration. A certificate that is self-signed is
    taken if it is the configured one and is for that name; for another name none is. Of the mail in the maildrop none
    is touched but these messages. The password is asked for.

    \b
    The exit status:
      0  all came back as they were sent, and are gone
      1  it could not be tried
      2  something failed; the table says what
      3  no server runs
    """
    books = open_books(path)
    found = _doors(books.config)
    to, account = _whom(books, address, user)
    trust = _trust(books.config, ca_file)
    password = _password(from_stdin, password_file)
    utf8 = not (to + account).isascii()
    plan = Plan(found, trust, Route(account, password, to), Account(account, password, seconds, utf8), complain)
    told = rows(run(plan))
    if as_json:
        for row in told:
            click.echo(json.dumps(row))
    else:
        show(told)
    if any(row["wrong"] for row in told):
        raise SystemExit(WRONG)


def _doors(config: Config) -> list[Door | Lost]:
    """Where the server listens. Ends the command if none runs. Raises `ClickException`."""
    from mailgate.service.places import control_socket

    try:
        listening: Sequence[Mapping[str, Any]] = ask(control_socket(config), "ports", {})["listeners"]
    except NoServer as error:
        leave_without_server(error)
    found = list(doors(config, "", lambda: listening))
    if not any(is_pop3(door) for door in found if not isinstance(door, Lost)):
        raise refusal("there is no POP3 listener: what is sent could not be fetched, nor removed")
    return found


def _whom(books: Books, address: str, user: str | None) -> tuple[str, str]:
    """The address, and the one account that it reaches, which must be `user` if one is named. Raises
    `ClickException`: what goes to others cannot be removed.
    """
    from mailgate.accounts.register import OutOfService
    from mailgate.wire.address import fold_domain

    local_part, _, domain = books.account(address).rpartition("@")
    if not books.register.is_ours(domain):
        raise refusal(f"{fold_domain(domain)} is no domain of this gateway")
    try:
        reached = sorted({each.account for each in books.register.reached(local_part, domain)})
    except OutOfService as doubt:
        raise refusal(f"where mail to {address} goes cannot be told: {doubt}") from doubt
    if not reached:
        raise refusal(f"nobody has the address {address}")
    if len(reached) > 1:
        raise refusal(
            f"{address} reaches {', '.join(reached)}: choose an address of one account, as the copies of the others "
            "could not be removed"
        )
    if user is not None and books.known(user) != reached[0]:
        raise refusal(f"mail to {address} reaches {reached[0]}, and not {books.known(user)}")
    return f"{local_part}@{domain}", reached[0]


def _trust(config: Config, ca_file: str) -> Trust:
    pairs = pairs_of(config, lambda fault: complain(str(fault))) if config.tls.is_configured else ()
    try:
        return make_trust(config.hostname, pairs, ca_file, config.tls.is_configured, time.time())
    except OSError as error:
        raise refusal(f"{ca_file}: {error.strerror or error}") from error


def _password(from_stdin: bool, password_file: Any) -> str:
    if from_stdin and password_file is not None:
        raise click.UsageError("--stdin and --password-file both bring a password: not both")
    if from_stdin or password_file is not None:
        line: str = (password_file or sys.stdin).readline()
        return line.rstrip("\r\n")
    plain: str = click.prompt("Password", hide_input=True, err=True)
    return plain
