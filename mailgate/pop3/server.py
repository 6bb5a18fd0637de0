"""The door of a POP3 listener: gives every client its machine and session."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from twisted.cred.portal import Portal

from mailgate.connection import Build
from mailgate.facts import Bulletin
from mailgate.interfaces import ITally, IThrottle
from mailgate.mail import Session
from mailgate.pop3.machine import POP3Machine
from mailgate.pop3.personality import Personality
from mailgate.pop3.reply import Reply
from mailgate.pop3.session import POP3Session
from mailgate.pop3.surroundings import Surroundings
from mailgate.rules import Promise
from mailgate.waits import no_pause


def pop3_door(
    personality: Personality,
    portal: Portal,
    bulletin: Bulletin,
    new_id: Callable[[], str],
    now: Callable[[], float],
    listener: str = "pop3",
    *,
    clock: Callable[[], float] = time.time,
    pause: Callable[[], Awaitable[None]] = no_pause,
    promise: Callable[[], Promise] = Promise,
    tally: ITally | None = None,
    throttle: IThrottle | None = None,
) -> Build[Reply]:
    """What a `ConnectionFactory` asks for every client of the listener.

    `new_id` names sessions and unexpected errors. `now` counts seconds; only differences matter. `clock` gives Unix
    time in seconds. `pause` is waited for in long work, so that other clients have their turn. `promise` gives what
    CAPA says to somebody who has not logged in, true for all accounts. A personality with `tls_available` wants a
    `ConnectionFactory` that has a certificate; where TLS comes first it is False.
    """
    surroundings = Surroundings(
        personality=personality,
        portal=portal,
        bulletin=bulletin,
        new_id=new_id,
        now=now,
        clock=clock,
        pause=pause,
        promise=promise,
        tally=tally,
        throttle=throttle,
    )

    def build(client: str, port: int) -> tuple[POP3Machine, POP3Session]:
        return POP3Machine(), POP3Session(surroundings, Session(new_id(), listener, client, port))

    return build
