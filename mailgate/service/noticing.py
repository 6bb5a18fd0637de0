"""What a gateway writes to its postmaster and its users by itself."""

from __future__ import annotations

import os
import time
from typing import Any

from mailgate.config import Config
from mailgate.interfaces import Offload
from mailgate.metrics.instruments import Instruments
from mailgate.noticing.notices import FILE, Notices
from mailgate.noticing.reasons import DISK, RELOAD, certificates, failing, sweeper
from mailgate.service.front import Front, new_id


def notices(config: Config, front: Front, instruments: Instruments, reactor: Any, disk: Offload) -> Notices:
    """Those of a gateway for people."""
    return Notices(
        hostname=config.hostname,
        directory=front.directory,
        delivery=front.delivery,
        looks=[
            certificates(
                lambda: [(each.name, each.not_after, each.refused) for each in instruments.certificates()],
                instruments.now,
            ),
            failing(instruments.checks["store"], DISK),
            failing(instruments.warnings["reload"], RELOAD),
            sweeper(instruments.held, instruments.last_sweep, instruments.uptime, instruments.now),
        ],
        quota=front.rulebook.quota,
        usage=front.store.usage,
        file=os.path.join(config.state, FILE),
        clock=reactor,
        offload=disk,
        new_id=new_id,
        now=time.time,
    )
