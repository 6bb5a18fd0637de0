"""What a gateway writes to its postmaster and its users by itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from mailgate.config import Config
from mailgate.interfaces import Offload
from mailgate.metrics.instruments import Instruments
from mailgate.noticing.notices import FILE, Notices
from mailgate.noticing.reasons import ACCOUNTS, DISK, NAMES, RELOAD, certificates, failing, sweeper
from mailgate.service.front import Front, new_id


def notices(
    config: Config, serving: Callable[[], Front], instruments: Callable[[], Instruments], reactor: Any, disk: Offload
) -> Notices:
    """Those of a gateway for people. A reload may give it another front, and other instruments: they are asked for."""
    now = time.time
    return Notices(
        hostname=config.hostname,
        directory=serving().directory,
        delivery=serving().delivery,
        looks=[
            certificates(
                lambda: [(each.name, each.not_after, each.refused) for each in instruments().certificates()], now
            ),
            failing(lambda: instruments().checks["store"](), DISK),
            failing(lambda: instruments().warnings["reload"](), RELOAD),
            failing(lambda: instruments().warnings["accounts"](), ACCOUNTS),
            failing(lambda: instruments().warnings["names"](), NAMES),
            sweeper(
                lambda: instruments().held(), lambda: instruments().last_sweep(), lambda: instruments().uptime(), now
            ),
        ],
        quota=lambda maildrop: serving().rulebook.quota(maildrop),
        usage=serving().store.usage,
        file=os.path.join(config.state, FILE),
        clock=reactor,
        offload=disk,
        new_id=new_id,
        now=now,
    )
