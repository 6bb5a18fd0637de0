"""What a client and the server said to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

_MARKS: Final[Mapping[str, str]] = {"client": "C:", "server": "S:"}


@dataclass(frozen=True)
class Line:
    """One line: when it was said, by whom (client, server, or nobody: something happened), and what, in words that
    can be printed; passwords are not in it.
    """

    at: datetime
    speaker: str
    text: str

    def __str__(self) -> str:
        return f"{_MARKS.get(self.speaker, '--')} {self.text}".rstrip()


@dataclass(frozen=True)
class Conversation:
    """One session, as far as this namespace may see it. `str()` gives the dialogue.

    `number` counts the server's sessions; `protocol` is smtp or pop3; `client` and `port` are the client's; `ended` is
    None while it lasts; `tls` is the version and cipher, empty in clear.
    """

    number: int
    protocol: str
    client: str
    port: int
    at: datetime
    ended: datetime | None
    tls: str
    lines: tuple[Line, ...]

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Conversation:
        """As the server tells it."""
        return cls(
            number=told["number"],
            protocol=told["protocol"],
            client=told["client"],
            port=told["port"],
            at=_time(told["at"]),
            ended=None if told["ended"] is None else _time(told["ended"]),
            tls=told["tls"],
            lines=tuple(Line(_time(line["at"]), line["from"], line["text"]) for line in told["lines"]),
        )

    def __str__(self) -> str:
        state = "" if self.ended else ", still open"
        heading = f"{self.protocol.upper()} from {self.client} port {self.port} at {self.at:%H:%M:%S}{state}"
        return "\n".join([heading, *map(str, self.lines)])


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
