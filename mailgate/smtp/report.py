"""What an SMTP session tells of mail: one method a fact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mailgate.facts import (
    Abandoned,
    Accepted,
    Bulletin,
    CommandRefused,
    MessageRefused,
    NotDelivered,
)
from mailgate.mail import Envelope, Message, Path, Reply, Session
from mailgate.smtp import events
from mailgate.smtp.transaction import Transaction
from mailgate.wire.header import HeaderScanner, identifier

Refusable = events.Connected | events.Hello | events.Mail | events.Rcpt

PHASES: Final[Mapping[type, str]] = {
    events.Connected: "connect",
    events.Hello: "helo",
    events.Mail: "mail",
    events.Rcpt: "rcpt",
}


class MailReport:
    """Tells what becomes of commands and messages."""

    def __init__(self, bulletin: Bulletin) -> None:
        self._tell = bulletin.tell

    def refused(self, session: Session, event: Refusable, envelope: Envelope | None, reply: Reply) -> None:
        """A command of the session was refused; `envelope` is what there was of a transaction."""
        sender = event.path if isinstance(event, events.Mail) else envelope.reverse_path if envelope else ""
        self._tell(
            CommandRefused(
                message=envelope.id if envelope is not None else "",
                session=session.id,
                client=session.client,
                phase=PHASES[type(event)],
                sender=str(sender),
                recipient=str(event.path) if isinstance(event, events.Rcpt) else "",
                reply=str(reply),
                listener=session.listener,
                helo=event.name if isinstance(event, events.Hello) else session.helo,
                tls=session.tls,
                user=session.user,
            )
        )

    def accepted(self, message: Message, header: HeaderScanner, *, reply_sent: bool, discarded: bool) -> None:
        """A message was answered with 250, or would have been if the client were still there; `header` has seen what
        the client sent.
        """
        session = message.envelope.session
        self._tell(
            Accepted(
                message=message.id,
                session=session.id,
                client=session.client,
                sender=str(message.envelope.reverse_path),
                recipients=_paths(message.envelope),
                octets=message.body.wire_octets,
                reply_sent=reply_sent,
                discarded=discarded,
                message_id=header.message_id or _added_message_id(message),
                listener=session.listener,
                helo=session.helo,
                tls=session.tls,
                user=session.user,
            )
        )

    def message_refused(self, transaction: Transaction, reply: Reply, only: Path | None = None) -> None:
        """A message was refused after its content had come, for all recipients or for `only` one (LMTP); if that is
        our own trouble, that is told too.
        """
        envelope, session = transaction.envelope, transaction.envelope.session
        self._own_trouble(transaction)
        self._tell(
            MessageRefused(
                message=envelope.id,
                session=session.id,
                client=session.client,
                sender=str(envelope.reverse_path),
                recipients=_paths(envelope) if only is None else (str(only),),
                octets=transaction.octets,
                reply=str(reply),
                message_id=transaction.header.message_id,
                listener=session.listener,
                helo=session.helo,
                tls=session.tls,
                user=session.user,
            )
        )

    def abandoned(self, transaction: Transaction, reason: str) -> None:
        """The transaction has ended without an answer to its message; `reason` as the fact has it. If there was our
        own trouble before, that is told too.
        """
        envelope, session = transaction.envelope, transaction.envelope.session
        self._own_trouble(transaction)
        self._tell(
            Abandoned(
                message=envelope.id,
                session=session.id,
                client=session.client,
                sender=str(envelope.reverse_path),
                recipients=_paths(envelope),
                octets=transaction.octets,
                phase=_phase(transaction),
                reason=reason,
                reply=str(transaction.fault or ""),
                message_id=transaction.header.message_id,
                listener=session.listener,
                helo=session.helo,
                tls=session.tls,
                user=session.user,
            )
        )

    def _own_trouble(self, transaction: Transaction) -> None:
        if transaction.trouble:
            self._tell(NotDelivered(message=transaction.envelope.id, reason=transaction.trouble, visible=()))


def _phase(transaction: Transaction) -> str:
    """How far it has come."""
    if transaction.is_cut_short:
        return "answer"
    if transaction.receiving:
        return "content"
    return "rcpt" if transaction.envelope.recipients else "mail"


def _added_message_id(message: Message) -> str:
    """That of the field which is put in front of a message without one (RFC 6409 8.3); empty if there is none."""
    values = (added.value for added in message.fields if added.name == "Message-ID")
    return identifier(next(values, ""))


def _paths(envelope: Envelope) -> tuple[str, ...]:
    return tuple([str(recipient.path) for recipient in envelope.recipients])
