"""Where the server listens."""

from __future__ import annotations

import poplib
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

POP3_SECONDS: Final = 30.0  # how long poplib waits for a reply
GIVE_UP_SECONDS: Final = 2.0  # the same when the test has failed already


@dataclass(frozen=True)
class Place:
    """A port of the server: `.host` and `.port`, as text `host:port`."""

    host: str
    port: int

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Place:
        """As the server tells it."""
        return cls(told["host"], told["port"])

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Pop3Place:
    """A port that speaks POP3: `.host` and `.port`; called with an address, it logs in there.

        with mailgate.pop3(to) as mailbox:                 # poplib.POP3
            assert mailbox.stat()[0] == 1

    At the end of the block comes QUIT, and what was marked by DELE is deleted; after an exception nothing is. Raises
    what poplib raises.
    """

    host: str
    port: int
    password_of: Callable[[str], str]
    ssl_context: Callable[[], ssl.SSLContext] | None = None  # set where TLS comes first

    @contextmanager
    def __call__(self, to: str, password: str | None = None) -> Iterator[poplib.POP3]:
        mailbox = self._connected()
        try:
            mailbox.user(to)
            mailbox.pass_(self.password_of(to) if password is None else password)
            yield mailbox
        except BaseException:
            _give_up(mailbox)
            raise
        if _is_open(mailbox):  # the test may have said QUIT itself
            mailbox.quit()

    def _connected(self) -> poplib.POP3:
        if self.ssl_context is None:
            return poplib.POP3(self.host, self.port, timeout=POP3_SECONDS)
        return poplib.POP3_SSL(self.host, self.port, timeout=POP3_SECONDS, context=self.ssl_context())

    def __str__(self) -> str:
        return str(Place(self.host, self.port))


def _is_open(mailbox: poplib.POP3) -> bool:
    return getattr(mailbox, "sock", None) is not None  # poplib's close() sets it to None


def _give_up(mailbox: poplib.POP3) -> None:
    """Delete nothing, and leave the maildrop unlocked: RSET and QUIT if the server still listens, else hang up."""
    try:
        if _is_open(mailbox):
            mailbox.sock.settimeout(GIVE_UP_SECONDS)
            mailbox.rset()
            mailbox.quit()
    except (OSError, EOFError, poplib.error_proto):
        with suppress(OSError):
            mailbox.close()
