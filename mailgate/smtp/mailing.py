"""Mail transactions of one session (RFC 5321 3.3): from MAIL to what is said of the content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from mailgate.interfaces import ISubmitter
from mailgate.mail import (
    NULL_PATH,
    Discarded,
    Envelope,
    Field,
    Local,
    Message,
    Outcome,
    Recipient,
    Refused,
    Reply,
    Session,
)
from mailgate.smtp import events
from mailgate.smtp.machine import Answer
from mailgate.smtp.parameters import is_ascii, mail_parameters, refuse_unknown
from mailgate.smtp.report import MailReport
from mailgate.smtp.surroundings import Surroundings
from mailgate.smtp.trace import completing, ending, received
from mailgate.smtp.transaction import Transaction

SENDER_OK: Final = Reply(250, "2.1.0", "Sender OK")
RECIPIENT_OK: Final = Reply(250, "2.1.5", "Recipient OK")
CHUNK_OK: Final = Reply(250, "2.0.0", "Chunk OK, go on")
GO_AHEAD: Final = Reply(354, "", "Send the message; end it with a dot on a line of its own")
LOGIN_FIRST: Final = Reply(530, "5.7.0", "Authentication required")
NOT_YOURS: Final = Reply(550, "5.7.1", "You may not send as this sender")
NO_RELAY: Final = Reply(550, "5.7.1", "Mail for other systems is not taken here")
NOBODY: Final = Reply(550, "5.1.1", "Nobody here has this address")
TOO_MANY: Final = Reply(452, "4.5.3", "Too many recipients; send to the others in another transaction")
TOO_FAST: Final = Reply(450, "4.7.1", "Too many recipients from you for now, try again in a minute")
NO_ROOM: Final = Reply(452, "4.3.1", "No room for mail now, try again later")
IN_CIRCLES: Final = Reply(554, "5.4.6", "Too many hops: the message goes in circles")

OWN_WILL: Final = frozenset({"quit", "reset", "hello", "starttls"})  # how a client itself takes a transaction back
TOLD_TAKEN_BACK: Final = 10  # a session; who looks addresses up by RCPT and RSET is not to fill the log


class Mailing:
    """One transaction at a time. `close` or `abandon` it in the end."""

    def __init__(self, surroundings: Surroundings, report: MailReport) -> None:
        self._to = surroundings
        self._personality = surroundings.personality
        self._report = report
        self.transaction: Transaction | None = None
        self._taken_back = 0  # how many such were told

    @property
    def envelope(self) -> Envelope | None:
        """What there is of one."""
        return self.transaction.envelope if self.transaction is not None else None

    @property
    def receiving(self) -> bool:
        """Is content coming in?"""
        return self.transaction is not None and self.transaction.receiving

    async def begin(self, mail: events.Mail, session: Session, submitter: ISubmitter | None) -> Reply:
        """Answer MAIL. Raises `Refused`."""
        if self._personality.auth_required and submitter is None:
            raise Refused(LOGIN_FIRST)
        asked = mail_parameters(mail, self._personality)
        envelope = Envelope(self._to.new_id(), session, mail.path, size=asked.size, smtputf8=asked.smtputf8)
        if submitter is not None and not self._may_send(mail, submitter):
            raise Refused(NOT_YOURS)
        if not self._to.has_room():  # RFC 1870 6.1 (1)
            raise Refused(NO_ROOM)
        await self._to.pipeline.check_sender(envelope)
        self.transaction = Transaction(envelope, self._to.spools, self._personality.max_message_octets)
        return SENDER_OK

    def _may_send(self, mail: events.Mail, submitter: ISubmitter) -> bool:
        return submitter.may_send_as(NULL_PATH if self._personality.any_sender else mail.path)

    async def add(self, rcpt: events.Rcpt) -> Reply:
        """Answer RCPT. Raises `Refused`."""
        assert self.transaction is not None, "RCPT comes after MAIL"
        if rcpt.parameters:
            refuse_unknown(dict(rcpt.parameters))
        envelope = self.transaction.envelope
        if not envelope.smtputf8 and not is_ascii(rcpt.path):
            raise Refused(Reply(553, "5.6.7", "An address beyond ASCII needs SMTPUTF8"))  # RFC 6531 3.5
        if len(envelope.recipients) >= self._personality.max_recipients:  # RFC 5321 4.5.3.1.10
            raise Refused(TOO_MANY)
        if not self._to.may_name_recipient(envelope.session.client):
            raise Refused(TOO_FAST)
        destinations = await self._to.directory.resolve(rcpt.path)
        if not destinations:
            raise Refused(NOBODY)
        relays = self._personality.relays and bool(envelope.session.user)  # never an open relay (RFC 5321 7.8)
        for destination in destinations:
            if not relays and not isinstance(destination, Local):
                raise Refused(NO_RELAY)
        await self._to.pipeline.check_recipient(envelope, rcpt.path)
        # After the policies: whom they refuse costs no look at the disk, and does not learn whose maildrop is full.
        await self._to.check_quotas(envelope, destinations)
        self.transaction.add(Recipient(rcpt.path, destinations))
        return RECIPIENT_OK

    def is_first_surplus(self) -> bool:
        """Is it the first recipient of the transaction that is too many?"""
        assert self.transaction is not None, "RCPT comes after MAIL"
        first, self.transaction.has_surplus = not self.transaction.has_surplus, True
        return first

    # Content.

    def begin_content(self) -> Reply:
        """Answer DATA."""
        assert self.transaction is not None, "DATA comes after RCPT"
        self.transaction.begin_content()
        return GO_AHEAD

    def begin_chunk(self, chunk: events.Chunk) -> None:
        """Content comes by BDAT (RFC 3030 2)."""
        assert self.transaction is not None, "BDAT comes after RCPT"
        if not self.transaction.receiving:
            self.transaction.begin_content()
        self.transaction.expect(chunk.octets)

    def end_chunk(self) -> Reply:
        """A chunk has come, and more will. Raises `Refused`."""
        assert self.transaction is not None, "a chunk comes after RCPT"
        self.transaction.check()
        return CHUNK_OK

    def keep(self, content: events.Content) -> None:
        """Take a block of content."""
        assert self.transaction is not None, "content comes after 354 or BDAT"
        self.transaction.write(content.block)

    async def finish(self, end: events.EndOfContent, lost: Callable[[], bool]) -> Answer:
        """Answer the end of the content; `lost`: has the client gone meanwhile? Raises `Refused`."""
        assert self.transaction is not None, "content comes after 354 or BDAT"
        if not self.transaction.envelope.recipients:
            return ()  # RFC 2033 4.3
        message, header = self._message(self.transaction, end), self.transaction.header
        try:
            handled = await self._to.pipeline.handle(message)
            outcomes = await self._to.delivery.deliver(handled, partial=self._personality.lmtp)
        except Discarded:
            self._report.accepted(message, header, reply_sent=not lost(), discarded=True)
            return self._all_taken(message)
        if self._personality.lmtp:
            return self._each(handled, outcomes, lost)
        _refuse_unless_all(outcomes)
        discarded = not any(recipient.destinations for recipient in handled.envelope.recipients)
        self._report.accepted(message, header, reply_sent=not lost(), discarded=discarded)
        return self._all_taken(message)

    def _message(self, transaction: Transaction, end: events.EndOfContent) -> Message:
        body = transaction.freeze(end.fault)
        envelope, header = transaction.envelope, transaction.header
        if header.hops > self._personality.max_hops:  # RFC 5321 6.3
            raise Refused(IN_CIRCLES)
        now = self._to.now()
        fields: tuple[Field, ...] = (received(envelope, self._personality.hostname, now),)
        if self._personality.auth_required:
            fields += completing(header, envelope.id, self._personality.hostname, now)
        return Message(envelope.id, envelope, fields + ending(header), body)

    def _all_taken(self, message: Message) -> Answer:
        reply = Reply(250, "2.0.0", f"{message.id} accepted")
        return (reply,) * len(message.envelope.recipients) if self._personality.lmtp else reply

    def _each(self, message: Message, outcomes: Sequence[Outcome], lost: Callable[[], bool]) -> Answer:
        """RFC 2033 4.2: a reply for each RCPT that was accepted, in their order."""
        recipients = message.envelope.recipients
        assert self.transaction is not None, "it is not over"
        taken = tuple(
            recipient for recipient, outcome in zip(recipients, outcomes, strict=True) if outcome.reply.is_positive
        )
        if taken:
            discarded = not any(recipient.destinations for recipient in taken)
            accepted, header = message.with_recipients(taken), self.transaction.header
            self._report.accepted(accepted, header, reply_sent=not lost(), discarded=discarded)
        for outcome in outcomes:
            if not outcome.reply.is_positive:
                self._report.message_refused(self.transaction, outcome.reply, only=outcome.path)
        return tuple(_lmtp_replies(message.id, outcomes))

    # The end.

    def cut_short(self, event: events.Event) -> None:
        """The client went away while this was answered, and the answer with it."""
        if self.transaction is not None and isinstance(event, events.EndOfContent):
            self.transaction.is_cut_short = True

    def close(self) -> None:
        """End the transaction, if there is one, and forget its content. What became of it is told already."""
        if self.transaction is not None:
            self.transaction.close()
            self.transaction = None

    def abandon(self, reason: str) -> None:
        """The same for one whose message has had no answer; that is told, with the reason as `facts.Abandoned` has it.

        Of what a client takes back by itself some is told, and nothing where nobody was to have the message: each
        recipient that was refused has been told of.
        """
        if self.transaction is not None:
            if reason not in OWN_WILL:
                self._report.abandoned(self.transaction, reason)
            elif self.transaction.envelope.recipients and self._taken_back < TOLD_TAKEN_BACK:
                self._taken_back += 1
                self._report.abandoned(self.transaction, reason)
            self.close()


def _refuse_unless_all(outcomes: Sequence[Outcome]) -> None:
    failures = [outcome.reply for outcome in outcomes if not outcome.reply.is_positive]
    if failures:
        # All or none (RFC 5321 6.1): temporary comes before permanent, because the client can try again.
        raise Refused(min(failures, key=lambda reply: (not reply.is_temporary, -reply.code)))


def _lmtp_replies(message: str, outcomes: Sequence[Outcome]) -> Iterator[Reply]:
    for outcome in outcomes:
        taken = Reply(250, "2.0.0", f"{message} accepted for <{outcome.path}>")
        yield taken if outcome.reply.is_positive else outcome.reply
