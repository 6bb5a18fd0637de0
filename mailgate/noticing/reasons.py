"""Why postmaster is written to: what is wrong now, and what to do about it.

Asked once an hour, in the reactor's thread. What is wrong is found out elsewhere and comes as plain
callables; here it gets its words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from attrs import frozen
from twisted.logger import Logger

from mailgate.rules import DAY_SECONDS

RENEW_DAYS: Final = 14  # a certificate that is valid no longer than this should have been renewed
STANDSTILL_SECONDS: Final = 2 * DAY_SECONDS  # the sweeper goes once a day
SETTLED_SECONDS: Final = 3_600.0  # so soon after its start the gateway may still have to sweep
MAX_REASONS: Final = 50  # in one mail

CERTIFICATE: Final = (
    'Put the renewed certificate and key into the files that [tls] names; a running server notices. "mailgate tls '
    'status" shows what each port serves.'
)
DISK: Final = (
    "Make room on the file system of the store: delete mail that nobody needs, set quotas or keep_days, or give it a "
    "larger disk. While less than store.min_free is free no mail is taken; other servers try again for some days."
)
RELOAD: Final = (
    'Correct the configuration ("twistd mailgate --config FILE --check" says what is wrong with it), then "mailgate '
    'reload". Until then the old one is in force, and a restart would fail.'
)
ACCOUNTS: Final = (
    'Correct the file that it names; a running server notices. "mailgate domain list" says all that is wrong with the '
    "accounts. Until then what was understood last is in force, and a restart may fail."
)
NAMES: Final = (
    "Get a certificate for the name that clients ask for, or set hostname to one that the certificate has. Until then "
    "programs that check it refuse to connect."
)
SWEEPER: Final = (
    'See to what it says; "mailgate log --level error" has more. Until then no mail expires, and the disk fills up.'
)

log = Logger(namespace="mailgate.noticing")


@frozen
class Reason:
    """One thing that somebody has to see to: two texts, each a sentence or more."""

    what: str
    what_to_do: str


Look = Callable[[], Iterable[Reason]]
"""What is wrong now. Must not block for longer than a local disk takes to answer."""


def failing(check: Callable[[], str], what_to_do: str) -> Look:
    """What `check` says, if it says anything; empty: all is well."""
    return lambda: [Reason(what, what_to_do)] if (what := check()) else ()


def certificates(shown: Callable[[], Iterable[tuple[str, float, str]]], now: Callable[[], float]) -> Look:
    """Certificates with few days left, or none, and renewed ones that are wrong.

    `shown` gives a name for each, until when it is valid (Unix time), and why what is in its files now is not shown
    (empty: it is). `now` gives Unix time.
    """

    def look() -> Iterator[Reason]:
        for name, not_after, refused in shown():
            if refused:
                yield Reason(f"the renewed certificate {name} is wrong, the old one is shown: {refused}", CERTIFICATE)
            if (left := not_after - now()) < RENEW_DAYS * DAY_SECONDS:
                yield Reason(_expiry(name, not_after, left), CERTIFICATE)

    return look


def sweeper(
    held: Callable[[], str],
    last_sweep: Callable[[], float | None],
    uptime_seconds: Callable[[], float],
    now: Callable[[], float],
) -> Look:
    """A sweeper that stands still. `held` says why there was no sweep when one was due (empty: there was),
    `last_sweep` and `now` are Unix times; None: there was none, or nobody knows.
    """

    def look() -> Iterator[Reason]:
        if why := held():
            yield Reason(f"no mail expires: {why}", SWEEPER)
            return
        last = last_sweep()
        if last is None or uptime_seconds() < SETTLED_SECONDS:
            return
        if (ago := now() - last) > STANDSTILL_SECONDS:
            days = int(ago // DAY_SECONDS)
            yield Reason(f"no mail expires: the last sweep was {days} days ago, one a day is due", SWEEPER)

    return look


def gathered(looks: Iterable[Look]) -> tuple[Reason, ...]:
    """The reasons of all of them, each once, `MAX_REASONS` at most. One that raises is logged and hides no other."""
    reasons: dict[Reason, None] = {}
    for look in looks:
        try:
            reasons.update(dict.fromkeys(look()))
        except Exception:  # noqa: BLE001 (a bug in one must not keep the others from being told)
            log.failure("cannot look whether there is something to tell postmaster")
    return tuple(reasons)[:MAX_REASONS]


def _expiry(name: str, not_after: float, left_seconds: float) -> str:
    day = f"{datetime.fromtimestamp(not_after, UTC):%Y-%m-%d}"
    if left_seconds <= 0:
        return f"the certificate {name} has expired, on {day}"
    days = int(left_seconds // DAY_SECONDS)
    return f"the certificate {name} expires in {days} {'day' if days == 1 else 'days'}, on {day}"
