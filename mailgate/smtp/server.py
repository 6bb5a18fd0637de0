"""The door of an SMTP or LMTP listener: gives every client its machine and session."""

from __future__ import annotations

from mailgate.connection import Build
from mailgate.mail import Session
from mailgate.smtp.machine import Answer, SMTPMachine
from mailgate.smtp.session import SMTPSession
from mailgate.smtp.surroundings import Surroundings


def smtp_door(surroundings: Surroundings) -> Build[Answer]:
    """What a `ConnectionFactory` asks for every client of the listener."""
    shown = surroundings.personality

    def build(client: str, port: int) -> tuple[SMTPMachine, SMTPSession]:
        session = Session(surroundings.new_id(), shown.listener, client, port, lmtp=shown.lmtp)
        machine = SMTPMachine(
            lmtp=shown.lmtp, max_line_octets=shown.max_line_octets, normalise=surroundings.normalises(client)
        )
        return machine, SMTPSession(surroundings, session)

    return build
