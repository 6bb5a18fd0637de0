"""`mailgate store export`: a maildrop's messages in files that other programs read, and `import` reads again."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from mailgate.cli.house import WRONG, blocks_of, maildrop_of, now, open_house, readable_errors, with_config, with_json
from mailgate.cli.progress import progress

if TYPE_CHECKING:
    from mailgate.archive.message import Archived
    from mailgate.mail import Entry
    from mailgate.service.maintenance import Maintenance


@click.command("export")
@click.argument("user")
@click.argument("destination", metavar="DEST")
@click.option(
    "--format",
    "form",
    type=click.Choice(["maildir", "mbox", "eml"]),
    required=True,
    help="A Maildir; one mbox file, quoted as mboxrd; or a directory of .eml files with an index.",
)
@with_config
@with_json
def export(user: str, destination: str, form: str, path: str | None, as_json: bool) -> None:
    """Write all messages of USER to DEST, which must not be there yet; they stay where they are.

    UIDs, arrival times and flags are kept. Until it is whole, DEST is called DEST.partial.
    """
    house = open_house(path)
    with readable_errors():
        maildrop = maildrop_of(house, user)
        exported, troubles = _export(house, maildrop, destination, form)
    if as_json:
        told = {"maildrop": maildrop, "destination": destination, "exported": exported, "not_exported": troubles}
        click.echo(json.dumps(told))
    else:
        for trouble in troubles:
            click.echo(f"not exported: {trouble['uid']}: {trouble['trouble']}")
        click.echo(f"{exported} messages exported to {destination}" + (f", {len(troubles)} not." if troubles else "."))
    if troubles:
        sys.exit(WRONG)


def _export(house: Maintenance, maildrop: str, destination: str, form: str) -> tuple[int, list[dict[str, str]]]:
    from mailgate.archive.message import ArchiveError
    from mailgate.archive.writing import WRITERS
    from mailgate.failures import StoreError

    exported, troubles = 0, list[dict[str, str]]()
    entries = now(house.store.browse(maildrop)).entries
    with WRITERS[form](destination) as archive:
        for entry in progress(entries, len(entries), "Exporting"):
            try:
                archive.add(_archived(house, maildrop, entry))
                exported += 1
            except (StoreError, ArchiveError) as error:
                troubles.append({"uid": entry.uid, "trouble": str(error)})
    return exported, troubles


def _archived(house: Maintenance, maildrop: str, entry: Entry) -> Archived:
    from mailgate.archive.message import Archived
    from mailgate.store.maildir.origin import origin_of

    origin = origin_of(entry)
    return Archived(
        where=entry.uid,
        open=partial(blocks_of, house, maildrop, entry),
        seconds=entry.seconds,
        uid=entry.uid,
        unique=origin.unique,
        flags=origin.flags,
        is_new=origin.is_new,
        smtputf8=entry.smtputf8,
    )
