"""What a self-test has found, listener by listener: for programs, and for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import click

from mailgate.cli.accounts_tables import show_table
from mailgate.cli.fitting import fitted
from mailgate.cli.self_test_connection import Seen
from mailgate.cli.self_test_run import Fetching, Report, came_through
from mailgate.cli.self_test_sending import Sending
from mailgate.cli.tls_reaching import Door

Row = dict[str, Any]
# Few and short, for all of it has to fit 80 columns: "submission.listen_tls" and a port of five digits leave little.
HEADS: Final = ("LISTENER", "PLACE", "TLS", "TRUSTED", "SENT", "FETCHED", "GONE", "TIME")


def rows(report: Report) -> list[Row]:
    """One a listener."""
    return [
        *(_sending(each, report) for each in report.sendings),
        *(_fetching(each, report) for each in report.fetchings),
        *(_lost(each.key, each.listener) for each in report.lost),
    ]


def show(told: Sequence[Row]) -> None:
    """For people: a table, and below it what it is too narrow for, each sentence once."""
    show_table(HEADS, [_cells(row) for row in told])
    for name, key in (("WRONG", "wrong"), ("remark", "remarks")):
        said: dict[str, list[Row]] = {}
        for row in told:
            for sentence in row[key]:
                said.setdefault(sentence, []).append(row)
        for sentence, about in said.items():
            click.echo(fitted(f"{_names(about, told)}: {sentence}", f"{name:<6}  "))
    wrong = sum(bool(row["wrong"]) for row in told)
    click.echo(f"{wrong} of {len(told)} listeners failed." if wrong else "All is well.")


def _names(about: Sequence[Row], told: Sequence[Row]) -> str:
    """With their places where there are several listeners under one key."""
    if len(about) == len(told) > 1:
        return "everywhere"
    often = Counter(row["listener"] for row in told)
    return ", ".join(
        f"{row['listener']} {row['place']}" if often[row["listener"]] > 1 else row["listener"] for row in about
    )


def _sending(sending: Sending, report: Report) -> Row:
    token = sending.sample.token
    fetchings = list(came_through(report))
    troubles = [_came_back(sending, fetching) for fetching in fetchings] if sending.reply else []
    found = any(token in fetching.contents for fetching in fetchings)
    removed = True if token in report.removal.tokens else (False if found or sending.reply else None)
    return {
        **_head(sending.door, sending.seen),
        "sent": sending.reply,
        "fetched": troubles.count(""),
        "expected": len(fetchings) if sending.reply else 0,
        "removed": removed,
        "seconds": round(sending.seconds, 3),
        "message_id": sending.sample.message_id,
        "wrong": [*sending.seen.wrong, *filter(None, (sending.wrong, *troubles)), *_left(sending, report, found)],
        "remarks": list(sending.seen.remarks),
    }


def _came_back(sending: Sending, fetching: Fetching) -> str:
    copies = fetching.contents.get(sending.sample.token, ())
    where = f"{fetching.door.key} {fetching.door.place}"
    if len(copies) == 1:
        spoilt = sending.sample.spoilt(copies[0])
        return f"through {where} {spoilt}" if spoilt else ""
    if copies:
        return f"through {where} there were {len(copies)} copies of it"
    return f"it was accepted, and through {where} it is not there: did a handler throw it away?"


def _left(sending: Sending, report: Report, found: bool) -> Iterator[str]:
    """What somebody has to see to."""
    if sending.sample.token in report.removal.tokens:
        return
    name = f"Subject: mailgate self-test {sending.sample.token}"
    if report.removal.wrong and (found or sending.reply):
        yield f"it was not removed, delete it yourself ({name}): {report.removal.wrong}"


def _fetching(fetching: Fetching, report: Report) -> Row:
    sent = [sending for sending in report.sendings if sending.reply]
    good = [sending for sending in sent if not fetching.wrong and not _came_back(sending, fetching)]
    return {
        **_head(fetching.door, fetching.seen),
        "sent": None,
        "fetched": len(good),
        "expected": len(sent),
        "removed": True if fetching.door is report.removal.door and report.removal.tokens else None,
        "seconds": round(fetching.seconds, 3),
        "message_id": None,
        "wrong": [*fetching.seen.wrong, *filter(None, [fetching.wrong])],
        "remarks": list(fetching.seen.remarks),
    }


def _lost(key: str, listener: str) -> Row:
    nothing = {"tls": "", "verified": None, "sent": None, "fetched": 0, "expected": 0, "removed": None, "seconds": 0.0}
    wrong = ["only a gateway that runs knows where this is, and it has not said so"]
    return {"listener": key, "place": listener, **nothing, "message_id": None, "wrong": wrong, "remarks": []}


def _head(door: Door, seen: Seen) -> Row:
    verified = seen.verified if seen.version else None
    return {"listener": door.key, "place": door.place, "tls": seen.version, "verified": verified}


def _cells(row: Row) -> tuple[str, ...]:
    fetched = f"{row['fetched']} of {row['expected']}" if row["expected"] else "-"
    # Of a reply the code; the rest is about this one message.
    sent = row["sent"].split()[0] if row["sent"] else ("-" if row["sent"] is None else "no")
    verdicts = {True: "yes", False: "no", None: "-"}
    verified, removed = verdicts[row["verified"]], verdicts[row["removed"]]
    version = row["tls"].removeprefix("TLSv") or "-"
    return (row["listener"], row["place"], version, verified, sent, fetched, removed, f"{row['seconds']:.2f}")
