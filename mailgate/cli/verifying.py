"""`mailgate store verify`: is what is kept as it should be?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
from attrs import asdict

from mailgate.cli.house import WRONG, maildrop_of, now, open_house, readable_errors, root_of, with_config, with_json
from mailgate.cli.progress import progress

if TYPE_CHECKING:
    from mailgate.store.maildir.verifying import Finding, Verifier


@click.command()
@click.argument("user", required=False)
@click.option("--repair", is_flag=True, help="Correct the sizes in names; UIDs stay as they are.")
@with_config
@with_json
def verify(user: str | None, repair: bool, path: str | None, as_json: bool) -> None:
    """Look through all maildrops, or USER's, and tell what is wrong and what to do about it.

    Every message is read. Nothing changes without --repair, and with it each maildrop is locked while it is read. It
    ends with 2 if anything was found that is not repaired.
    """
    from mailgate.store.maildir.verifying import Verifier

    house = open_house(path)
    with readable_errors():
        names = now(house.store.names()) if user is None else [maildrop_of(house, user)]
        verifier = Verifier(root_of(path))
        total = sum(_count(verifier, name) for name in names)
        steps = progress(_steps(verifier, list(names), repair), total, "Verifying")
        found = [finding for step in steps for finding in step]
    if as_json:
        for finding in found:
            click.echo(json.dumps(asdict(finding)))
    else:
        _show(found, len(names), total - len(names))
    if not all(finding.repaired for finding in found):
        sys.exit(WRONG)


def _count(verifier: Verifier, name: str) -> int:
    from mailgate.failures import StoreError

    try:
        return verifier.count(name)
    except StoreError:
        return 1  # `_steps` tells of it


def _steps(verifier: Verifier, names: list[str], repair: bool) -> Iterator[tuple[Finding, ...]]:
    from mailgate.failures import StoreError
    from mailgate.store.maildir.verifying import Finding

    for name in names:
        try:
            yield from verifier.verify(name, repair=repair)
        except StoreError as error:  # the others are looked through all the same
            yield (Finding(name, "trouble", "", str(error), "see to that, and verify again"),)


def _show(found: list[Finding], maildrops: int, files: int) -> None:
    from mailgate.log import escape

    for finding in found:
        place = f"{finding.maildrop}/{finding.place}" if finding.place else finding.maildrop
        click.echo(escape(f"{place}: {finding.what}"))
        click.echo(f"    {'repaired' if finding.repaired else escape(finding.advice)}")
    repaired = sum(finding.repaired for finding in found)
    click.echo(f"{files} files in {maildrops} maildrops: {len(found)} found, {repaired} repaired.")
