"""What is to be said of the certificate that a port shows: for programs, and for people."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import click

from mailgate.cli.fitting import fitted
from mailgate.cli.tls_naming import expected_for, misnaming, remedy
from mailgate.cli.tls_probe import BEGINNINGS, Served
from mailgate.cli.tls_reaching import Door

if TYPE_CHECKING:
    from cryptography import x509

    from mailgate.faults import Fault
    from mailgate.tls.pair import Pair

Row = dict[str, Any]
SOON_DAYS: Final = 14
FILE: Final = "file"  # instead of how TLS begins: nobody was asked


def failure(door: Door, asked: str, what: str) -> Row:
    """The row of a port where no certificate was seen."""
    return {**_head(door, asked), "wrong": [what], "remarks": []}


def file_failure(fault: Fault) -> Row:
    """The row of a configured file that a server could not use. It stands under the section of the configuration."""
    what = f"{fault.what} ({fault.hint})" if fault.hint else fault.what
    if os.path.exists(fault.where) and not os.access(fault.where, os.R_OK):
        what += "; if mailgate runs as another user, run this as that user, or as root"
    return {"listener": "tls", "place": fault.where, "begin": FILE, "asked": "", "wrong": [what], "remarks": []}


def row(door: Door, asked: str, served: Served, pairs: Sequence[Pair | None], hostname: str, now: float) -> Row:
    """What was seen. `pairs`: what is in the files, None where that is not known; `hostname`: that of the
    configuration; `now`: Unix time.
    """
    from cryptography.x509 import load_der_x509_certificate

    from mailgate.tls.judging import is_self_signed
    from mailgate.tls.names import names_of
    from mailgate.tls.pair import fingerprint_of, serial_of
    from mailgate.tls.reminders import days_left

    certificate = load_der_x509_certificate(served.certificate)
    begins, ends = certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()
    days = days_left(ends, now)
    return {
        **_head(door, asked),
        "protocol": served.protocol,
        "cipher": served.cipher,
        "names": list(names_of(certificate)),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": serial_of(certificate),
        "sha256": fingerprint_of(certificate),
        "not_before": int(begins),
        "not_after": int(ends),
        "days_left": days,
        "self_signed": is_self_signed(certificate),
        "verified": not served.distrust,
        "reason": served.distrust,
        "wrong": list(_wrong(certificate, asked, served, pairs, hostname, now)),
        "remarks": [f"renew it: {days} days are left"] if 0 <= days <= SOON_DAYS else [],
    }


def show(rows: Sequence[Row]) -> None:
    """For people: each port once, and each certificate once a port."""
    for (listener, place, begin), group in groupby(rows, lambda row: (row["listener"], row["place"], row["begin"])):
        click.echo(f"{listener}  {place}  {begin}")
        same: dict[Any, list[Row]] = {}
        for each in group:
            same.setdefault((each.get("sha256"), each.get("reason"), *each["wrong"]), []).append(each)
        for alike in same.values():
            _show_alike(alike)
    for sentence in _sum(rows):
        click.echo(sentence)


def _sum(rows: Sequence[Row]) -> Iterator[str]:
    answers = [row for row in rows if row["begin"] != FILE]
    files = {row["place"] for row in rows if row["begin"] == FILE}
    wrong = sum(bool(row["wrong"]) for row in answers)
    if files:
        yield f"{len(files)} configured file{'' if len(files) == 1 else 's'} cannot be used."
    if wrong:
        yield f"{wrong} of {len(answers)} questions had a wrong answer."
    if not files and not wrong:
        yield "Nothing is wrong."


def _head(door: Door, asked: str) -> Row:
    return {"listener": door.key, "place": door.place, "begin": BEGINNINGS[door.dialogue], "asked": asked}


def _wrong(
    certificate: x509.Certificate,
    asked: str,
    served: Served,
    pairs: Sequence[Pair | None],
    hostname: str,
    now: float,
) -> Iterator[str]:
    expected = expected_for(asked, pairs)
    dates = list(_dates(certificate, now))
    yield from dates
    if what := misnaming(certificate, asked):
        has_other = expected is not None and not misnaming(expected.certificate, asked)  # see there what to do
        yield f"it is {what}" if has_other else f"it is {what}: {remedy(certificate, asked, hostname)}"
    elif served.distrust and not dates:  # of its dates it has been told
        yield from _trust(certificate, served.distrust)
    if expected is not None and expected.certificate != certificate:
        file = expected.files.certificate
        yield f"{file} has another one now, serial {expected.serial}: was it refused? See the log, and mailgate reload"


def _dates(certificate: x509.Certificate, now: float) -> Iterator[str]:
    begins, ends = certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()
    if now < begins:
        yield f"it is not valid before {_day(begins)}"
    if now > ends:
        yield f"it has expired on {_day(ends)}"


def _trust(certificate: x509.Certificate, distrust: str) -> Iterator[str]:
    from mailgate.tls.judging import is_self_signed

    if not is_self_signed(certificate):
        yield f"clients do not trust it: {distrust}"


def _show_alike(rows: Sequence[Row]) -> None:
    first = rows[0]
    if first["begin"] != FILE:
        click.echo(fitted(", ".join(row["asked"] or "no name" for row in rows), "  asked for "))
    if "sha256" in first:
        details = {
            "names": ", ".join(first["names"]),
            "issuer": first["issuer"],
            "serial": first["serial"],
            "valid": f"{_day(first['not_before'])} to {_day(first['not_after'])}, {first['days_left']} days left",
            "TLS": f"{first['protocol']} {first['cipher']}",
            "trusted": _trusted(first),
        }
        for name, value in details.items():
            click.echo(fitted(value, f"    {name:<8} "))
    for name, values in (("WRONG", first["wrong"]), ("remark", first["remarks"])):
        for value in values:
            click.echo(fitted(value, f"    {name:<8} "))


def _trusted(row: Row) -> str:
    if row["verified"]:
        return "yes"
    return "no, it is self-signed" if row["self_signed"] else f"no: {row['reason']}"


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
