"""The certificates that a configuration names."""

from __future__ import annotations

import time
from typing import Any

from twisted.logger import Logger

from mailgate.config import Config
from mailgate.facts import Bulletin
from mailgate.faults import Fault
from mailgate.interfaces import Offload
from mailgate.tls import Certificates

log = Logger(namespace="mailgate.service")


def certificates_of(
    config: Config, reactor: Any, disk: Offload, bulletin: Bulletin, *, for_tests: bool
) -> Certificates | None:
    """They are not loaded yet; None: it names none. `for_tests`: they may be for any name."""
    if not config.tls.is_configured:
        return None
    return Certificates(
        config.tls.pairs,
        hostname="" if for_tests else config.hostname,
        offload=disk,
        tell=bulletin.tell,
        warn=_warn,
        seconds=reactor.seconds,
        now=time.time,
    )


def _warn(fault: Fault) -> None:
    log.warn("{fault}", fault=fault)
