"""`mailgate handlers`: what every message passes, in which order, for how long, and what happens when it fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import click
from attrs import asdict, frozen

from mailgate.cli.config import end_with, read_configuration, with_set
from mailgate.cli.house import with_config, with_json

if TYPE_CHECKING:
    from mailgate.config import Config
    from mailgate.faults import Fault

# What a step is asked about, by the interface that it provides.
_ASKED: Final = {
    "IConnectPolicy": "connections",
    "IHeloPolicy": "greetings",
    "ISenderPolicy": "senders",
    "IRecipientPolicy": "recipients",
    "IMessageHandler": "messages",
}
_ON_ERROR: Final = {"defer": "451, the client tries again", "skip": "it is passed by"}


@frozen
class Row:
    """One step of the pipeline."""

    number: int
    name: str
    use: str
    asked: Sequence[str]  # empty: it cannot be had
    timeout_seconds: float
    on_error: str


@click.command()
@with_config
@with_set
@with_json
def handlers(path: str | None, overrides: Sequence[str], as_json: bool) -> None:
    """Print the handlers and policies in their order: what each is asked about, its time-out, its error policy.

    By the configuration; each is made as for twistd mailgate --check, and asked nothing.
    """
    reading = read_configuration(path, overrides)
    config = reading.config
    assert config is not None, "it was understood"
    rows: list[Row] = []
    faults: list[Fault] = []
    for row, wrong in _rows(config, reading.where):
        rows.append(row)
        faults.extend(wrong)
    for line in _as_json(rows) if as_json else _table(rows, config.handlers_timeout):
        click.echo(line)
    end_with(reading, faults)


def _rows(config: Config, where: Callable[[str], str]) -> Iterator[tuple[Row, Sequence[Fault]]]:
    from mailgate.handlers.finding import BadHandler, make_handler
    from mailgate.pipeline import ABILITIES

    for number, entry in enumerate(config.handler, 1):
        asked: list[str] = []
        faults: Sequence[Fault] = ()
        if entry.use:  # else that has been told
            try:
                made = make_handler(entry.use, entry.options, where(f"handler[{number}]"))
                asked = [_ASKED[ability.__name__] for ability in ABILITIES if ability.providedBy(made)]
            except BadHandler as error:
                faults = error.faults
        yield Row(number, entry.name, entry.use, asked, entry.timeout, entry.on_error), faults


def _as_json(rows: Sequence[Row]) -> Iterator[str]:
    return (json.dumps(asdict(row)) for row in rows)


def _table(rows: Sequence[Row], all_seconds: float) -> Iterator[str]:
    from mailgate.cli.settings import duration_text

    if not rows:
        yield "No handlers: every message is delivered as it comes."
        return
    cells = [("", "name", "asked about", "time-out", "if it fails")]
    for row in rows:
        name = row.name if row.use in ("", row.name) else f"{row.name} ({row.use})"
        about = ", ".join(row.asked) or "?"
        cells.append((str(row.number), name, about, duration_text(row.timeout_seconds), _ON_ERROR[row.on_error]))
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    for line in cells:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
    yield f"All together have {duration_text(all_seconds)} for a message; the first that refuses ends it."
