"""SMTP's decisions: an event in, a reply out (RFC 5321). No transport; accounts and stores only by contract."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from attrs import evolve, frozen
from twisted.cred.portal import Portal
from twisted.internet.defer import CancelledError

from mailgate.connection import Ending
from mailgate.facts import Bulletin
from mailgate.interfaces import IDelivery, IDirectory, ISubmitter
from mailgate.mail import Discarded, Envelope, Local, Message, Recipient, Refused, Reply, Session
from mailgate.pipeline import Pipeline
from mailgate.reporting import VisitReport
from mailgate.smtp import events
from mailgate.smtp.authentication import Exchange
from mailgate.smtp.parameters import announced_size, refuse_unknown
from mailgate.smtp.personality import Personality
from mailgate.smtp.report import MailReport
from mailgate.smtp.trace import received
from mailgate.smtp.transaction import Transaction
from mailgate.spool import SpoolFactory

OK: Final = Reply(250, "2.0.0", "OK")
NOT_HERE: Final = Reply(502, "5.5.1", "Not offered here")
TLS_FIRST: Final = Reply(530, "5.7.0", "Say STARTTLS first")
LOGIN_FIRST: Final = Reply(530, "5.7.0", "Authentication required")
NO_COMMANDS: Final = (events.Connected, events.EndOfContent, events.Response)
HELP: Final = "EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT STARTTLS AUTH"
FAREWELLS: Final[Mapping[Ending, str]] = {"time-out": "Silent for too long", "stopped": "Shutting down, come back soon"}


@frozen(kw_only=True)
class Surroundings:
    """What the sessions of a listener share."""

    personality: Personality
    pipeline: Pipeline
    directory: IDirectory
    delivery: IDelivery
    portal: Portal | None  # None: nobody can log in
    spools: SpoolFactory
    bulletin: Bulletin
    new_id: Callable[[], str]
    now: Callable[[], float]  # Unix time, seconds
    elapsed: Callable[[], float] = time.monotonic  # seconds; a clock that is set does not move it


class SMTPSession:
    """One client's session. Every event but `Content` gets one reply, also if something unexpected happens."""

    def __init__(self, surroundings: Surroundings, session: Session) -> None:
        self._to = surroundings
        self._personality = surroundings.personality
        self._session = session
        self._began = surroundings.elapsed()
        self._report = VisitReport(surroundings.bulletin, surroundings.new_id)
        self._mail_report = MailReport(surroundings.bulletin)
        self._transaction: Transaction | None = None
        self._exchange: Exchange | None = None
        self._submitter: ISubmitter | None = None
        self._logout: Callable[[], object] = lambda: None
        self._faults = 0
        self._login_failures = 0
        self._commands = 0
        self._lost = False

    # What the connection asks.

    @property
    def idle_seconds(self) -> float:
        return self._personality.idle_seconds

    @property
    def at_rest(self) -> bool:
        return self._transaction is None or not self._transaction.receiving

    async def answer(self, event: events.Event) -> Reply | None:
        if isinstance(event, events.Content):
            self._keep(event)
            return None
        if not isinstance(event, NO_COMMANDS):
            self._commands += 1
        try:
            return await self._answer(event)
        except Refused as refusal:
            return self._refuse(event, refusal.reply)
        except Exception as error:  # the one place for the unexpected
            if self._lost and isinstance(error, CancelledError):
                raise
            return self._refuse(event, self._unexpected(event, error))

    def secured(self, tls: str) -> None:
        # RFC 3207 4.2: what was known from before is forgotten.
        self._end_transaction()
        self._log_out()
        self._session = evolve(self._session, tls=tls, helo="", extended=False, user="")
        self._report.secured(self._session)

    def farewell(self, ending: Ending) -> Reply:
        return Reply(421, "4.3.2" if ending == "stopped" else "4.4.2", FAREWELLS[ending])

    def lost(self) -> None:
        self._lost = True

    def ended(self, reason: str, octets_in: int, octets_out: int) -> None:
        self._end_transaction()
        self._log_out()
        seconds = self._to.elapsed() - self._began
        self._report.ended(self._session, reason, self._commands, octets_in, octets_out, seconds)

    # Commands.

    def _keep(self, content: events.Content) -> None:
        assert self._transaction is not None, "content comes after 354"
        try:
            self._transaction.write(content.block)
        except Exception as error:  # noqa: BLE001 (it has no reply of its own; the final dot's says it)
            self._transaction.fail(self._unexpected(content, error))

    async def _answer(self, event: events.Event) -> Reply:
        match event:
            case events.Connected():
                return await self._greet()
            case events.Hello():
                return await self._hello(event)
            case events.Mail():
                return await self._mail(event)
            case events.Rcpt():
                return await self._rcpt(event)
            case events.Data():
                return self._data()
            case events.EndOfContent():
                return await self._end_of_content(event)
            case events.StartTLS():
                return self._start_tls()
            case events.Auth() | events.Response():
                return await self._authenticate(event)
            case events.Reset():
                self._end_transaction()
                return OK
            case events.Verify():  # RFC 5321 7.3: who has a maildrop is not told
                return Reply(252, "2.0.0", "Cannot verify, send a message and see")
            case events.Help():
                return Reply(214, "2.0.0", f"Commands: {HELP}")
            case events.Noop():
                return OK
            case events.Quit():
                return Reply(221, "2.0.0", "Goodbye")
            case events.Fault():
                return self._fault(event)
        raise AssertionError(f"no answer to {event}")

    async def _greet(self) -> Reply:
        self._report.connected(self._session)
        await self._to.pipeline.check_connect(self._session)
        return Reply(220, "", f"{self._personality.hostname} ESMTP mailgate")

    async def _hello(self, hello: events.Hello) -> Reply:
        session = evolve(self._session, helo=hello.name, extended=hello.extended)
        await self._to.pipeline.check_helo(session)
        self._end_transaction()  # RFC 5321 4.1.4
        self._session = session
        hostname = self._personality.hostname
        if not hello.extended:
            return Reply(250, "", hostname)
        keywords = self._personality.keywords(tls=bool(session.tls), authenticated=bool(session.user))
        return Reply(250, "", "\n".join((f"{hostname} at your service", *keywords)))

    async def _mail(self, mail: events.Mail) -> Reply:
        if self._personality.auth_required and self._submitter is None:
            raise Refused(LOGIN_FIRST)
        envelope = Envelope(self._to.new_id(), self._session, mail.path, size=announced_size(mail, self._personality))
        if self._submitter is not None and not mail.path.is_null and not self._submitter.may_send_as(mail.path):
            raise Refused(Reply(550, "5.7.1", "You may not send as this sender"))
        await self._to.pipeline.check_sender(envelope)
        self._transaction = Transaction(envelope, self._to.spools, self._personality.max_message_octets)
        return Reply(250, "2.1.0", "Sender OK")

    async def _rcpt(self, rcpt: events.Rcpt) -> Reply:
        assert self._transaction is not None, "RCPT comes after MAIL"
        refuse_unknown(dict(rcpt.parameters))
        envelope = self._transaction.envelope
        if len(envelope.recipients) >= self._personality.max_recipients:  # RFC 5321 4.5.3.1.10
            raise Refused(Reply(452, "4.5.3", "Too many recipients; send to the others in another transaction"))
        destinations = await self._to.directory.resolve(rcpt.path)
        if not destinations:
            raise Refused(Reply(550, "5.1.1", "Nobody here has this address"))
        if not all(isinstance(destination, Local) for destination in destinations):
            raise Refused(Reply(550, "5.7.1", "Mail for other systems is not taken here"))  # never an open relay
        await self._to.pipeline.check_recipient(envelope, rcpt.path)
        self._transaction.add(Recipient(rcpt.path, destinations))
        return Reply(250, "2.1.5", "Recipient OK")

    def _data(self) -> Reply:
        assert self._transaction is not None, "DATA comes after RCPT"
        self._transaction.begin_content()
        return Reply(354, "", "Send the message; end it with a dot on a line of its own")

    async def _end_of_content(self, end: events.EndOfContent) -> Reply:
        assert self._transaction is not None, "content comes after 354"
        transaction = self._transaction
        try:
            envelope = transaction.envelope
            body = transaction.freeze(end.fault)
            field = received(envelope, self._personality.hostname, self._to.now())
            message = Message(envelope.id, envelope, (field,), body)
            handled = await self._to.pipeline.handle(message)
            await self._deliver(handled)
            discarded = not any(recipient.destinations for recipient in handled.envelope.recipients)
        except Discarded:
            discarded = True
        self._mail_report.accepted(message, reply_sent=not self._lost, discarded=discarded)
        self._end_transaction()
        return Reply(250, "2.0.0", f"{message.id} accepted")

    async def _deliver(self, message: Message) -> None:
        outcomes = await self._to.delivery.deliver(message)
        failures = [outcome.reply for outcome in outcomes if not outcome.reply.is_positive]
        if failures:
            # All or none (RFC 5321 6.1): temporary comes before permanent, because the client can try again.
            raise Refused(min(failures, key=lambda reply: (not reply.is_temporary, -reply.code)))

    def _start_tls(self) -> Reply:
        if not self._personality.starttls or self._session.tls:  # RFC 3207 4.2: not inside TLS
            raise Refused(NOT_HERE)
        return Reply(220, "2.0.0", "Go ahead")

    async def _authenticate(self, event: events.Auth | events.Response) -> Reply:
        if isinstance(event, events.Auth):
            self._exchange = Exchange(self._may_log_in(), self._session, self._report)
            reply = await self._exchange.begin(event)
        else:
            assert self._exchange is not None, "a response comes after a challenge"
            reply = await self._exchange.go_on(event)
        if self._exchange.submitter is not None:
            self._submitter, self._logout = self._exchange.submitter, self._exchange.logout
            self._session = evolve(self._session, user=self._submitter.user)
        return reply

    def _may_log_in(self) -> Portal:
        if self._to.portal is None or not self._personality.auth_required:
            raise Refused(NOT_HERE)
        if not self._personality.takes_passwords(tls=bool(self._session.tls)):
            raise Refused(TLS_FIRST)
        if self._submitter is not None:
            raise Refused(Reply(503, "5.5.1", "You are logged in already"))  # RFC 4954 4
        return self._to.portal

    # Refusals and ends.

    def _fault(self, event: events.Fault) -> Reply:
        self._faults += 1
        if self._faults > self._personality.max_faults:
            return Reply(421, "4.7.0", "Too many wrong commands")
        return event.reply

    def _refuse(self, event: events.Event, reply: Reply) -> Reply:
        if isinstance(event, events.Connected) and reply.is_temporary:
            reply = evolve(reply, code=421)  # RFC 5321 4.3.2 has no other for a client that may come back
        match event:
            case events.Connected() | events.Hello() | events.Mail() | events.Rcpt():
                self._mail_report.refused(self._session, event, self._envelope, reply)
            case events.EndOfContent():
                if self._transaction is not None:
                    self._mail_report.message_refused(self._transaction, reply)
                self._end_transaction()
            case events.Auth() | events.Response() if reply.code == 535:
                self._login_failures += 1
                if self._login_failures >= self._personality.max_login_failures:
                    return Reply(421, "4.7.0", "Too many wrong passwords")
        return reply

    def _unexpected(self, event: events.Event, error: Exception) -> Reply:
        error_id = self._report.failed(self._session, f"smtp {type(event).__name__}", error)
        if isinstance(event, events.Auth | events.Response):  # RFC 4954 6
            return Reply(454, "4.7.0", f"Cannot check this now, try again later; error {error_id}")
        return Reply(451, "4.3.0", f"Something went wrong here, try again later; error {error_id}")

    def _log_out(self) -> None:
        logout, self._logout, self._submitter = self._logout, lambda: None, None
        try:
            logout()
        except Exception as error:  # noqa: BLE001 (an avatar's bug must not keep the connection)
            self._report.failed(self._session, "smtp logout", error)

    @property
    def _envelope(self) -> Envelope | None:
        return self._transaction.envelope if self._transaction is not None else None

    def _end_transaction(self) -> None:
        if self._transaction is not None:
            self._transaction.close()
            self._transaction = None
