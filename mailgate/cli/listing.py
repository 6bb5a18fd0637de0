"""`mailgate store list`: which maildrops there are, and what is in one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from mailgate.cli.house import blocks_of, maildrop_of, now, open_house, readable_errors, with_config, with_json
from mailgate.cli.progress import progress
from mailgate.cli.text import harmless, read_header, sender_and_subject

if TYPE_CHECKING:
    from mailgate.mail import Entry
    from mailgate.service.maintenance import Maintenance


@click.command("list")
@click.argument("user", required=False)
@with_config
@with_json
def list_(user: str | None, path: str | None, as_json: bool) -> None:
    """List all maildrops, or the messages of USER, oldest first.

    Sizes are as POP3 tells them, with CRLF line ends. Nothing is locked, and nothing changes.
    """
    house = open_house(path)
    with readable_errors():
        rows = _maildrops(house) if user is None else _messages(house, maildrop_of(house, user))
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))
    elif user is None:
        _show_maildrops(rows)
    else:
        _show_messages(rows)


def _maildrops(house: Maintenance) -> list[dict[str, Any]]:
    names = now(house.store.names())
    return [_usage(house, name) for name in progress(names, len(names), "Counting")]


def _usage(house: Maintenance, name: str) -> dict[str, Any]:
    messages, octets = now(house.store.usage(name))
    return {"maildrop": name, "messages": messages, "octets": octets}


def _messages(house: Maintenance, maildrop: str) -> list[dict[str, Any]]:
    entries = now(house.store.browse(maildrop)).entries
    numbered = progress(enumerate(entries, 1), len(entries), "Reading headers")
    return [_message(house, maildrop, number, entry) for number, entry in numbered]


def _message(house: Maintenance, maildrop: str, number: int, entry: Entry) -> dict[str, Any]:
    from mailgate.failures import StoreError
    from mailgate.store.maildir.origin import origin_of

    trouble = sender = subject = ""
    try:
        sender, subject = sender_and_subject(read_header(blocks_of(house, maildrop, entry)))
    except StoreError as error:
        trouble = harmless(str(error).encode())
    origin = origin_of(entry)
    return {
        "number": number,
        "uid": entry.uid,
        "octets": entry.octets,
        "arrival": entry.seconds,
        "id": entry.id,
        "flags": origin.flags,
        "new": origin.is_new,
        "sender": sender,
        "subject": subject,
        "trouble": trouble,
    }


def _show_maildrops(rows: list[dict[str, Any]]) -> None:
    from mailgate.log import escape

    names = [escape(row["maildrop"]) for row in rows]
    widest = max(map(len, names), default=0)
    for name, row in zip(names, rows, strict=True):
        click.echo(f"{name:<{widest}}  {row['messages']:>7} messages  {row['octets']:>13} octets")
    messages, octets = sum(row["messages"] for row in rows), sum(row["octets"] for row in rows)
    click.echo(f"{len(rows)} maildrops, {messages} messages, {octets} octets in all.")


def _show_messages(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        flags = "new" if row["new"] else row["flags"] or "-"
        click.echo(f"{row['number']}  {_when(row['arrival'])}  {row['octets']} octets  {flags}")
        click.echo(f"    UID      {row['uid']}")
        if row["id"] and row["id"] not in row["uid"]:
            click.echo(f"    id       {row['id']}")
        for name in ("sender", "subject", "trouble"):
            if row[name]:
                click.echo(f"    {name:<8} {row[name]}")
    click.echo(f"{len(rows)} messages, {sum(row['octets'] for row in rows)} octets in all.")


def _when(seconds: int) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(seconds).astimezone().isoformat(" ", "seconds")
