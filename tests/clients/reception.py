"""The ways in which a client may fetch, and what it is given to do so."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from attrs import frozen

Tls = Literal["clear", "stls", "implicit"]


@frozen
class Reception:
    """A way to fetch: how it is secured, what becomes of the maildrop, whether the client knows the CA."""

    title: str
    tls: Tls
    keep: bool = True
    again: bool = False  # a second time, after which nothing may have come twice
    trusted: bool = True  # does the client know the CA? If not, it must not fetch.

    @property
    def key(self) -> str:
        """The way in one word."""
        words = (self.tls, "keep" if self.keep else "delete", "again" if self.again else "")
        return "-".join(word for word in (*words, "" if self.trusted else "stranger") if word)


@frozen
class Errand:
    """One maildrop to be fetched in one way."""

    reception: Reception
    port: int
    ca: str  # a file in PEM: who vouches for the server
    user: str
    messages: int  # that are there
    directory: Path  # empty at first, for what the client needs and gets


RECEPTIONS: Final = (
    Reception("In clear, keep", "clear"),
    Reception("In clear, delete", "clear", keep=False),
    Reception("STLS, keep", "stls"),
    Reception("STLS, delete", "stls", keep=False),
    Reception("Implicit TLS, keep", "implicit"),
    Reception("Implicit TLS, delete", "implicit", keep=False),
    Reception("Keep, and again: nothing comes twice", "implicit", again=True),
    Reception("STLS with an unknown CA: does not fetch", "stls", trusted=False),
    Reception("Implicit TLS with an unknown CA: does not fetch", "implicit", trusted=False),
)
