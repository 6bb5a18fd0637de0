"""What a client of POP3 can say, one frozen class a command, and what the machine has to say of what it cannot.

The machine makes them out of octets; numbers are numbers here, and names are text. Plain values: no decisions.
"""

from __future__ import annotations

from attrs import field, frozen
from attrs.converters import optional

from mailgate.pop3.reply import Reply


def _text(octets: bytes | str) -> str:
    # Keywords and arguments are ASCII (RFC 1939 section 3), names in UTF-8 with RFC 6856.
    return octets if isinstance(octets, str) else octets.decode()


@frozen
class Connected:
    """The connection is there: the greeting is wanted."""


@frozen
class Fault:
    """Something came that is no command, or not now; the reply that says so."""

    reply: Reply


@frozen
class Capa:
    """CAPA (RFC 2449 section 5)."""


@frozen
class Stls:
    """STLS (RFC 2595 section 4)."""


@frozen
class Utf8:
    """UTF8 (RFC 6856 section 2.1)."""


@frozen
class User:
    """USER: who wants to log in."""

    name: str = field(converter=_text)


@frozen
class Pass:
    """PASS: the password, as it came; never shown."""

    password: bytes = field(repr=False)


@frozen
class Mechanisms:
    """AUTH alone: which mechanisms are there?"""


@frozen
class Auth:
    """AUTH (RFC 5034 section 4): the mechanism in upper case, and the initial response in base64; never shown."""

    mechanism: str = field(converter=_text)
    initial: bytes | None = field(default=None, repr=False)


@frozen
class Response:
    """The client's answer to a challenge of AUTH, in base64, or `*`; None: the line was too long. Never shown."""

    line: bytes | None = field(repr=False)


@frozen
class Lang:
    """LANG (RFC 6856 section 3): a language range, `*`, or (None) which languages there are."""

    wanted: str | None = field(default=None, converter=optional(_text))


@frozen
class Stat:
    """STAT."""


@frozen
class List:
    """LIST, of one message or (None) of all."""

    number: int | None = field(default=None, converter=optional(int))


@frozen
class Uidl:
    """UIDL, of one message or (None) of all."""

    number: int | None = field(default=None, converter=optional(int))


@frozen
class Retr:
    """RETR."""

    number: int = field(converter=int)


@frozen
class Top:
    """TOP: a message's header and so many lines of its body."""

    number: int = field(converter=int)
    lines: int = field(converter=int)


@frozen
class Dele:
    """DELE."""

    number: int = field(converter=int)


@frozen
class Noop:
    """NOOP."""


@frozen
class Rset:
    """RSET."""


@frozen
class Quit:
    """QUIT."""


Event = (
    Connected
    | Fault
    | Capa
    | Stls
    | Utf8
    | User
    | Pass
    | Mechanisms
    | Auth
    | Response
    | Lang
    | Stat
    | List
    | Uidl
    | Retr
    | Top
    | Dele
    | Noop
    | Rset
    | Quit
)
