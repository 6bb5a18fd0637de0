"""`mailgate store sweep`: a sweep by hand, or what it would remove."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click
from attrs import asdict

from mailgate.cli.house import WRONG, open_house, with_config, with_json

if TYPE_CHECKING:
    from mailgate.service.maintenance import Maintenance
    from mailgate.sweeping.sweeper import Swept


@click.command()
@with_config
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option(
    "--clock-is-right",
    is_flag=True,
    help="Sweep whenever the last sweep was, and remove all that is too old instead of a fourth of a maildrop at most.",
)
@with_json
def sweep(path: str | None, dry_run: bool, clock_is_right: bool, as_json: bool) -> None:
    """Remove what is not to be kept: by the rules of [maildrops], of domains and of users.

    A running gateway does so once a day by itself. Maildrops that are open in a session are passed over.
    """
    from mailgate.failures import StoreError
    from mailgate.sweeping.schedule import Doubtful

    house = open_house(path)
    try:
        if not dry_run:
            _note(house, clock_is_right)
        told = [swept for swept in house.sweep(rehearse=dry_run, unlimited=clock_is_right) if swept.is_worth_telling]
    except (Doubtful, StoreError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        for swept in told:
            click.echo(json.dumps(asdict(swept)))
    else:
        _show(told, dry_run)
    if any(swept.trouble for swept in told):
        sys.exit(WRONG)


def _note(house: Maintenance, clock_is_right: bool) -> None:
    """Write down that there is a sweep now, if there may be. Raises `Doubtful`."""
    now = time.time()
    if not clock_is_right:
        house.schedule.is_due(now)  # by hand it is always due
    house.schedule.note(now)


def _show(told: Iterable[Swept], dry_run: bool) -> None:
    verb = "would go" if dry_run else "removed"
    messages = octets = 0
    for swept in told:
        messages, octets = messages + swept.messages, octets + swept.octets
        spared = f"; {swept.spared} more another time" if swept.spared else ""
        emptied = f"; {swept.emptied} out of the trash" if swept.emptied else ""
        trouble = f"; {swept.trouble}" if swept.trouble else ""
        click.echo(
            f"{swept.maildrop}: {swept.messages} messages, {swept.octets} octets {verb}{spared}{emptied}{trouble}"
        )
    click.echo(f"{messages} messages, {octets} octets {verb} in all.")
