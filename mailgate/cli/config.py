"""`mailgate config show`: what is in force, and where that was said. A configuration that can be read by mailgate."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from mailgate.cli.fitting import COLUMNS, fitted
from mailgate.cli.house import WRONG, with_config, with_json

if TYPE_CHECKING:
    from mailgate.cli.settings import Setting
    from mailgate.config import Reading

MARKS_AT: Final = 60  # the column where it is said where a setting comes from, if the line is shorter
with_set = click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="As twistd mailgate would be told; may be repeated."
)


@click.group()
def config() -> None:
    """See to the configuration."""


@config.command()
@with_config
@with_set
@click.option("--changed", is_flag=True, help="Only what is not at its default.")
@with_json
def show(path: str | None, overrides: Sequence[str], changed: bool, as_json: bool) -> None:
    """Print every setting as it is in force, and where it was said: in the file, by --set, or nowhere (its default).

    Paths are whole. Passwords are in files of their own and are not shown, nor are settings of handlers that look like
    one. What a server that runs has read may be older than the file.
    """
    from mailgate.cli.settings import settings

    reading = read_configuration(path, overrides)
    shown = [setting for setting in settings(reading) if setting.is_changed or not changed]
    lines = _as_json(shown) if as_json else _as_toml(shown, reading)
    for line in lines:
        click.echo(line)
    end_with(reading)


def read_configuration(path: str | None, overrides: Sequence[str]) -> Reading:
    """As much of it as can be understood. Raises `ClickException` where that is nothing."""
    from mailgate.config import check, find

    found = find(path, os.environ)
    if found is None:
        raise click.ClickException("no configuration found: name one with --config")
    # Leniently: accounts, and what only development mode may do, are for twistd mailgate --check to judge.
    reading = check(found, overrides, development=True)
    if reading.config is None:
        raise click.ClickException("\n".join(map(str, reading.faults)))
    return reading


def end_with(reading: Reading, faults: Iterable[object] = ()) -> None:
    """Tell what is wrong, if anything is, and end the command with `WRONG` then."""
    told = dict.fromkeys(map(str, (*reading.faults, *faults)))
    for fault in told:
        click.echo(f"mailgate: {fault}", err=True)
    if told:
        sys.exit(WRONG)


def _as_json(shown: Iterable[Setting]) -> Iterator[str]:
    for setting in shown:
        told: dict[str, Any] = {"key": setting.key, "value": setting.value, "source": setting.source}
        yield json.dumps({**told, "default": setting.default, "changed": setting.is_changed}, ensure_ascii=False)


def _as_toml(shown: Sequence[Setting], reading: Reading) -> Iterator[str]:
    yield fitted(f"{reading.path}, with the defaults.", "# ", "# ")
    yield "# Behind a key, or above a long line: where it was said, if not by default."
    width = min(max((len(setting.line) for setting in shown), default=0), MARKS_AT)
    table = ""
    for setting in shown:
        if setting.table != table:
            table = setting.table
            yield from ("", "[[handler]]")
        yield from _marked(setting, width)


def _marked(setting: Setting, width: int) -> Iterator[str]:
    """One setting, and where it was said."""
    mark = {"default": "", "file": "# file", "--set": "# --set"}[setting.source]
    room = COLUMNS - len(f"  {mark}".rstrip())
    first, *rest = setting.lines(room)
    if mark and len(first) > room:
        yield from (mark, first)
    else:
        yield f"{first:<{width}}  {mark}".rstrip()
    yield from rest
