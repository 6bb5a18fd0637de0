"""`mailgate status`: how the gateway is, what is wrong first."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import click

from mailgate.cli.fitting import fitted
from mailgate.cli.house import WRONG, with_config
from mailgate.cli.reaching import socket_of
from mailgate.cli.server import NoServer, ask, leave_without_server
from mailgate.cli.text import harmless
from mailgate.units import size

_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_RATES: Final = {
    "messages": "messages taken",
    "refused": "refusals",
    "not_delivered": "not delivered",
    "fetched": "messages fetched",
    "logins": "logins",
    "wrong_logins": "wrong logins",
    "errors": "errors",
}

Row = tuple[str, str]


@click.command()
@with_config
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object.")
def status(path: str | None, as_json: bool) -> None:
    """Show how the running gateway is: problems first, then sessions, mail, disk and certificates.

    \b
    The exit status:
      0  all is well
      2  there are problems
      3  no gateway runs
    """
    try:
        told = ask(socket_of(path), "status", {})
    except NoServer as error:
        leave_without_server(error)
    if as_json:
        click.echo(json.dumps(told))
    else:
        for line in _lines(told, time.time()):
            click.echo(harmless(line.encode("utf-8", "backslashreplace")))
    if told["problems"]:
        raise SystemExit(WRONG)


def duration(seconds: float) -> str:
    """In the two largest units: "3 days 4 hours"."""
    left, parts = int(seconds), []
    for unit, name in _UNITS:
        count, left = divmod(left, unit)
        if count:
            parts.append(f"{count} {name}{'s' if count > 1 else ''}")
    return " ".join(parts[:2]) or "0 seconds"


def _lines(told: Mapping[str, Any], now: float) -> Iterator[str]:
    problems: Sequence[str] = told["problems"]
    yield f"mailgate {told['version']}, running for {duration(told['uptime_seconds'])}, process {told['pid']}"
    for problem in problems:
        yield from fitted(problem, "  PROBLEM  ").split("\n")
    if not problems:
        yield "  No problems."
    if waiting := told.get("waiting"):  # a server from before an upgrade does not tell
        yield from fitted(", ".join(waiting), "  Waiting for a restart: ", "    ").split("\n")
    for heading, rows in _tables(told, now):
        yield ""
        yield heading
        widest = max((len(name) for name, _ in rows), default=0)
        yield from (f"  {name:<{widest}}  {text}".rstrip() for name, text in rows)


def _tables(told: Mapping[str, Any], now: float) -> Iterator[tuple[str, Sequence[Row]]]:
    yield "Listeners", [(one["listener"], one["place"]) for one in told["listening"]] or [("none", "")]
    sessions = told["sessions"].items()
    yield (
        "Sessions",
        [(listener, f"{count['open']} open, {count['secured']} of them with TLS") for listener, count in sessions]
        or [("none yet", "")],
    )
    yield (
        "In the last minute, hour",
        [(name, f"{told['rates'][key]['minute']:>6}  {told['rates'][key]['hour']:>8}") for key, name in _RATES.items()],
    )
    yield (
        "Store",
        [
            ("commits", _commits(told["commits"])),
            ("disk", _disk(told["disk"])),
            ("sweeper", _sweeper(told["sweeper"], now)),
        ],
    )
    if certificates := told["certificates"]:
        yield "Certificates", [(one["name"], _expiry(one)) for one in certificates]


def _commits(commits: Mapping[str, Any]) -> str:
    if not commits["waiting"]:
        return "none is waiting"
    return f"{commits['waiting']} waiting, the oldest for {commits['oldest_seconds']:.1f} s"


def _disk(disk: Mapping[str, int] | None) -> str:
    if disk is None:
        return "cannot be seen"
    inodes = f", {disk['free_inodes']} of {disk['inodes']} files" if disk["inodes"] else ""
    return f"{size(disk['free_octets'])} of {size(disk['octets'])} free{inodes}"


def _sweeper(sweeper: Mapping[str, Any], now: float) -> str:
    last = sweeper["last_sweep"]
    if last is None:
        when = "no sweep yet"
    elif last <= now:
        when = f"last sweep {duration(now - last)} ago"
    else:
        when = f"last sweep {duration(last - now)} from now, by the clock"
    return f"{when}, held" if sweeper["held"] else when


def _expiry(certificate: Mapping[str, Any]) -> str:
    day = time.strftime("%Y-%m-%d", time.gmtime(certificate["not_after"]))
    left = certificate["days_left"]
    return f"until {day}, {left} days" if left >= 0 else f"expired on {day}"
