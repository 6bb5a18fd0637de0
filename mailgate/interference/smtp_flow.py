"""SMTP, LMTP and submission as faults see them: envelope, user and phases (RFC 5321 3.3; RFC 2033 4.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import evolve

from mailgate.interference.exchange import Exchange
from mailgate.interference.phases import Parties, fold, fold_path
from mailgate.interference.replies import DEFAULT_TEXT
from mailgate.mail import Reply
from mailgate.smtp import events
from mailgate.smtp.machine import Answer

_PHASES: Final[Mapping[type, str]] = {
    events.Connected: "connect",
    events.Hello: "helo",
    events.StartTLS: "starttls",
    events.Mail: "mail",
    events.Rcpt: "rcpt",
    events.Data: "data",
    events.Quit: "quit",
}
CUT_SHORT: Final = Reply(451, "4.3.0", DEFAULT_TEXT)
KEPT_FROM_DELIVERY: Final = "a fault on demand"  # as the log says it of the content


class SMTPFlow:
    """Implements `flow.Flow`."""

    silent: tuple[type, ...] = (events.Chunk, events.Content)
    goodbye: Any = Reply(421, "4.3.0", "Something went wrong here, try again later")

    def __init__(self) -> None:
        self._exchange = Exchange()
        self._known = Parties()  # the last transaction, and who has logged in
        self._has_begun = False  # was content let in by DATA, or a first chunk?

    def begin(self, event: events.Event) -> Sequence[str]:
        if isinstance(event, events.EndOfChunk | events.EndOfContent):
            # RFC 3030 2: BDAT asks for no leave, so the first end of a chunk is where it can be refused.
            data = () if self._has_begun else ("data",)
            return (*data, "dot") if isinstance(event, events.EndOfContent) else data
        if isinstance(event, events.Auth):
            self._exchange.begin(event.mechanism, event.initial)
        elif isinstance(event, events.Response):
            self._exchange.go_on(event.line)
        else:
            return (_PHASES[type(event)],) if type(event) in _PHASES else ()
        return () if self._exchange.name is None else ("auth",)

    def parties(self, event: events.Event) -> Parties:
        match event:
            case events.Auth() | events.Response():
                return Parties(user=None if self._exchange.name is None else fold(self._exchange.name))
            case events.Mail(path):
                return Parties(sender=fold_path(path), user=self._known.user)
            case events.Rcpt(path):
                return evolve(self._known, to=(fold_path(path),))
        return self._known

    def behind(self, event: events.Event) -> str | None:
        return "delivered" if isinstance(event, events.EndOfContent) else None

    def told_instead(self, event: events.Event) -> events.Event | None:
        if isinstance(event, events.EndOfContent | events.EndOfChunk):
            # The transaction has to end; and not by RSET, which counts as a command that brings no message further.
            return events.EndOfContent(KEPT_FROM_DELIVERY)
        return event if isinstance(event, events.Connected) else None  # so that the log knows of the connection

    def refusal(self, event: events.Event, reply: Reply, own: Answer | None) -> Answer:
        if isinstance(event, events.Connected) and isinstance(own, Reply) and not own.is_positive:
            return own
        if isinstance(event, events.EndOfContent) and isinstance(own, tuple):
            return (reply,) * len(own)  # RFC 2033 4.2
        return reply

    def cut_short(self, event: events.Event) -> Reply | None:
        return CUT_SHORT if isinstance(event, events.EndOfContent) else None

    def parts(self, event: events.Event, answer: Answer) -> Sequence[tuple[Reply, Parties]]:
        if isinstance(answer, Reply):
            return [(answer, self.parties(event))]
        return [(reply, evolve(self._known, to=(to,))) for reply, to in zip(answer, self._known.to, strict=True)]

    def learn(self, event: events.Event, answer: Answer) -> None:
        if not isinstance(answer, Reply) or not answer.is_positive:
            return
        match event:
            case events.Hello() | events.Reset():  # RFC 5321 4.1.4, 4.1.1.5
                self._known = Parties(user=self._known.user)
            case events.Mail():
                self._known, self._has_begun = self.parties(event), False
            case events.Rcpt(path):
                self._known = evolve(self._known, to=(*self._known.to, fold_path(path)))
            case events.Data() | events.EndOfChunk():
                self._has_begun = True
            case events.Auth() | events.Response() if answer.code == 235:
                self._known = self.parties(event)

    def secured(self) -> None:
        self._known = Parties()  # RFC 3207 4.2
