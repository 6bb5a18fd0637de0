"""What each event of a protocol is in a conversation: which line, and whose."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from mailgate.conversations.answer import Answer
from mailgate.conversations.record import Record
from mailgate.namespaces import SHARED, namespace_of
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
    """SMTP's and LMTP's: from MAIL to the end of the transaction, lines are for those who are named in it, and RCPT,
    with what is said to it, for the recipient's alone. Whoever is to log in has all the rest of the session.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._users = _Users(record)
        self._asked: smtp.Event | None = None
        self._is_lmtp = False
        self._content: int | None = None  # octets that came, as they stand on the wire, but for the stuffing
        self._chunk: int | None = None  # octets of the chunk that is coming in
        self._recipients: list[str] = []  # the namespaces of those who were accepted

    def hear(self, event: smtp.Event, said: str) -> None:
        if isinstance(event, smtp.Content):
            self._content = (self._content or 0) + len(event.block) + event.block.count(b"\n")
            return
        self._asked = event
        if isinstance(event, smtp.Chunk):
            self._chunk = event.octets
        if isinstance(event, smtp.EndOfContent | smtp.EndOfChunk):
            self._write_content(self._content or 0 if self._chunk is None else self._chunk)
        self._name(event, said)
        if said:
            self._record.write("client", said, self._whose)

    def begin_answer(self) -> Answer:
        return Answer(has_content=False)

    def end_answer(self, answer: Answer, *, whole: bool) -> None:
        lines = answer.lines(whole=whole)
        granted = bool(lines) and lines[-1].startswith(("2", "3"))
        for line, whose in zip(lines, self._hearers(lines), strict=True):
            self._record.write("server", line, whose)
        if isinstance(self._asked, smtp.Rcpt) and granted:
            self._recipients.append(self._whose)
        if self._ends_transaction(granted=granted):
            self._record.turn()
            self._recipients = []
        self._asked = None

    def end(self, reason: str) -> None:
        if self._content is not None:
            self._write_content(self._content)  # it broke off
        self._record.end(reason)

    @property
    def _whose(self) -> str:
        return namespace_of(self._asked.path.domain) if isinstance(self._asked, smtp.Rcpt) else SHARED

    def _hearers(self, lines: Sequence[str]) -> list[str]:
        """For which namespace each line of an answer is: after LMTP's content there is a reply to each recipient, who
        is named in it (RFC 2033 4.2).
        """
        if not self._is_lmtp or not isinstance(self._asked, smtp.EndOfContent):
            return [self._whose] * len(lines)
        hearers, left = [], list(self._recipients)
        for line in lines:
            hearers.append(left[0] if left else SHARED)  # SHARED: how long the rest was
            if left and line[3:4] != "-":
                left.pop(0)
        return hearers

    def _name(self, event: smtp.Event, said: str) -> None:
        match event:
            case smtp.Hello():
                self._is_lmtp = said[:4].upper() == "LHLO"
            case smtp.Mail(path):
                self._record.turn()
                self._recipients = []
                if not path.is_null:
                    self._record.name_sender(namespace_of(path.domain))
            case smtp.Rcpt(path):
                self._record.name(namespace_of(path.domain))
            case smtp.Auth(mechanism, initial):
                self._users.begin(mechanism, initial)
            case smtp.Response(line):
                self._users.go_on(line)

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
    """POP3's: the session is for whoever was to log in, from where he is named on."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._users = _Users(record)
        self._asked: pop3.Event | None = None

    def hear(self, event: pop3.Event, said: str) -> None:
        self._asked = event
        match event:
            case pop3.User(name):
                self._users.name(_name_in(name))
            case pop3.Auth(mechanism, initial):
                self._users.begin(mechanism, initial)
            case pop3.Response(line):
                self._users.go_on(line)
        if said:
            self._record.write("client", said, self._users.last)

    def begin_answer(self) -> Answer:
        return Answer(has_content=isinstance(self._asked, pop3.Retr | pop3.Top))

    def end_answer(self, answer: Answer, *, whole: bool) -> None:
        for line in answer.lines(whole=whole):
            self._record.write("server", line, self._users.last)
        self._asked = None

    def end(self, reason: str) -> None:
        self._record.end(reason)


class _Users:
    """Who is to log in. Only names are looked at."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._user_in: Callable[[bytes], str] | None = None  # an answer to a challenge will say who
        self.last = SHARED  # the namespace of who was named last

    def name(self, user: str) -> None:
        """Somebody was named."""
        self.last = namespace_of(user)
        self._record.name_user(self.last)

    def begin(self, mechanism: str, initial: bytes | None) -> None:
        """AUTH has come."""
        self._user_in = _USERS.get(mechanism)
        if initial is not None:
            self.go_on(initial)

    def go_on(self, response: bytes | None) -> None:
        """The first response of an exchange says who; of what else is in it, and in others, nothing is kept."""
        user_in, self._user_in = self._user_in, None
        if user_in is None:
            return
        try:
            user = user_in(sasl.decode(response or b""))
        except (sasl.SASLError, UnicodeDecodeError, IndexError):
            return  # it named nobody
        if user:
            self.name(user)


def _name_in(text: str) -> str:
    """What USER says, without what may follow: somebody's password, on the same line."""
    name = _NAME.match(text)
    assert name is not None, "it may be empty"
    return name[0]


def _in_plain(response: bytes) -> str:
    return response.split(b"\0")[1].decode()  # RFC 4616 section 2


def _in_login(response: bytes) -> str:
    return response.decode()


_NAME: Final = re.compile(r'(?:"(?:[^"\\]|\\.)*")?[^ ]*')  # RFC 5321 4.1.2: a space may be in quotation marks
_USERS: Final = {"PLAIN": _in_plain, "LOGIN": _in_login}
