"""What each event of a protocol is in a conversation: which line, and whose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from mailgate.conversations.answer import Answer
from mailgate.conversations.record import Record
from mailgate.mail import Path
from mailgate.namespaces import namespace_of
from mailgate.pop3 import events as pop3
from mailgate.smtp import events as smtp
from mailgate.wire import sasl


class Scribe(Protocol):
    """Writes down one session."""

    def hear(self, event: Any, said: str) -> None:
        """The client has said something."""

    def begin_answer(self) -> Answer:
        """An answer to it begins."""

    def end_answer(self, answer: Answer, *, whole: bool) -> None:
        """It has gone out, or broke off."""

    def end(self, reason: str) -> None:
        """The session is over."""


class SMTPScribe:
    """SMTP's and LMTP's: from MAIL to the end of the transaction, lines are for those who are named in it."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._asked: smtp.Event | None = None
        self._content: int | None = None  # octets that came, as they stand on the wire, but for the stuffing
        self._chunk: int | None = None  # octets of the chunk that is coming in

    def hear(self, event: smtp.Event, said: str) -> None:
        if isinstance(event, smtp.Content):
            self._content = (self._content or 0) + len(event.block) + event.block.count(b"\n")
            return
        self._asked = event
        if isinstance(event, smtp.Chunk):
            self._chunk = event.octets
        if isinstance(event, smtp.EndOfContent | smtp.EndOfChunk):
            self._write_content(self._content or 0 if self._chunk is None else self._chunk)
        if isinstance(event, smtp.Mail):
            self._record.turn()
        if isinstance(event, smtp.Mail | smtp.Rcpt):
            self._name(event.path)
        if said:
            self._record.write("client", said)

    def begin_answer(self) -> Answer:
        return Answer(has_content=False)

    def end_answer(self, answer: Answer, *, whole: bool) -> None:
        lines = answer.lines(whole=whole)
        for line in lines:
            self._record.write("server", line)
        if self._ends_transaction(granted=bool(lines) and lines[-1].startswith(("2", "3"))):
            self._record.turn()
        self._asked = None

    def end(self, reason: str) -> None:
        if self._content is not None:
            self._write_content(self._content)  # it broke off
        self._record.end(reason)

    def _name(self, path: Path) -> None:
        if not path.is_null:
            self._record.name(namespace_of(path.domain))

    def _write_content(self, octets: int) -> None:
        self._record.write("client", f"[{octets:,} octets of content]")
        self._content = self._chunk = None

    def _ends_transaction(self, *, granted: bool) -> bool:
        match self._asked:
            case smtp.EndOfContent():
                return True
            case smtp.Mail() | smtp.EndOfChunk():
                return not granted
            case smtp.Hello() | smtp.Reset():
                return granted
        return False


class POP3Scribe:
    """POP3's: the whole session is for whoever was to log in."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._asked: pop3.Event | None = None
        self._user_in: Callable[[bytes], str] | None = None  # an answer to a challenge will say who

    def hear(self, event: pop3.Event, said: str) -> None:
        self._asked = event
        match event:
            case pop3.User(name):
                self._record.name_user(namespace_of(name))
            case pop3.Auth(mechanism, initial):
                self._user_in = _USERS.get(mechanism)
                if initial is not None:
                    self._name_from(initial)
            case pop3.Response(line):
                self._name_from(line or b"")
        if said:
            self._record.write("client", said)

    def begin_answer(self) -> Answer:
        return Answer(has_content=isinstance(self._asked, pop3.Retr | pop3.Top))

    def end_answer(self, answer: Answer, *, whole: bool) -> None:
        for line in answer.lines(whole=whole):
            self._record.write("server", line)
        self._asked = None

    def end(self, reason: str) -> None:
        self._record.end(reason)

    def _name_from(self, response: bytes) -> None:
        """The first response of an exchange says who; of what else is in it, and in others, nothing is kept."""
        user_in, self._user_in = self._user_in, None
        if user_in is None:
            return
        try:
            user = user_in(sasl.decode(response))
        except (sasl.SASLError, UnicodeDecodeError, IndexError):
            return  # it named nobody
        if user:
            self._record.name_user(namespace_of(user))


def _in_plain(response: bytes) -> str:
    return response.split(b"\0")[1].decode()  # RFC 4616 section 2


def _in_login(response: bytes) -> str:
    return response.decode()


_USERS: Final = {"PLAIN": _in_plain, "LOGIN": _in_login}
