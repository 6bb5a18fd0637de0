"""The door of a POP3 listener: gives every client its machine and session."""

from __future__ import annotations

from collections.abc import Callable

from twisted.cred.portal import Portal

from mailgate.connection import Build
from mailgate.facts import Bulletin
from mailgate.mail import Session
from mailgate.pop3.machine import POP3Machine
from mailgate.pop3.personality import Personality
from mailgate.pop3.reply import Reply
from mailgate.pop3.session import POP3Session


def pop3_door(
    personality: Personality,
    portal: Portal,
    bulletin: Bulletin,
    new_id: Callable[[], str],
    now: Callable[[], float],
    listener: str = "pop3",
) -> Build[Reply]:
    """What a `ConnectionFactory` asks for every client of the listener.

    `new_id` names sessions and unexpected errors. `now` counts seconds; only differences matter. A personality with
    `tls_available` wants a `ConnectionFactory` that has a certificate; where TLS comes first it is False.
    """

    def build(client: str, port: int) -> tuple[POP3Machine, POP3Session]:
        session = Session(new_id(), listener, client, port)
        return POP3Machine(), POP3Session(personality, session, portal, bulletin, new_id, now)

    return build
