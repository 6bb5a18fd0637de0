"""The server's side of the SASL mechanisms PLAIN and LOGIN, for SMTP AUTH (RFC 4954) and POP3 AUTH (RFC 5034).

A mechanism is asked `step` by step; it gives a challenge to send or the credentials that it learned. Whether they
are right is not known here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

MAX_LINE_OCTETS: Final = 12_288  # RFC 4954 4: the longest base64 line that must be taken, with its CRLF


class SASLError(ValueError):
    """The client's response is not what the mechanism or base64 allows; the message says why."""


class Challenge(NamedTuple):
    """What the server says next, before base64."""

    octets: bytes


class Credentials(NamedTuple):
    """What the client says it is. `authorization` is empty where it is the same as `authentication`."""

    authorization: str
    authentication: str
    password: str


class Mechanism(Protocol):
    """One exchange under way."""

    def step(self, response: bytes | None) -> Challenge | Credentials:
        """Take the client's response (None: there is none yet). Raises `SASLError`."""


class Plain:
    """PLAIN (RFC 4616): `[authzid] NUL authcid NUL passwd`."""

    def step(self, response: bytes | None) -> Challenge | Credentials:
        if response is None:
            return Challenge(b"")
        parts = _text(response).split("\0")
        if len(parts) != 3 or not parts[1] or not parts[2]:  # RFC 4616 2: authcid and passwd are not empty
            raise SASLError("PLAIN wants authorization NUL user NUL password")
        authorization, authentication, password = parts
        return Credentials("" if authorization == authentication else authorization, authentication, password)


class Login:
    """LOGIN, never standardised and widely used: the user's name, then the password, each on its own."""

    def __init__(self) -> None:
        self._user: str | None = None

    def step(self, response: bytes | None) -> Challenge | Credentials:
        if response is None:
            return Challenge(b"Username:")
        if self._user is None:
            self._user = _text(response)
            return Challenge(b"Password:")
        password = _text(response)
        if not self._user or not password:
            raise SASLError("LOGIN wants a user and a password")
        return Credentials("", self._user, password)


MECHANISMS: Final[Mapping[str, Callable[[], Mechanism]]] = {"PLAIN": Plain, "LOGIN": Login}


def encode(challenge: Challenge) -> bytes:
    """The challenge in base64, without a line end."""
    return base64.b64encode(challenge.octets)


def decode(line: bytes) -> bytes:
    """A response out of base64 (RFC 4648 4, padding required). Raises `SASLError`."""
    try:
        return base64.b64decode(line, validate=True)
    except binascii.Error:
        raise SASLError("not base64") from None


def decode_initial(argument: bytes) -> bytes:
    """An initial response: as `decode`, but `=` alone is the empty one (RFC 4954 4, RFC 5034 4)."""
    return b"" if argument == b"=" else decode(argument)


def _text(response: bytes) -> str:
    try:
        return response.decode()
    except UnicodeDecodeError:
        raise SASLError("not UTF-8") from None
