"""The message that is explained: one that somebody gives, or a small one that is made up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import evolve, field, frozen

from mailgate.explaining.story import Part, Step
from mailgate.explaining.words import counted, size
from mailgate.mail import Body, Destination, Envelope, Message, Path, Recipient, Reply, Session
from mailgate.smtp.mailing import IN_CIRCLES
from mailgate.smtp.trace import ending, received
from mailgate.smtp.transaction import too_big
from mailgate.wire.content import ContentReader
from mailgate.wire.header import HeaderScanner

SENDER: Final = Path("sender", "example.com")  # RFC 2606 section 3: it is nobody's
CLIENT: Final = "192.0.2.1"  # RFC 5737: nor is this
LISTENER: Final = "smtp"


@frozen
class Question:
    """What somebody wants to know. What is not said is made up."""

    path: Path
    reverse_path: Path = SENDER
    client: str | None = None
    content: bytes | None = field(default=None, repr=False)  # as a file has it
    size: int = 0  # on the wire, of content that is too large to be given; 0: the content says it


@frozen
class Letter:
    """A message as it would come, and what is wrong with its content."""

    envelope: Envelope
    body: Body
    header: HeaderScanner = field(repr=False)
    fault: str | None  # as `wire.content.ContentFault` has it

    @property
    def wire_octets(self) -> int:
        """Its size on the wire, also where its content is not here."""
        return self.envelope.size or self.body.wire_octets

    def message(self, destinations: tuple[Destination, ...], path: Path, hostname: str, now: float) -> Message:
        """As handlers get it, for the one recipient."""
        envelope = evolve(self.envelope, recipients=(Recipient(path, destinations),))
        fields = (received(envelope, hostname, now), *ending(self.header))
        return Message(envelope.id, envelope, fields, self.body)

    def declared(self, max_octets: int) -> Part:
        """Would its size be taken (RFC 1870 6.1)?"""
        if self.wire_octets <= max_octets:
            return Part()
        step = Step(
            topic="message", question="Is it small enough?", answer=f"no: {size(max_octets)} are the limit for servers"
        )
        return Part((step,), too_big(max_octets))

    def checked(self, max_hops: int) -> Part:
        """Would its content be taken?"""
        question = "Is its content as it has to be?"
        if self.fault is not None:
            refusal = Reply(550, "5.6.0", f"The content has {self.fault}")
            return Part((Step(topic="message", question=question, answer=f"no: it has {self.fault}"),), refusal)
        told = f"{size(self.body.wire_octets)} on the wire, {counted(self.header.hops, 'hop')}"
        if self.header.hops > max_hops:
            return Part((Step(topic="message", question=question, answer=f"no: {told}"),), IN_CIRCLES)
        return Part((Step(topic="message", question=question, answer="yes", detail=told),))


def letter_of(question: Question, new_id: Callable[[], str], max_line_octets: int) -> Letter:
    """The message of a question."""
    content = _made_up(question) if question.content is None else question.content
    reader, header = ContentReader(max_line_octets), HeaderScanner()
    content = reader.feed(_on_the_wire(content))
    content += b"" if content.endswith(b"\n") else b"\n"
    header.feed(content)
    body = Body(len(content), content.count(b"\n"), content=content)
    client = question.client or CLIENT
    utf8 = not (str(question.path).isascii() and str(question.reverse_path).isascii())
    envelope = Envelope(
        new_id(),
        Session(new_id(), LISTENER, client, helo=f"[{client}]", extended=True),
        question.reverse_path,
        size=question.size or body.wire_octets,
        smtputf8=utf8,
    )
    return Letter(envelope, body, header, reader.fault)


def _on_the_wire(content: bytes) -> bytes:
    """What a client would send. A file that has CRLF somewhere is from the wire, and is taken octet for octet; one that
    has LF alone is a text file, and programs send that with CRLF.
    """
    return content if b"\r\n" in content else content.replace(b"\n", b"\r\n")


def _made_up(question: Question) -> bytes:
    sender = question.reverse_path if not question.reverse_path.is_null else SENDER
    lines = (f"From: <{sender}>", f"To: <{question.path}>", "Subject: made up by mailgate explain", "", "Nothing.", "")
    return "\n".join(lines).encode()
