"""Messages that arrived, as `mailgate wait` prints them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import click

from mailgate.cli.asking import Server

Told = Mapping[str, Any]
"""A message as the server tells it."""

Form = Callable[[Server, str, Told], bool]
"""Print what is wanted of a message of a namespace; False if it has none. Raises what `Server` raises."""


def line_of(message: Told) -> str:
    """Its id, sender, recipients and subject, with tabs between; no tab is in one of them."""
    recipients = ", ".join(message["recipients"])
    return "\t".join(map(_printable, (message["id"], message["sender"] or "<>", recipients, message["subject"])))


def arrived_instead(messages: Sequence[Told]) -> Iterator[str]:
    """What did arrive, for who waited for something else."""
    if not messages:
        yield "nothing has arrived there"
        return
    yield "this has arrived there:"
    for message in messages:
        yield f"  {line_of(message)}"


def _print_line(_: Server, __: str, message: Told) -> bool:
    click.echo(line_of(message))
    return True


def _print_json(server: Server, namespace: str, message: Told) -> bool:
    click.echo(json.dumps(_whole(server, namespace, message)))
    return True


def _print_raw(server: Server, namespace: str, message: Told) -> bool:
    octets = server.octets(["messages", message["id"], "raw"], {"namespace": namespace})
    click.echo(octets, nl=False)
    return True


def _print_otp(server: Server, namespace: str, message: Told) -> bool:
    code = _whole(server, namespace, message)["otp"]
    if code is not None:
        click.echo(code)
    return code is not None


def _print_links(server: Server, namespace: str, message: Told) -> bool:
    links = _whole(server, namespace, message)["links"]
    for link in links:
        click.echo(_printable(link))
    return bool(links)


FORMS: Final[Mapping[str, Form]] = {
    "line": _print_line,
    "json": _print_json,
    "raw": _print_raw,
    "otp": _print_otp,
    "links": _print_links,
}


def _whole(server: Server, namespace: str, message: Told) -> Any:
    return server.json(["messages", message["id"]], {"namespace": namespace})


def _printable(text: str) -> str:
    # A stranger may have written it: what would move a terminal's cursor is shown and not done.
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
