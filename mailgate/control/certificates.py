"""The call about certificates: which are shown, until when, and why others are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import asdict

from mailgate.control.calls import Arguments, Functions
from mailgate.tls import Certificates
from mailgate.tls.reminders import days_left
from mailgate.tls.slot import Slot


def make_certificate_functions(certificates: Certificates | None, *, now: Callable[[], float]) -> Functions:
    """The call, by name. None: the gateway has no certificate. `now` gives Unix time in seconds."""

    async def tell(arguments: Arguments) -> dict[str, Any]:
        arguments.only()
        return {"certificates": [_describe(slot, now()) for slot in (certificates.slots if certificates else ())]}

    return {"certificates": tell}


def _describe(slot: Slot, now: float) -> dict[str, Any]:
    pair = slot.shown
    return {
        "certificate": pair.files.certificate,
        "key": pair.files.key,
        "names": list(pair.names),
        "issuer": pair.certificate.issuer.rfc4514_string(),
        "serial": pair.serial,
        "sha256": pair.fingerprint,
        "not_before": int(pair.not_before),
        "not_after": int(pair.not_after),
        "days_left": days_left(pair.not_after, now),
        "shown_since": int(slot.since),
        "refused": [asdict(fault) for fault in slot.refused],
    }
