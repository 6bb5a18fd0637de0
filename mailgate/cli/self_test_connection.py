"""Connections of a self-test, and whether TLS showed on them whom it should: by the standard library's TLS."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

from attrs import frozen

from mailgate.cli.self_test_trust import NO_DOUBT, Doubt, Stranger, Trust, judge
from mailgate.cli.tls_reaching import Door, careless, comes_as_proxy, connect, introduce

AS_PROXY: Final = "this machine is a proxy to it: sent PROXY UNKNOWN first"


class Trouble(Exception):
    """What was tried did not work; the message says why, for people."""


class _Session(Protocol):
    sock: Any

    def close(self) -> None: ...


S = TypeVar("S", bound=_Session)


@frozen
class Seen:
    """What became of TLS."""

    version: str = ""  # empty: there was none
    verified: bool = False
    remarks: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()  # what mail programs would mind, and go no further


UNSEEN: Final = Seen()


def reach(door: Door, seconds: float) -> socket.socket:
    """A connection; it is told who comes if it wants to hear it. `seconds`: for each answer. Raises `Trouble`."""
    try:
        connection = connect(door)
    except OSError as error:
        raise Trouble(f"nobody answers: {error.strerror or error}") from error
    connection.settimeout(seconds)
    introduce(door, connection)
    return connection


def remarks_on(door: Door, connection: socket.socket) -> tuple[str, ...]:
    """What there is to say of how it was reached."""
    return (AS_PROXY,) if comes_as_proxy(door, connection) else ()


def secured(door: Door, trust: Trust, begin: Callable[[ssl.SSLContext | None], S]) -> tuple[S, Seen]:
    """A session that `begin` gives, with TLS by that context, and what was seen. Nothing secret was said yet.

    Who is not vouched for is asked once more, for a look at the certificate. Raises `Trouble` for strangers.
    """
    if not trust.needed and door.dialogue != "tls":
        session = begin(None)
        return session, Seen("", False, remarks_on(door, session.sock))
    try:
        session = begin(trust.careful)
        return session, _seen(door, session, verified=True)
    except ssl.SSLCertVerificationError as error:
        distrust = error
    session = begin(careless())
    try:
        doubt = judge(trust, session.sock.getpeercert(True), distrust)
    except Stranger as error:
        session.close()
        raise Trouble(str(error)) from error
    return session, _seen(door, session, verified=False, doubt=doubt)


def _seen(door: Door, session: _Session, *, verified: bool, doubt: Doubt = NO_DOUBT) -> Seen:
    remarks = remarks_on(door, session.sock)
    if not isinstance(session.sock, ssl.SSLSocket):
        return Seen("", False, (*remarks, "it offers no TLS"))
    return Seen(session.sock.version() or "", verified, (*remarks, *doubt.remarks), doubt.wrong)
