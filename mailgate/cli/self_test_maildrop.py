"""The maildrop of a self-test, by POP3: finds its messages, fetches them, removes them, and touches no other."""

from __future__ import annotations

import contextlib
import poplib
import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from mailgate.cli.self_test_connection import Seen, Trouble, reach, secured
from mailgate.cli.self_test_message import Sample
from mailgate.cli.self_test_trust import Trust
from mailgate.cli.tls_reaching import Door

LINE_OCTETS: Final = 4 << 20  # a header of somebody else's may have lines far beyond poplib's 2,048
PAUSE_SECONDS: Final = 0.5
_LATER: Final = ("[IN-USE]", "[LOGIN-DELAY]")  # RFC 2449 section 8.1


class LoginRefused(Trouble):
    """No use in asking elsewhere."""


@frozen
class Account:
    """Who logs in."""

    user: str
    password: str
    seconds: float  # for each answer, and for a maildrop that another session has
    utf8: bool = False  # are there addresses with more than ASCII? Else their mail would be fetched in other words
    wait: Callable[[float], object] = time.sleep


class Client(poplib.POP3):
    """poplib's, on a connection that there is already, and with longer lines."""

    sock: Any  # None once it has said QUIT

    def __init__(self, name: str, connection: socket.socket) -> None:
        self._connection = connection
        super().__init__(name)

    def _create_socket(self, _: float) -> socket.socket:
        return self._connection

    def _getline(self) -> tuple[bytes, int]:
        line: bytes = self.file.readline(LINE_OCTETS)
        if not line.endswith(b"\r\n"):
            raise poplib.error_proto("the line is too long" if len(line) == LINE_OCTETS else "it closed the connection")
        return line[:-2], len(line)


@frozen
class Box:
    """A session that is logged in."""

    client: Client
    seen: Seen

    def uids(self) -> dict[str, int]:
        """The number of each message."""
        listing = self.client.uidl()[1]
        return {uid: int(number) for number, uid in (line.decode("utf-8", "replace").split() for line in listing)}

    def delay_seconds(self) -> float:
        """How long this account has to wait from one login to the next."""
        told = self.client.capa().get("LOGIN-DELAY", ["0"])[0]  # RFC 2449 section 6.5
        return float(told) if told.isdigit() else 0.0

    def find(self, samples: Iterable[Sample], known: Collection[str]) -> dict[str, list[int]]:
        """The numbers of the copies of each, by its token. `known`: the UIDs of what was there before."""
        found: dict[str, list[int]] = {}
        wanted = list(samples)
        for uid, number in self.uids().items():
            if uid in known:
                continue
            head = self.client.top(number, 0)[1]
            for sample in wanted:
                if sample.is_head_of(head):
                    found.setdefault(sample.token, []).append(number)
        return found

    def fetch(self, numbers: Mapping[str, Iterable[int]]) -> dict[str, tuple[bytes, ...]]:
        """Their octets as they came."""
        return {token: tuple(map(self._retrieve, copies)) for token, copies in numbers.items()}

    def _retrieve(self, number: int) -> bytes:
        return b"".join(line + b"\r\n" for line in self.client.retr(number)[1])

    def remove(self, numbers: Mapping[str, Iterable[int]]) -> None:
        """For good, once QUIT is answered."""
        for copies in numbers.values():
            for number in copies:
                self.client.dele(number)
        self.client.quit()


@contextlib.contextmanager
def opened(door: Door, account: Account, trust: Trust) -> Iterator[Box]:
    """The maildrop. Raises `Trouble`, `LoginRefused` for a password that is wrong; so does what is done in it."""
    try:
        box = _logged_in(door, account, trust)
        try:
            yield box
            if box.client.sock is not None:
                with contextlib.suppress(OSError, poplib.error_proto):  # what we came for is done
                    box.client.quit()
        finally:
            _close(box.client)
    except poplib.error_proto as error:
        raise Trouble(f"it says {_words(error)}") from error
    except OSError as error:
        raise Trouble(f"the connection broke: {error}") from error


def _logged_in(door: Door, account: Account, trust: Trust) -> Box:
    """Comes again while another session has the maildrop, or the last one was too short a time ago."""
    patience = account.seconds
    while True:
        client, seen = secured(door, trust, lambda context: _begin(door, trust.name, context, account.seconds))
        try:
            if account.utf8:
                client.utf8()  # RFC 6856 section 2.1: before the login
            client.user(account.user)
            client.pass_(account.password)
            return Box(client, seen)
        except poplib.error_proto as error:
            _close(client)
            if not any(code in _words(error) for code in _LATER):
                raise _refusal(error) from error
            if patience <= 0:
                raise Trouble(f"it says {_words(error)}, for {account.seconds:g} seconds now") from error
        except BaseException:
            _close(client)
            raise
        account.wait(PAUSE_SECONDS)
        patience -= PAUSE_SECONDS


def _refusal(error: poplib.error_proto) -> Trouble:
    """RFC 3206: what is wrong with the server has a code of its own, and is no matter of the password."""
    words = _words(error)
    kind = LoginRefused if words.startswith("-ERR") and "[SYS/" not in words else Trouble
    return kind(f"it answers the login with {words}" if words.startswith("-ERR") else words)


def _begin(door: Door, name: str, context: ssl.SSLContext | None, seconds: float) -> Client:
    connection = reach(door, seconds)
    try:
        if context is not None and door.dialogue == "tls":
            connection = context.wrap_socket(connection, server_hostname=name)
        client = Client(name, connection)
    except BaseException:
        connection.close()
        raise
    try:
        if context is not None and door.dialogue != "tls":
            client.stls(context)
    except BaseException:
        _close(client)
        raise
    return client


def _close(client: Client) -> None:
    """poplib's own close fails where TLS has failed: that has taken the socket from it."""
    with contextlib.suppress(OSError):
        client.close()


def _words(error: poplib.error_proto) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "backslashreplace") if isinstance(said, bytes) else str(said)
