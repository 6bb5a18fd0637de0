"""The call `status`: how a gateway is, and what somebody has to see to, in sentences."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mailgate.control.calls import Arguments, Functions
from mailgate.metrics.instruments import Certificate, Instruments
from mailgate.metrics.sessions import IN_CLEAR
from mailgate.noticing.reasons import RENEW_DAYS, SETTLED_SECONDS, STANDSTILL_SECONDS
from mailgate.rules import DAY_SECONDS

Listening = Callable[[], Iterable[tuple[str, str]]]
"""The ports that are open: under which key each stands in the configuration, and where it is."""


def make_status_functions(instruments: Instruments, listening: Listening) -> Functions:
    """The call `status`."""

    async def status(arguments: Arguments) -> dict[str, Any]:
        arguments.only()
        return status_of(instruments, listening())

    return {"status": status}


def status_of(instruments: Instruments, listening: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """For JSON. Times are Unix times; `disk` is null where it cannot be found out, `last_sweep` where nobody knows."""
    certificates = list(instruments.certificates())
    return {
        "version": instruments.version,
        "pid": os.getpid(),
        "node": instruments.node,
        "started": instruments.started,
        "uptime_seconds": instruments.uptime(),
        "problems": list(_problems(instruments, certificates)),
        "waiting": list(instruments.waiting()),
        "listening": [{"listener": key, "place": place} for key, place in listening],
        "sessions": _sessions(instruments),
        "rates": instruments.counts.rates(),
        "commits": {
            "waiting": instruments.commits.waiting,
            "oldest_seconds": instruments.commits.oldest_seconds(),
        },
        "disk": _disk(instruments),
        "certificates": [
            {"name": one.name, "not_after": one.not_after, "days_left": _days_left(one, instruments)}
            for one in certificates
        ],
        "sweeper": {"last_sweep": instruments.last_sweep(), "held": instruments.held()},
    }


def sentence_of(instruments: Instruments) -> str:
    """The same in a line, for `systemctl status`."""
    problems = list(_problems(instruments, list(instruments.certificates())))
    sessions = sum(instruments.counts.sessions.now().values())
    messages = instruments.counts.rates()["messages"]["hour"]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    wrong = f"Problem: {problems[0]}{more}. " if problems else ""
    return f"{wrong}Sessions: {sessions}. Messages in the last hour: {messages}."


def _sessions(instruments: Instruments) -> dict[str, dict[str, int]]:
    sessions: dict[str, dict[str, int]] = {}
    for (listener, tls), count in sorted(instruments.counts.sessions.now().items()):
        of_listener = sessions.setdefault(listener, {"open": 0, "secured": 0})
        of_listener["open"] += count
        of_listener["secured"] += count if tls != IN_CLEAR else 0
    return sessions


def _disk(instruments: Instruments) -> dict[str, int] | None:
    disk = instruments.disk_now()
    if disk is None:
        return None
    return {
        "free_octets": disk.free_octets,
        "octets": disk.octets,
        "free_inodes": disk.free_inodes,
        "inodes": disk.inodes,
    }


def _days_left(certificate: Certificate, instruments: Instruments) -> int:
    return int((certificate.not_after - instruments.now()) // DAY_SECONDS)


def _problems(instruments: Instruments, certificates: Iterable[Certificate]) -> Iterator[str]:
    yield from instruments.failing().values()
    yield from filter(None, (warning() for warning in instruments.warnings.values()))
    for certificate in certificates:
        if certificate.refused:
            yield f"the renewed certificate {certificate.name} is wrong, the old one is shown: {certificate.refused}"
        if 0 < certificate.not_after - instruments.now() <= RENEW_DAYS * DAY_SECONDS:
            yield f"the certificate {certificate.name} expires in {_days_left(certificate, instruments)} days: renew it"
    yield from _sweeping(instruments)
    lately = instruments.counts.rates()
    if errors := lately["errors"]["hour"]:
        yield f"{errors} unexpected errors in the last hour: mailgate log --level error"
    if failed := lately["not_delivered"]["hour"]:
        yield f"{failed} deliveries did not come about in the last hour: mailgate log --level error"


def _sweeping(instruments: Instruments) -> Iterator[str]:
    if held := instruments.held():
        yield f"no mail expires: {held}"
        return
    last = instruments.last_sweep()
    if last is None or instruments.uptime() < SETTLED_SECONDS:
        return
    if (days := (instruments.now() - last) / DAY_SECONDS) * DAY_SECONDS > STANDSTILL_SECONDS:
        yield f"no mail expires: the last sweep was {days:.0f} days ago, and there should be one every day"
