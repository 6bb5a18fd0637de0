"""`mailgate tls …`: what clients see of the certificates."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from mailgate.cli.accounts_saying import complain
from mailgate.cli.house import WRONG, with_config, with_json
from mailgate.cli.reaching import configuration
from mailgate.cli.server import NoServer, ask, leave_without_server
from mailgate.cli.tls_doors import Lost, doors, names_to_ask_for, pairs_of
from mailgate.cli.tls_probe import NobodyThere, NoTLS, probe
from mailgate.cli.tls_reaching import Door
from mailgate.cli.tls_report import Row, failure, file_failure, row, show

if TYPE_CHECKING:
    from mailgate.config import Config
    from mailgate.faults import Fault
    from mailgate.tls.pair import Pair


@click.group()
def tls() -> None:
    """See to the certificates."""


@tls.command()
@with_config
@with_json
@click.option("--host", default="", help="Connect to this name or address instead of this machine, and ask for it.")
def status(path: str | None, as_json: bool, host: str) -> None:
    """Connect to every port, and show which certificate it serves.

    It is asked for the hostname of the configuration, for no name, and for every name that the certificates have. The
    configured files are read as well, as a server would that starts or reloads.

    Ends with 2 if something is wrong: a certificate that has expired, that is not for the name it was asked for, or
    that clients do not trust, unless it is self-signed; a file that cannot be used; or a port that does not answer.
    Ends with 3 if none does.
    """
    config = _configuration(path)
    faults: dict[Fault, None] = {}  # each once: a file may belong to several pairs
    pairs = pairs_of(config, lambda fault: faults.update({fault: None}))
    names = names_to_ask_for(config.hostname, pairs, host)
    rows, answered = _look(list(doors(config, host, _listening_of(config))), names, pairs, config.hostname)
    if not answered:
        for fault in faults:
            complain(str(fault))
        leave_without_server(NoServer("no gateway runs: nobody listens at any port of the configuration"))
    rows = [*map(file_failure, faults), *rows]
    if as_json:
        for each in rows:
            click.echo(json.dumps(each))
    else:
        show(rows)
    if any(each["wrong"] for each in rows):
        raise SystemExit(WRONG)


def _configuration(path: str | None) -> Config:
    config = configuration(path)
    if not config.tls.is_configured:
        raise click.ClickException("no certificate is configured: set certificate and key in [tls]")
    return config


def _listening_of(config: Config) -> Callable[[], Sequence[Mapping[str, Any]]]:
    """The listeners that the server has open, asked for when somebody wants to know; none if it does not run."""
    from mailgate.service.places import control_socket

    @cache
    def listening() -> Sequence[Mapping[str, Any]]:
        try:
            return list(ask(control_socket(config), "ports", {})["listeners"])
        except NoServer:
            return []

    return listening


def _look(
    places: Sequence[Door | Lost], names: Sequence[str], pairs: Sequence[Pair | None], hostname: str
) -> tuple[list[Row], bool]:
    """What there is to say of all of them, and whether anybody has answered."""
    rows: list[Row] = []
    answered = False
    for place in places:
        if isinstance(place, Lost):
            lost = Door(place.key, place.listener, 0, "tls")
            rows.append(failure(lost, "", "only a gateway that runs knows where this is"))
            continue
        for name in names:
            try:
                rows.append(row(place, name, probe(place, name), pairs, hostname, time.time()))
            except NobodyThere as error:
                rows.append(failure(place, name, f"nobody answers: {error}"))
                break  # whatever is asked for
            except (OSError, NoTLS) as error:
                rows.append(failure(place, name, f"no TLS: {error}"))
            answered = True
    return rows, answered
