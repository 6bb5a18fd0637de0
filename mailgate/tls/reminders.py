"""When to remind of a certificate whose time is nearly up."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from mailgate.facts import CertificateExpires
from mailgate.tls.pair import Pair

DAY_SECONDS: Final = 86_400.0
REMINDER_DAYS: Final = (14, 7, 3, 1)  # and every day once it has expired


@frozen
class _Told:
    digest: bytes
    step: int
    at: float


class Reminders:
    """What was said of which certificate; forgotten at a restart, which then says it once more."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}

    def due(self, pair: Pair, now: float) -> CertificateExpires | None:
        """What there is to say of `pair` at `now`, Unix time; asked again, nothing until there are fewer days."""
        step = _step(pair.not_after - now)
        if step is None:
            return None
        told = self._told.get(pair.files.certificate)
        if told is not None and told.digest == pair.digest and not _is_more(told, step, now):
            return None
        self._told[pair.files.certificate] = _Told(pair.digest, step, now)
        return CertificateExpires(
            certificate=pair.files.certificate,
            names=pair.names,
            not_after=pair.not_after,
            days=days_left(pair.not_after, now),
        )


def days_left(not_after: float, now: float) -> int:
    """Whole days; less than 0: it has expired."""
    return int((not_after - now) // DAY_SECONDS)


def _step(seconds: float) -> int | None:
    if seconds < 0:
        return 0
    return min((days for days in REMINDER_DAYS if seconds <= days * DAY_SECONDS), default=None)


def _is_more(told: _Told, step: int, now: float) -> bool:
    return step < told.step or (step == 0 and now - told.at >= DAY_SECONDS)
