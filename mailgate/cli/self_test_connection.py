"""Connections of a self-test, and whether TLS showed on them whom it should: by the standard library's TLS."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from attrs import field, frozen

from mailgate.cli.tls_probe import Door, connect

if TYPE_CHECKING:
    from mailgate.tls.pair import Pair

# A proxy that speaks for itself (the PROXY protocol, 2.1): who connects is who it seems to be.
_PROXY: Final = b"PROXY UNKNOWN\r\n"
AS_PROXY: Final = "this machine is a proxy to it: sent PROXY UNKNOWN first"
NOT_VERIFIED: Final = "not verified: self-signed; it is the certificate that is configured"


class Trouble(Exception):
    """What was tried did not work; the message says why, for people."""


class _Session(Protocol):
    sock: Any

    def close(self) -> None: ...


S = TypeVar("S", bound=_Session)


@frozen
class Trust:
    """Whom a client believes."""

    name: str  # that it asks for
    careful: ssl.SSLContext = field(repr=False)
    # The configured certificate (DER) if it is self-signed and in force, which is taken as it is; or empty.
    pinned: bytes = field(repr=False, default=b"")
    needed: bool = True  # is there a certificate, so that every port can be expected to show one?
    remarks: tuple[str, ...] = ()


@frozen
class Seen:
    """What became of TLS."""

    version: str = ""  # empty: there was none
    verified: bool = False
    remarks: tuple[str, ...] = ()


UNSEEN: Final = Seen()


def make_trust(hostname: str, pairs: Sequence[Pair | None], ca_file: str, needed: bool, now: float) -> Trust:
    """`pairs`: those of the configuration, None for what cannot be read. `ca_file`: instead of the system's
    authorities. Raises OSError if it cannot be used.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    from mailgate.tls.judging import is_self_signed
    from mailgate.tls.names import ByName

    context = ssl.create_default_context(cafile=ca_file or None)
    read = [pair for pair in pairs if pair is not None]
    known = ByName([((), None), *((pair.dns_names, pair) for pair in read)])
    names = [name for pair in read for name in pair.dns_names if not name.startswith("*")]
    has_own = known.has(hostname) or not names
    name = hostname if has_own else names[0]
    remarks = () if has_own or not needed else (f"no certificate is for {hostname}; asked for {name}",)
    pair = known.choose(name) or next(iter(read), None)
    if pair is None or not is_self_signed(pair.certificate) or not pair.not_before <= now <= pair.not_after:
        return Trust(name, context, b"", needed, remarks)
    return Trust(name, context, pair.certificate.public_bytes(Encoding.DER), needed, remarks)


def reach(door: Door, seconds: float) -> socket.socket:
    """A connection; it is told who comes if it wants to hear it. `seconds`: for each answer. Raises `Trouble`."""
    try:
        connection = connect(door)
    except OSError as error:
        raise Trouble(f"nobody answers: {error.strerror or error}") from error
    connection.settimeout(seconds)
    if _is_proxy(door, connection):
        connection.sendall(_PROXY)
    return connection


def remarks_on(door: Door, connection: socket.socket) -> tuple[str, ...]:
    """What there is to say of how it was reached."""
    return (AS_PROXY,) if _is_proxy(door, connection) else ()


def _is_proxy(door: Door, connection: socket.socket) -> bool:
    return connection.family != socket.AF_UNIX and door.is_proxy(str(connection.getsockname()[0]))


def secured(door: Door, trust: Trust, begin: Callable[[ssl.SSLContext | None], S]) -> tuple[S, Seen]:
    """A session that `begin` gives, with TLS by that context, and what was seen. Nothing secret was said yet.

    Who is not vouched for is asked once more, if we know its certificate. Raises `Trouble` for strangers.
    """
    if not trust.needed and door.dialogue != "tls":
        session = begin(None)
        return session, Seen("", False, remarks_on(door, session.sock))
    try:
        session = begin(trust.careful)
        return session, _seen(door, session, verified=True)
    except ssl.SSLCertVerificationError as error:
        if not trust.pinned:
            raise Trouble(f"its certificate is not trusted: {error.verify_message}") from error
    session = begin(_careless())
    if session.sock.getpeercert(True) != trust.pinned:
        session.close()
        raise Trouble("its certificate is not trusted, and it is not the one that is configured")
    return session, _seen(door, session, verified=False)


def _seen(door: Door, session: _Session, *, verified: bool) -> Seen:
    remarks = remarks_on(door, session.sock)
    if not isinstance(session.sock, ssl.SSLSocket):
        return Seen("", False, (*remarks, "it offers no TLS"))
    return Seen(session.sock.version() or "", verified, remarks if verified else (*remarks, NOT_VERIFIED))


def _careless() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
