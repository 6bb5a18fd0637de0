"""The door of an SMTP listener: gives every client its machine and session."""

from __future__ import annotations

from mailgate.connection import Build
from mailgate.mail import Reply, Session
from mailgate.smtp.machine import SMTPMachine
from mailgate.smtp.session import SMTPSession, Surroundings


def smtp_door(surroundings: Surroundings) -> Build[Reply]:
    """What a `ConnectionFactory` asks for every client of the listener."""

    def build(client: str, port: int) -> tuple[SMTPMachine, SMTPSession]:
        session = Session(surroundings.new_id(), surroundings.personality.listener, client, port)
        return SMTPMachine(), SMTPSession(surroundings, session)

    return build
