"""`mailgate store list`: which maildrops there are, and what is in one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from mailgate.cli.accounts_house import counted
from mailgate.cli.house import (
    accounts_of,
    blocks_of,
    maildrop_of,
    named,
    now,
    only_domain,
    open_house,
    readable_errors,
    with_config,
    with_json,
)
from mailgate.cli.progress import progress
from mailgate.cli.quota import Used, in_words, told, used_by
from mailgate.cli.text import harmless, read_header, sender_and_subject

if TYPE_CHECKING:
    from mailgate.accounts.domains import Domains
    from mailgate.mail import Entry
    from mailgate.service.maintenance import Maintenance


@click.command("list")
@click.argument("user", required=False)
@with_config
@with_json
def list_(user: str | None, path: str | None, as_json: bool) -> None:
    """List all maildrops, or the messages of USER, oldest first, and what of USER's quota is used.

    Sizes are as POP3 tells them, with CRLF line ends. Nothing is locked, and nothing changes.
    """
    house, accounts = open_house(path), accounts_of(path)
    if user is None:
        _list_maildrops(house, accounts, as_json)
    else:
        _list_messages(house, accounts, user, as_json)


def _list_maildrops(house: Maintenance, accounts: Domains, as_json: bool) -> None:
    with readable_errors():
        names = now(house.store.names())
        found = [used_by(house.store, name, accounts.quota(name)) for name in progress(names, len(names), "Counting")]
    if as_json:
        _show_json(map(told, found))
    else:
        _show_maildrops(found)


def _list_messages(house: Maintenance, accounts: Domains, user: str, as_json: bool) -> None:
    with readable_errors():
        name = _known(house, accounts, user)
        rows = _messages(house, name)
    used = Used(name, len(rows), sum(row["octets"] for row in rows), accounts.quota(name))
    if as_json:
        _show_json([*rows, told(used)])
    else:
        _show_messages(rows, used)


def _known(house: Maintenance, accounts: Domains, user: str) -> str:
    """The name of a user's maildrop; an account's is made by its first message. Raises `ClickException`."""
    name = named(user, only_domain(accounts))
    is_account = name in accounts.current(name.rpartition("@")[2]).names.accounts
    return name if is_account else maildrop_of(house, name)


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


def _show_json(rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        click.echo(json.dumps(row))


def _show_maildrops(found: Sequence[Used]) -> None:
    from mailgate.log import escape

    names = [escape(used.maildrop) for used in found]
    widest = max(map(len, names), default=0)
    for name, used in zip(names, found, strict=True):
        click.echo(f"{name:<{widest}}  {used.messages:>7} messages  {used.octets:>13} octets")
    messages, octets = sum(used.messages for used in found), sum(used.octets for used in found)
    told = f"{counted(len(found), 'maildrop', 'maildrops')}, {counted(messages, 'message', 'messages')}"
    click.echo(f"{told}, {octets} octets in all.")


def _show_messages(rows: Iterable[dict[str, Any]], used: Used) -> None:
    for row in rows:
        flags = "new" if row["new"] else row["flags"] or "-"
        click.echo(f"{row['number']}  {_when(row['arrival'])}  {row['octets']} octets  {flags}")
        click.echo(f"    UID      {row['uid']}")
        if row["id"] and row["id"] not in row["uid"]:
            click.echo(f"    id       {row['id']}")
        for name in ("sender", "subject", "trouble"):
            if row[name]:
                click.echo(f"    {name:<8} {row[name]}")
    click.echo(f"{counted(used.messages, 'message', 'messages')}, {used.octets} octets in all.")
    click.echo(f"quota {in_words(used)}" if used.quota.is_set else "no quota")


def _when(seconds: int) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(seconds).astimezone().isoformat(" ", "seconds")
