"""`mailgate limits`: whose logins are slowed or refused after wrong passwords, and how to end that."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import click

from mailgate.cli.fitting import fitted
from mailgate.cli.house import with_config
from mailgate.cli.reaching import socket_of
from mailgate.cli.server import NoServer, ask, leave_without_server

Row = Mapping[str, Any]

SHOWN: Final = 20  # of each kind; --json has more
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


@click.group(invoke_without_command=True)
@with_config
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object.")
@click.pass_context
def limits(context: click.Context, path: str | None, as_json: bool) -> None:
    """Show who has to wait, or is refused, after wrong passwords; and who is exempt, having logged in within a day.

    Exit status 3: no server runs.
    """
    context.obj = path
    if context.invoked_subcommand is not None:
        return
    told = _ask(path, "limits", {})
    click.echo(json.dumps(told) if as_json else "\n".join(_lines(told)))


@limits.command()
@with_config
@click.option("--account", metavar="NAME", default="", help="Forget the wrong passwords of this account.")
@click.option("--network", metavar="NETWORK", default="", help="Forget the names tried in vain from this network.")
@click.option("--all", "everything", is_flag=True, help="Forget all failures.")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object.")
@click.pass_context
def clear(
    context: click.Context, path: str | None, account: str, network: str, everything: bool, as_json: bool
) -> None:
    """Let an account or a network log in again at once. Who is exempt stays so.

    A network is written as `mailgate limits` shows it, or as one of its addresses.

    \b
    The exit status:
      0  nothing is held against them any more, whether anything was or not
      1  it cannot be done
      3  no server runs
    """
    if everything == bool(account or network):
        raise click.UsageError("Name an --account, a --network or both; or say --all.")
    arguments = {"account": account, "network": network, "all": everything}
    told = _ask(path or context.obj, "clear_limits", arguments)
    click.echo(json.dumps(told) if as_json else "\n".join(map(fitted, _forgotten(told))))


def _ask(path: str | None, call: str, arguments: Mapping[str, Any]) -> Any:
    try:
        return ask(socket_of(path), call, arguments)
    except NoServer as error:
        leave_without_server(error)


def _forgotten(told: Mapping[str, Any]) -> Iterator[str]:
    cleared, forgotten = told["cleared"], told["forgotten"]
    if cleared == "all":
        passwords = _count(forgotten["wrong_passwords"], "wrong password", forgotten["accounts"], "account")
        names = _count(forgotten["names"], "name in vain", forgotten["networks"], "network")
        known = " and ".join(filter(None, (passwords, names)))
        yield f"Forgotten: {known}." if known else "Nothing was known of anybody."
        return
    if "account" in cleared:
        name = _harmless(cleared["account"])
        nobody = "" if told["is_account"] else ", a name that no account has"
        passwords = _number(forgotten["wrong_passwords"], "wrong password")
        yield f"Forgotten: {passwords} for {name}{nobody}." if passwords else f"Nothing was known of {name}{nobody}."
    if "network" in cleared:
        network = _harmless(cleared["network"])
        names = _number(forgotten["names"], "name in vain")
        yield f"Forgotten: {names} from {network}." if names else f"Nothing was known of {network}."


def _count(failures: int, what: str, places: int, where: str) -> str:
    """Empty if there are none."""
    return f"{_number(failures, what)} ({_number(places, where)})" if failures else ""


def _number(count: int, what: str) -> str:
    """Empty for none."""
    first, blank, rest = what.partition(" in ")
    return f"{count} {first}{'s' if count > 1 else ''}{blank}{rest}" if count else ""


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    window = _time(told["window_seconds"])
    yield fitted(
        f"Limits in {window}: {told['wrong_passwords']} different wrong passwords for an account, "
        f"{told['unknown_users']} names in vain from a network."
    )
    yield fitted(
        f"Since the start: {told['looked_at']} passwords looked at, {told['refused']} refused without a look; "
        f"{told['under_way']} under way."
    )
    kinds = (
        ("accounts", "account", "Accounts with wrong passwords"),
        ("unknown", "name", "Names that nobody has"),
        ("networks", "network", "Networks with names in vain"),
    )
    for kind, name, title in kinds:
        rows = [(_harmless(row[name]), str(row["failures"]), _state(row)) for row in told[kind][:SHOWN]]
        yield from _table(title, rows, told["totals"][kind])
    exempt = [
        (_harmless(row["account"]), _harmless(row["network"]), f"for {_time(row['seconds'])} more")
        for row in told["exempt"][:SHOWN]
    ]
    yield from _table("Exempt: logged in within a day", exempt, told["totals"]["exempt"])


def _table(title: str, rows: Sequence[Sequence[str]], total: int) -> Iterator[str]:
    yield ""
    if not rows:
        yield f"{title}: none"
        return
    yield f"{title}:"
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    if total > len(rows):
        yield f"  and {total - len(rows)} more"


def _state(row: Row) -> str:
    if row["state"] == "refused":
        return f"refused for {_time(row['seconds'])}"
    if row["state"] == "delayed":
        return f"waits {row['delay_seconds']:g} s, for {_time(row['seconds'])}"
    return f"counted for {_time(row['seconds'])}"


def _time(seconds: float) -> str:
    for unit, name in _UNITS:
        if seconds >= unit:
            return f"{seconds / unit:.0f} {name}"
    return "0 s"


def _harmless(text: str) -> str:
    from mailgate.log import escape

    return escape(text)
