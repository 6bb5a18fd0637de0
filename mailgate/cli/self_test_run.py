"""The course of a self-test: a login first, for what cannot be removed is not sent; then all messages, all maildrops,
and the removal, which comes whatever happened before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from attrs import field, frozen

from mailgate.cli.self_test_connection import UNSEEN, Seen, Trouble
from mailgate.cli.self_test_maildrop import Account, LoginRefused, opened
from mailgate.cli.self_test_message import Sample, make_sample
from mailgate.cli.self_test_sending import Route, Sending, send
from mailgate.cli.self_test_trust import Trust
from mailgate.cli.tls_doors import Lost
from mailgate.cli.tls_reaching import Door

NOT_SENT = "nothing was sent: nobody could log in by POP3, to fetch it and to remove it"
NOT_TRIED = "not tried: the login was refused elsewhere"


@frozen
class Plan:
    """What is to be tried."""

    doors: Sequence[Door | Lost]
    trust: Trust
    route: Route
    account: Account
    warn: Callable[[str], None]  # is told what was left behind by a self-test that was interrupted


@frozen
class Fetching:
    """What was seen of the messages through one POP3 listener."""

    door: Door
    seen: Seen = UNSEEN
    contents: Mapping[str, tuple[bytes, ...]] = field(factory=dict, repr=False)  # by the tokens
    wrong: str = ""
    seconds: float = 0.0


@frozen
class Removal:
    """Which messages are gone, by their tokens; and through which listener, if one would do it."""

    tokens: frozenset[str] = frozenset()
    door: Door | None = None
    wrong: str = ""


@frozen
class Report:
    """All of it."""

    sendings: Sequence[Sending]
    fetchings: Sequence[Fetching]
    removal: Removal
    lost: Sequence[Lost] = ()


def run(plan: Plan) -> Report:
    """Try it all. Is it interrupted, then what was sent is removed first."""
    lost = [door for door in plan.doors if isinstance(door, Lost)]
    senders = [door for door in plan.doors if isinstance(door, Door) and not is_pop3(door)]
    boxes = [door for door in plan.doors if isinstance(door, Door) and is_pop3(door)]
    samples = [make_sample(plan.route.address, door.key, datetime.now(UTC)) for door in senders]
    failed, known = _first_login(boxes, plan)
    if known is None:
        unsent = [Sending(door, sample, wrong=NOT_SENT) for door, sample in zip(senders, samples, strict=True)]
        return Report(unsent, list(failed.values()), Removal(), lost)
    good = [door for door in boxes if door not in failed]
    try:
        sendings = [
            send(door, sample, plan.route, plan.trust, plan.account.seconds)
            for door, sample in zip(senders, samples, strict=True)
        ]
        fetchings = [failed.get(door) or _fetch(door, samples, known, plan) for door in boxes]
    except BaseException:
        removal = _remove(good, samples, known, plan)
        if removal.wrong:
            plan.warn(f"delete yourself what has the subject mailgate self-test: {removal.wrong}")
        raise
    removal = _remove(good, samples, known, plan)
    return Report(sendings, fetchings, removal, lost)


def is_pop3(door: Door) -> bool:
    """Is mail fetched there?"""
    return door.key.startswith("pop3.")


def _first_login(boxes: Iterable[Door], plan: Plan) -> tuple[dict[Door, Fetching], Collection[str] | None]:
    """Where nobody gets in, and the UIDs of what is there before anything is sent; None: there is no way in."""
    failed: dict[Door, Fetching] = {}
    refused = False
    for door in boxes:
        if refused:
            failed[door] = Fetching(door, wrong=NOT_TRIED)
            continue
        began = time.monotonic()
        try:
            with opened(door, plan.account, plan.trust) as box:
                _check_delay(box.delay_seconds(), plan.account.seconds)
                return failed, frozenset(box.uids())
        except Trouble as error:
            failed[door] = Fetching(door, wrong=str(error), seconds=time.monotonic() - began)
            refused = isinstance(error, LoginRefused)
    return failed, None


def _check_delay(needed_seconds: float, seconds: float) -> None:
    if needed_seconds > seconds:
        raise LoginRefused(f"this account has to wait {needed_seconds:g} seconds between logins: use --timeout")


def _fetch(door: Door, samples: Sequence[Sample], known: Collection[str], plan: Plan) -> Fetching:
    began = time.monotonic()
    seen = UNSEEN
    try:
        with opened(door, plan.account, plan.trust) as box:
            seen = box.seen
            contents = box.fetch(box.find(samples, known))
    except Trouble as error:
        return Fetching(door, seen, wrong=str(error), seconds=time.monotonic() - began)
    return Fetching(door, seen, contents, "", time.monotonic() - began)


def _remove(boxes: Iterable[Door], samples: Sequence[Sample], known: Collection[str], plan: Plan) -> Removal:
    """By the first that does it; each message is looked for anew, as a number is good for one session."""
    wrong = ""
    for door in boxes:
        try:
            with opened(door, plan.account, plan.trust) as box:
                found = box.find(samples, known)
                box.remove(found)
            return Removal(frozenset(found), door)
        except Trouble as error:
            wrong = wrong or str(error)
    return Removal(wrong=wrong)


def came_through(report: Report) -> Iterator[Fetching]:
    """Those who could look into the maildrop."""
    return (fetching for fetching in report.fetchings if not fetching.wrong)
