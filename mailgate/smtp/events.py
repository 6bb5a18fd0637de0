"""What an SMTP or LMTP client can do: one value an event. Each but `Chunk` and `Content` wants exactly one answer."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from mailgate.mail import Path, Reply


@frozen
class Connected:
    """The connection stands; the greeting is wanted (RFC 5321 3.1)."""


@frozen
class Hello:
    """EHLO or HELO (RFC 5321 4.1.1.1); LHLO counts as EHLO (RFC 2033 4.1)."""

    extended: bool
    name: str  # as the client said it


@frozen
class Mail:
    """MAIL FROM (RFC 5321 4.1.1.2). Parameter names are in upper case; one without "=" has the value None."""

    path: Path
    parameters: Mapping[str, str | None]


@frozen
class Rcpt:
    """RCPT TO (RFC 5321 4.1.1.3)."""

    path: Path
    parameters: Mapping[str, str | None]


@frozen
class Data:
    """DATA: may content come? 354 says yes (RFC 5321 4.1.1.4)."""


@frozen
class Chunk:
    """BDAT: a chunk of so many octets begins (RFC 3030 2). Wants no reply: the client sends it in any case."""

    octets: int


@frozen
class Content:
    """A block of content, dots unstuffed, lines ended by LF. Wants no reply."""

    block: bytes = field(repr=False)


@frozen
class EndOfChunk:
    """A chunk that is not the last one has come whole (RFC 3030 2)."""

    octets: int


@frozen
class EndOfContent:
    """The final dot has come, or the last chunk. `fault` says what was wrong with the content on the wire, if anything
    was. In LMTP it may come for a transaction without recipients, and wants no reply at all (RFC 2033 4.3).
    """

    fault: str | None


@frozen
class Reset:
    """RSET (RFC 5321 4.1.1.5)."""


@frozen
class Noop:
    """NOOP (RFC 5321 4.1.1.9)."""


@frozen
class Verify:
    """VRFY (RFC 5321 4.1.1.6)."""


@frozen
class Help:
    """HELP (RFC 5321 4.1.1.8)."""


@frozen
class Quit:
    """QUIT (RFC 5321 4.1.1.10)."""


@frozen
class StartTLS:
    """STARTTLS (RFC 3207 4)."""


@frozen
class Auth:
    """AUTH (RFC 4954 4). `initial` is the initial response as it stood on the line, still in base64."""

    mechanism: str
    initial: bytes | None = field(repr=False)


@frozen
class Response:
    """A line in answer to a 334 challenge, as it stood on the wire; None: it was too long."""

    line: bytes | None = field(repr=False)


@frozen
class Fault:
    """The client did something that cannot be; `reply` is what the machine proposes to say. If it is `excused`, the
    client may have sent it before it could know (RFC 3030 2), and it does not count as an error.
    """

    reply: Reply
    excused: bool = False
    times: int = 1  # how often the machine says the reply: once a recipient, after LMTP content (RFC 2033 4.3)


Event = (
    Connected
    | Hello
    | Mail
    | Rcpt
    | Data
    | Chunk
    | Content
    | EndOfChunk
    | EndOfContent
    | Reset
    | Noop
    | Verify
    | Help
    | Quit
    | StartTLS
    | Auth
    | Response
    | Fault
)
