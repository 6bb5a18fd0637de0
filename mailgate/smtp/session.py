"""SMTP's decisions: an event in, an answer out (RFC 5321). No transport; accounts and stores only by contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import evolve
from twisted.internet.defer import CancelledError

from mailgate.connection import Ending
from mailgate.mail import Refused, Reply, Session
from mailgate.reporting import VisitReport
from mailgate.smtp import events
from mailgate.smtp.authentication import NOT_HERE, THROTTLED, Login
from mailgate.smtp.commands import UNDONE
from mailgate.smtp.machine import Answer
from mailgate.smtp.mailing import TOO_MANY, Mailing
from mailgate.smtp.patience import Patience
from mailgate.smtp.report import MailReport
from mailgate.smtp.surroundings import Surroundings

OK: Final = Reply(250, "2.0.0", "OK")
NO_COMMANDS: Final = frozenset({events.Connected, events.EndOfContent, events.Response})
IDLE: Final = frozenset({events.Hello, events.Reset, events.Noop, events.Verify, events.Help})
FAREWELLS: Final[Mapping[Ending, str]] = {"time-out": "Out of time", "stopped": "Shutting down, come back soon"}


class SMTPSession:
    """One client's session. Every event but `Chunk` and `Content` is answered, also if something unexpected happens."""

    def __init__(self, surroundings: Surroundings, session: Session) -> None:
        self._to = surroundings
        self._personality = surroundings.personality
        self._session = session
        self._report = VisitReport(surroundings.bulletin, surroundings.new_id)
        self._mail_report = MailReport(surroundings.bulletin)
        self._mailing = Mailing(surroundings, self._mail_report)
        self._login = Login(surroundings.portal, self._personality, self._report, surroundings.throttle)
        self._patience = Patience(self._personality, surroundings.elapsed)
        self._commands = 0
        self._lost = False
        self._has_quit = False

    # What the connection asks.

    def seconds_left(self, silent_seconds: float) -> float:
        return self._patience.seconds_left(silent_seconds if self._mailing.receiving else None)

    @property
    def at_rest(self) -> bool:
        return not self._mailing.receiving

    async def answer(self, event: events.Event) -> Answer | None:
        match event:
            case events.Chunk() | events.Content():
                self._receive(event)
                return None
        if type(event) not in NO_COMMANDS:
            self._commands += 1
        try:
            answer = await self._answer(event)
        except Refused as refusal:
            answer = self._refuse(event, refusal.reply)
        except Exception as error:  # the one place for the unexpected
            if self._lost and isinstance(error, CancelledError):
                self._mailing.cut_short(event)
                raise
            answer = self._refuse(event, self._unexpected(event, error))
        self._patience.answered()
        return answer

    def secured(self, tls: str) -> None:
        # RFC 3207 4.2: what was known from before is forgotten.
        self._mailing.abandon("starttls")
        self._login.log_out(self._session)
        self._session = evolve(self._session, tls=tls, helo="", extended=False, user="")
        self._report.secured(self._session)

    def farewell(self, ending: Ending) -> Reply:
        return Reply(421, "4.3.2" if ending == "stopped" else "4.4.2", FAREWELLS[ending])

    def lost(self) -> None:
        self._lost = True

    def ended(self, reason: str, octets_in: int, octets_out: int) -> None:
        if reason == "quit" and not self._has_quit:
            reason = "refused"  # it was us who said goodbye
        self._mailing.abandon("shown out" if reason == "refused" else reason)
        self._login.log_out(self._session)
        seconds = self._patience.age_seconds
        self._report.ended(self._session, reason, self._commands, octets_in, octets_out, seconds)

    # Commands.

    def _receive(self, event: events.Chunk | events.Content) -> None:
        try:
            match event:
                case events.Content():
                    self._mailing.keep(event)
                case events.Chunk():
                    self._mailing.begin_chunk(event)
                    self._check_hidden(event)
        except Refused as refusal:
            self._fail_content(refusal.reply)
        except Exception as error:  # noqa: BLE001 (it has no reply of its own; that of the end says it)
            self._fail_content(self._unexpected(event, error))

    def _fail_content(self, reply: Reply) -> None:
        assert self._mailing.transaction is not None, "content comes inside a transaction"
        self._mailing.transaction.fail(reply)

    def _check_hidden(self, event: events.Event) -> None:
        """Raise `Refused` for a command that this listener does as if it had not."""
        if self._personality.hidden and _command(event) in self._personality.hidden_commands:
            raise Refused(UNDONE)

    async def _answer(self, event: events.Event) -> Answer:
        if self._personality.hidden:
            self._check_hidden(event)
        if type(event) in IDLE and (goodbye := self._patience.idle_command()):
            return goodbye
        match event:
            case events.Connected():
                return await self._greet()
            case events.Hello():
                return await self._hello(event)
            case events.Mail():
                goodbye = self._patience.transaction()
                return goodbye or await self._mailing.begin(event, self._session, self._login.submitter)
            case events.Rcpt():
                return await self._mailing.add(event)
            case events.Data():
                return self._mailing.begin_content()
            case events.EndOfChunk():
                goodbye = None if event.octets else self._patience.idle_command()
                return goodbye or self._mailing.end_chunk()
            case events.EndOfContent():
                return await self._end_of_content(event)
            case events.StartTLS():
                return self._start_tls()
            case events.Auth() | events.Response():
                return await self._authenticate(event)
            case events.Reset():
                self._mailing.abandon("reset")
                return OK
            case events.Verify():  # RFC 5321 7.3: who has a maildrop is not told
                return Reply(252, "2.0.0", "Cannot verify, send a message and see")
            case events.Help():
                return self._help()
            case events.Noop():
                return OK
            case events.Quit():
                self._mailing.abandon("quit")
                self._has_quit = True
                return Reply(221, "2.0.0", "Goodbye")
            case events.Fault():
                goodbye = self._patience.idle_command() if event.excused else self._patience.error()
                return goodbye or event.reply
        raise AssertionError(f"no answer to {event}")

    async def _greet(self) -> Reply:
        self._report.connected(self._session)
        await self._to.pipeline.check_connect(self._session)
        return Reply(220, "", self._personality.greeting)

    async def _hello(self, hello: events.Hello) -> Reply:
        session = evolve(self._session, helo=hello.name, extended=hello.extended)
        await self._to.pipeline.check_helo(session)
        self._mailing.abandon("hello")  # RFC 5321 4.1.4
        self._session = session
        if not self._personality.auth_required:
            self._patience.greeted()
        hostname = self._personality.hostname
        if not hello.extended:
            return Reply(250, "", hostname)
        keywords = self._personality.keywords(tls=bool(session.tls), authenticated=bool(session.user))
        return Reply(250, "", "\n".join((f"{hostname} at your service", *keywords)))

    def _help(self) -> Reply:
        commands = self._personality.commands(tls=bool(self._session.tls), authenticated=bool(self._session.user))
        return Reply(214, "2.0.0", f"Commands: {' '.join(commands)}")

    async def _end_of_content(self, end: events.EndOfContent) -> Answer:
        self._patience.message()
        answer = await self._mailing.finish(end, lambda: self._lost)
        self._mailing.close()
        return answer

    def _start_tls(self) -> Reply:
        if not self._personality.offers_tls(tls=bool(self._session.tls)):
            raise Refused(NOT_HERE)
        self._patience.begin_anew()
        return Reply(220, "2.0.0", "Go ahead")

    async def _authenticate(self, event: events.Auth | events.Response) -> Reply:
        if isinstance(event, events.Auth):
            reply = await self._login.begin(event, self._session)
        else:
            reply = await self._login.go_on(event)
        if self._login.submitter is not None:
            self._session = evolve(self._session, user=self._login.submitter.user)
            self._patience.greeted()
        return reply

    # Refusals.

    def _refuse(self, event: events.Event, reply: Reply) -> Answer:
        if isinstance(event, events.Connected) and reply.is_temporary:
            reply = evolve(reply, code=421)  # RFC 5321 4.3.2 has no other for a client that may come back
        elif isinstance(event, events.Connected):
            reply = evolve(reply, code=554)  # RFC 5321 3.1, 4.3.2
        if isinstance(event, events.EndOfContent | events.EndOfChunk):
            return self._refuse_content(event, reply)
        if isinstance(event, events.Connected | events.Hello | events.Mail | events.Rcpt) and self._is_news(reply):
            self._mail_report.refused(self._session, event, self._mailing.envelope, reply)
        return self._count(event, reply) or reply

    def _is_news(self, reply: Reply) -> bool:
        """That a message has enough recipients is told once: any number may follow (RFC 5321 4.5.3.1.10)."""
        return reply is not TOO_MANY or self._mailing.is_first_surplus()

    def _count(self, event: events.Event, reply: Reply) -> Reply | None:
        """What the refusal costs the client: the goodbye, if its credit is used up."""
        match event:
            case events.Rcpt() if reply is not TOO_MANY:
                return self._patience.refused_recipient()
            case events.Auth() | events.Response() if reply.code == 535 or reply is THROTTLED:
                return self._patience.login_failure()
            case events.Hello() | events.Mail() | events.StartTLS() | events.Auth() | events.Response():
                return None if reply.is_temporary else self._patience.error()
        return None

    def _refuse_content(self, event: events.EndOfContent | events.EndOfChunk, reply: Reply) -> Answer:
        transaction = self._mailing.transaction
        if transaction is None:
            return reply
        self._mail_report.message_refused(transaction, reply)
        self._mailing.close()
        if self._personality.lmtp and isinstance(event, events.EndOfContent):
            return (reply,) * len(transaction.envelope.recipients)  # RFC 2033 4.2
        return reply

    def _unexpected(self, event: events.Event, error: Exception) -> Reply:
        error_id = self._report.failed(self._session, f"smtp {type(event).__name__}", error)
        if isinstance(event, events.Auth | events.Response):  # RFC 4954 6
            return Reply(454, "4.7.0", f"Cannot check this now, try again later; error {error_id}")
        return Reply(451, "4.3.0", f"Something went wrong here, try again later; error {error_id}")


def _command(event: events.Event) -> str:
    """Which command this is, of those that can be hidden."""
    match event:
        case events.Hello(extended=True):
            return "EHLO"
        case events.StartTLS():
            return "STARTTLS"
        case events.Auth():
            return "AUTH"
        case events.Chunk():
            return "BDAT"
    return ""
