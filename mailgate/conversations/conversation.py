"""What somebody may know of one session: plain values."""

from __future__ import annotations

import datetime
from typing import Any, Final, Literal

from attrs import frozen

Speaker = Literal["client", "server", ""]  # empty: something that happened, and nobody said

_MARKS: Final[dict[Speaker, str]] = {"client": "C:", "server": "S:", "": "--"}


@frozen
class Line:
    """One line, without its end, for people: control characters are escaped, secrets blanked."""

    at: float  # Unix time
    speaker: Speaker
    text: str

    def __str__(self) -> str:
        return f"{_MARKS[self.speaker]} {self.text}".rstrip()


@frozen
class Conversation:
    """A session, or as much of it as was asked for and is remembered."""

    number: int  # counts the sessions
    protocol: str
    client: str  # the client's IP address
    port: int  # and port
    at: float  # when it began, Unix time
    ended: float | None  # when it ended; None: it has not
    tls: str  # such as "TLSv1.3 TLS_AES_256_GCM_SHA384"; empty in clear
    lines: tuple[Line, ...]

    def as_json(self) -> dict[str, Any]:
        """For programs. Times are in seconds since 1970."""
        lines = [{"at": line.at, "from": line.speaker, "text": line.text} for line in self.lines]
        return {
            "number": self.number,
            "protocol": self.protocol,
            "client": self.client,
            "port": self.port,
            "at": self.at,
            "ended": self.ended,
            "tls": self.tls,
            "lines": lines,
        }

    def as_text(self) -> str:
        """For people: a heading, and the dialogue line by line."""
        began = datetime.datetime.fromtimestamp(self.at, datetime.UTC).isoformat(" ", "milliseconds")
        heading = f"{self.protocol.upper()} session {self.number}, {self.client} port {self.port}, {began}"
        return "\n".join([heading, *map(str, self.lines)])
