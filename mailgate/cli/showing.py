"""`mailgate store show`: one message, for a person's eyes or as it is."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import click
from attrs import asdict

from mailgate.cli.house import blocks_of, entry_of, maildrop_of, open_house, readable_errors, with_config
from mailgate.cli.text import harmless, lines_of

if TYPE_CHECKING:
    from mailgate.mail import Entry

_GROUP_OCTETS: Final = 3  # what base64 encodes together


@click.command()
@click.argument("user")
@click.argument("uid")
@with_config
@click.option("--raw", is_flag=True, help="The octets as they are in the store, nothing else.")
@click.option("--json", "as_json", is_flag=True, help="For programs: a JSON object, with the octets in base64.")
def show(user: str, uid: str, path: str | None, raw: bool, as_json: bool) -> None:
    """Show the message of USER that has this UID.

    What a terminal could take for a command is written as \\xNN; --raw writes everything as it is.
    """
    house = open_house(path)
    with readable_errors():
        maildrop = maildrop_of(house, user)
        entry = entry_of(house, maildrop, uid)
        blocks = blocks_of(house, maildrop, entry)
        if raw:
            _write(blocks)
        elif as_json:
            _write(_in_json(entry, blocks))
        else:
            for line in lines_of(blocks):
                click.echo(harmless(line))


def _write(blocks: Iterable[bytes]) -> None:
    stdout = sys.stdout.buffer
    for block in blocks:
        stdout.write(block)
    stdout.flush()


def _in_json(entry: Entry, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """An object; memory does not grow with the message."""
    known = {name: value for name, value in asdict(entry).items() if name != "key"}
    head = json.dumps({**known, "content": ""})
    yield head.removesuffix('"}').encode("ascii")
    held = b""
    for block in blocks:
        data = held + block
        whole = len(data) - len(data) % _GROUP_OCTETS
        held = data[whole:]
        yield base64.b64encode(data[:whole])
    yield base64.b64encode(held) + b'"}\n'
