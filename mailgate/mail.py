"""The values that travel through the house: paths, envelopes, messages, verdicts, outcomes, entries.

All are frozen and plain. Nothing here does I/O but `Body`, which knows how to open what the spool kept.
"""

from __future__ import annotations

import io
import re
from collections.abc import Hashable, Iterator, Mapping
from functools import cached_property
from typing import BinaryIO, Final

from attrs import evolve, field, frozen

from mailgate.wire import address

BLOCK_OCTETS: Final = 65_536  # how much content is read, written or sent at a time
_ID_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # base32 whose order is that of ASCII
_ID_PAIRS: Final = tuple(high + low for high in _ID_ALPHABET for low in _ID_ALPHABET)
_FIELD_NAME: Final = re.compile(r"[\x21-\x39\x3b-\x7e]{1,76}")  # RFC 5322 3.6.8
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")  # RFC 3463 2
# What cannot stand in a field's value: controls but TAB, halves of characters, and line ends that do not fold.
_UNFIT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]|\n(?![ \t])|\n[ \t]*(?=\n|\Z)")


def make_id(milliseconds: int, entropy: int) -> str:
    """An id of 26 characters, ordered by time: 48 bits of Unix milliseconds, 80 bits of `entropy`, base32."""
    number = (milliseconds & (1 << 48) - 1) << 80 | entropy & (1 << 80) - 1
    return "".join([_ID_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


@frozen
class Path:
    """A reverse-path or forward-path (RFC 5321 4.1.2), unquoted; source routes are gone."""

    local_part: str
    domain: str = ""  # lower case; `[…]` for an address literal; empty for `<>` and a bare postmaster

    @classmethod
    def parse(cls, text: str) -> Path:
        """Read `local-part@domain`. Raises `wire.address.AddressError`."""
        return cls(*address.parse_mailbox(text))

    @property
    def is_null(self) -> bool:
        """Is this `<>`, the reverse-path of bounces (RFC 5321 4.5.5)?"""
        return not self.local_part and not self.domain

    def __str__(self) -> str:
        return self._text

    @cached_property
    def _text(self) -> str:
        return address.format_mailbox(self.local_part, self.domain)  # a message wants it six times


NULL_PATH: Final = Path("")


@frozen
class Field:
    """A header field that mailgate or a handler puts in front of a message.

    The value may be folded with "\\n" followed by a space or tab (RFC 5322 2.2.3). Raises ValueError for anything
    that would end the field or the header, or that cannot be written into one.
    """

    name: str
    value: str

    def __attrs_post_init__(self) -> None:
        if _FIELD_NAME.fullmatch(self.name) is None:
            raise ValueError(f"not a field name: {self.name!r}")
        if _UNFIT.search(self.value):
            raise ValueError(
                f"the value of {self.name} has a control character, a surrogate, or a line break that does not fold"
            )

    def __bytes__(self) -> bytes:
        return f"{self.name}: {self.value}\n".encode()


@frozen
class Reply:
    """An SMTP reply: code, enhanced status (RFC 3463) and text; a line break in the text makes it multi-line.

    `status` may be empty where RFC 2034 wants none (greeting, EHLO, 354, 334).
    """

    code: int
    status: str
    text: str

    def __attrs_post_init__(self) -> None:
        if not 200 <= self.code <= 599:
            raise ValueError(f"not a reply code: {self.code}")
        if self.status and (_STATUS.fullmatch(self.status) is None or self.status[0] != str(self.code)[0]):
            raise ValueError(f"enhanced status {self.status!r} does not go with {self.code}")

    @cached_property  # most replies are made once, and asked for every command
    def is_positive(self) -> bool:
        """Did what was asked for happen (2yz), or may it go on (3yz)?"""
        return self.code < 400

    @property
    def is_temporary(self) -> bool:
        """Should the sender try again (4yz)?"""
        return 400 <= self.code < 500

    def __str__(self) -> str:
        return " ".join([part for part in (str(self.code), self.status, self.text) if part])


class Refused(Exception):
    """The one expected exception of policies, handlers and directories: the reply is what the client hears.

    Raises ValueError for a reply that does not refuse: mail would be lost that the client believes taken.
    """

    def __init__(self, reply: Reply) -> None:
        if reply.is_positive:
            raise ValueError(f"{reply.code} refuses nothing")
        super().__init__(str(reply))
        self.reply = reply


class Discarded(Exception):
    """A handler's: take the whole message with 250 and keep it nowhere. Say why; it goes to the log alone."""


@frozen
class Session:
    """What is known of one connection at a moment; policies, handlers and facts are given this, never a transport."""

    id: str
    listener: str  # which kind of door: "smtp", "submission", "lmtp", "pop3"
    client: str  # the client's IP address
    port: int = 0  # the client's
    helo: str = ""  # what EHLO or HELO said; never to be trusted
    extended: bool = False  # was it EHLO?
    lmtp: bool = False  # is LMTP spoken (RFC 2033)?
    tls: str = ""  # such as "TLSv1.3 TLS_AES_256_GCM_SHA384"; empty in clear
    user: str = ""  # who has logged in: the account's name


@frozen
class Local:
    """A destination on this system: one maildrop."""

    maildrop: str  # opaque; only the store knows what it means
    fields: tuple[Field, ...] = ()  # what this copy alone carries, such as Delivered-To
    folder: str = ""  # for later: a folder of the maildrop


@frozen
class Relay:
    """A destination on another system; only authenticated users may be sent there."""

    path: Path


Destination = Local | Relay


@frozen
class Recipient:
    """A forward-path that was accepted, and where it leads: resolved once, at RCPT."""

    path: Path
    destinations: tuple[Destination, ...]


@frozen
class Envelope:
    """What MAIL and RCPT said (RFC 5321 2.3.1)."""

    id: str  # the message's, from here on
    session: Session
    reverse_path: Path
    recipients: tuple[Recipient, ...] = ()
    size: int | None = None  # SIZE= of MAIL, in octets (RFC 1870)
    smtputf8: bool = False  # SMTPUTF8 of MAIL (RFC 6531)

    def with_recipient(self, recipient: Recipient) -> Envelope:
        """This envelope and one recipient more."""
        recipients = (*self.recipients, recipient)
        return Envelope(self.id, self.session, self.reverse_path, recipients, self.size, self.smtputf8)


@frozen
class Body:
    """A message's content as it was received, header and all, with LF line ends. Never altered; opened as often
    as wanted until its spool is closed.
    """

    octets: int  # with LF line ends
    lines: int  # the number of LFs
    content: bytes | None = field(default=None, repr=False)  # the content, if it was kept in memory,
    file: str | None = None  # else the path of the file that has it

    @property
    def wire_octets(self) -> int:
        """The size with CRLF line ends."""
        return self.octets + self.lines

    def open(self) -> BinaryIO:
        """The content from its beginning. Close it after use. Raises OSError."""
        if self.file is not None:
            return open(self.file, "rb")
        return io.BytesIO(self.content or b"")

    def field_names(self) -> Iterator[str]:
        """The names of the header's fields in order, in lower case; memory does not grow with the header's size."""
        with self.open() as stream:
            fresh = True  # at the beginning of a line, not inside an over-long one
            while line := stream.readline(1024):
                if fresh and line == b"\n":
                    return
                if fresh and line[:1] not in (b" ", b"\t"):
                    name, colon, _ = line.partition(b":")
                    if not colon:
                        return  # not a field: the body begins without an empty line
                    yield name.rstrip().decode("ascii", "replace").lower()
                fresh = line.endswith(b"\n")


@frozen
class Message:
    """A message on its way: envelope, the fields to put in front (topmost first), and the content."""

    id: str
    envelope: Envelope
    fields: tuple[Field, ...]
    body: Body

    def with_fields(self, fields: tuple[Field, ...]) -> Message:
        """This message with `fields` put in front."""
        return evolve(self, fields=(*fields, *self.fields))

    def with_recipients(self, recipients: tuple[Recipient, ...]) -> Message:
        """This message to other recipients."""
        return evolve(self, envelope=evolve(self.envelope, recipients=recipients))


@frozen
class Verdict:
    """What a handler says of a message that may pass.

    `discard` and `redirect` name forward-paths as they stand in the envelope; a redirect's targets go through the
    directory once more and must be local. Fields go in front of those that are there.
    """

    fields: tuple[Field, ...] = ()
    discard: frozenset[Path] = frozenset()
    redirect: Mapping[Path, tuple[Path, ...]] = field(factory=dict)


PASS: Final = Verdict()


@frozen
class Copy:
    """One file to be made of a message: in which maildrop, with which fields on top of the message's."""

    maildrop: str
    fields: tuple[Field, ...] = ()
    folder: str = ""


@frozen
class Outcome:
    """What became of one recipient: the reply (LMTP says it to the client), and the maildrops that have a copy."""

    path: Path
    reply: Reply
    maildrops: tuple[str, ...] = ()


@frozen
class Entry:
    """One message in a maildrop, as a snapshot knows it without opening it."""

    uid: str  # for UIDL: 1 to 70 octets of 0x21-0x7E (RFC 1939 section 7)
    octets: int  # as RETR sends it: CRLF line ends, no stuffing
    key: str  # opaque; the store finds the message by it
    id: str = ""  # the message's id where mailgate delivered it
    seconds: int = 0  # arrival, Unix time
    smtputf8: bool = False  # was it received with SMTPUTF8 (RFC 6856 2)?


@frozen
class Snapshot:
    """A maildrop's messages at one moment, oldest first. Two of the same `revision` are equal."""

    revision: Hashable
    entries: tuple[Entry, ...] = field(repr=False)
    octets: int = field(init=False, eq=False, repr=False)  # the sum of the sizes

    @octets.default
    def _sum(self) -> int:
        return sum([entry.octets for entry in self.entries])
