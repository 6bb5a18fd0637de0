"""`mailgate explain`: what would become of mail to an address, and why."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click

from mailgate.cli.fitting import beside, beside_whole, fitted
from mailgate.cli.house import WRONG, now, open_house, with_config
from mailgate.cli.reaching import configuration
from mailgate.cli.server import NoServer, ask, tell_without_server

if TYPE_CHECKING:
    from mailgate.config import Config
    from mailgate.control.calls import Functions

WIDEST: Final = 36  # of a question that has its answer beside it
MAX_FILE_OCTETS: Final = 26_214_400  # what the server takes
BLOCK_OCTETS: Final = 65_536  # of what is only counted


@click.command()
@click.argument("address")
@with_config
@click.option("--from", "sender", metavar="ADDRESS", help="Who sends it; <> is nobody, as for bounces. [made up]")
@click.option("--client", metavar="IP", help="From which address it comes; tells also whether that is let in.")
@click.option("--file", type=click.File("rb"), help="The message; - reads standard input. [made up]")
@click.option("--json", "as_json", is_flag=True, help="For programs: a JSON object.")
def explain(
    address: str, path: str | None, sender: str | None, client: str | None, file: BinaryIO | None, as_json: bool
) -> None:
    """Tell what would become of mail to ADDRESS, step by step, and change nothing.

    The server that runs is asked; where none runs, its files are read as they are.

    \b
    The exit status:
      0  somebody would have the mail
      1  it cannot be told
      2  it would be refused, put off or thrown away
    """
    config = configuration(path)
    message = {} if file is None else _read(file, config.smtp.max_message)
    wanted = {"address": address, "from": sender, "client": client, **message}
    arguments = {name: value for name, value in wanted.items() if value}
    told = _told(path, config, arguments)
    if as_json:
        click.echo(json.dumps(told))
    else:
        for line in lines(told):
            click.echo(line)
    if told["result"] != "kept":
        sys.exit(WRONG)


def _read(file: BinaryIO, most: int) -> dict[str, Any]:
    """The content; of what is too large to be given, the size, which is not looked for beyond `most`."""
    content = file.read(MAX_FILE_OCTETS + 1)
    if not content:
        raise click.ClickException("the message is empty")
    if len(content) > MAX_FILE_OCTETS:
        return {"size": _octets_on_the_wire(content, file, most)}
    return {"content": base64.b64encode(content).decode("ascii")}


def _octets_on_the_wire(block: bytes, file: BinaryIO, most: int) -> int:
    """Of `block` and what follows it, until there are more than `most`."""
    is_text = b"\r\n" not in block  # as `explaining.letter` sees it
    octets = 0
    while block:
        octets += len(block) + (block.count(b"\n") if is_text else 0)
        block = file.read(BLOCK_OCTETS) if octets <= most else b""
    return octets


def _told(path: str | None, config: Config, arguments: Mapping[str, Any]) -> dict[str, Any]:
    from mailgate.service.places import control_socket

    try:
        told: dict[str, Any] = ask(control_socket(config), "explain", arguments, config.handlers_timeout)
        return told
    except NoServer as error:
        tell_without_server(error, "this is what its files say as they are now")
    return _by_files(path, config, arguments)


def _by_files(path: str | None, config: Config, arguments: Mapping[str, Any]) -> dict[str, Any]:
    from mailgate.control.calls import Arguments, CallError

    try:
        told: dict[str, Any] = now(_functions(path, config)["explain"](Arguments(arguments)))
    except CallError as error:
        raise click.ClickException(error.message) from error
    return told


def _functions(path: str | None, config: Config) -> Functions:
    """The call as a server has it, over the same files: only that nothing can be waited for."""
    from mailgate.accounts.directory import Directory
    from mailgate.service.explanation import explanation
    from mailgate.service.front import CannotBuild, registered, steps

    house = open_house(path)  # which has told what is wrong with the accounts
    try:
        judges = steps(config)
    except CannotBuild as error:
        raise click.ClickException("\n".join(map(str, error.faults))) from error
    domains = registered(config, lambda _: None)
    return explanation(config, Directory(domains, config.hostname), domains, domains, house.store, judges)


def lines(told: Mapping[str, Any]) -> Iterator[str]:
    """An explanation for a person: what comes of it, how, and what comes of it."""
    from mailgate.log import escape

    verdict = fitted(f"{told['sentence']}.")
    width = max((len(step["question"]) for step in told["steps"] if len(step["question"]) <= WIDEST), default=0)
    about = ""
    yield from verdict.split("\n")
    yield ""
    for number, step in enumerate(told["steps"], 1):
        if step["about"] != about:
            about = step["about"]
            yield f"    {escape(about) or 'then'}:"
        yield from _step(number, step, width)
    yield ""
    yield from fitted(told["reply"]["line"], "The sender hears: ").split("\n")
    yield from verdict.split("\n")


def _step(number: int, step: Mapping[str, Any], width: int) -> Iterator[str]:
    from mailgate.log import escape

    question, column = escape(step["question"]), " " * (width + 6)
    head = f"{number:>3} {question:<{width}}  "
    if len(question) > width:
        yield from fitted(question, f"{number:>3} ").split("\n")
        head = column
    yield from (beside_whole if step["topic"] == "path" else beside)(step["answer"], head)
    if step["detail"]:
        yield from beside(step["detail"], column)
    if step["where"]:
        yield from beside_whole(step["where"], column)
