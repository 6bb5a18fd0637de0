"""What the call `explain` is made from: the same for a gateway that runs and for its files alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IReactorTime

from mailgate.accounts.domains import Domains
from mailgate.accounts.ruling import Rulebook
from mailgate.config import Config
from mailgate.control.calls import Functions
from mailgate.explaining.functions import make_explain_functions
from mailgate.explaining.surroundings import Limits, Surroundings
from mailgate.interfaces import IDirectory
from mailgate.limits.admission import Admission
from mailgate.limits.networks import Networks
from mailgate.pipeline import Step
from mailgate.reserve import Reserve
from mailgate.service.front import new_id
from mailgate.service.sweeps import schedule
from mailgate.store.maildir.disk import Disk
from mailgate.store.maildir.layout import Layout
from mailgate.store.maildir.store import MaildirStore


def explanation(
    config: Config,
    directory: IDirectory,
    rulebook: Rulebook,
    domains: Domains | None,
    store: MaildirStore,
    judges: Sequence[Step],
    clock: IReactorTime | None = None,
    admission: Admission | None = None,
    has_room: Callable[[], bool] | None = None,
) -> Functions:
    """`domains` None: everybody is welcome. `clock`, `admission` and `has_room` are those of a gateway that runs;
    without them nothing can wait, nobody is there, and the disk is looked at as it would.
    """
    limits = config.limits
    return make_explain_functions(
        Surroundings(
            hostname=config.hostname,
            directory=directory,
            rulebook=rulebook,
            domains=domains,
            usage=store.usage,
            place=Layout(config.store.directory, Disk()).path,
            schedule=schedule(config.state),
            now=time.time,
            new_id=new_id,
            judges=judges,
            judges_seconds=config.handlers_timeout,
            clock=clock,
            permanent=config.store.over_quota == "refuse",
            relays=bool(config.submission.smarthost),
            has_room=has_room or Reserve(config.store.directory, config.store.min_free).has_room,
            max_message_octets=config.smtp.max_message,
            max_line_octets=limits.line,
            max_hops=limits.hops,
            limits=Limits(
                connections=limits.connections,
                connections_per_client=limits.connections_per_client,
                connections_per_minute=limits.connections_per_minute,
                exempt=Networks(limits.exempt),
                admission=admission,
            ),
        )
    )
