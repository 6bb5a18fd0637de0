"""Logging in at the smarthost: PLAIN or LOGIN, as it offers (RFC 4954). Only ever inside TLS: `place` sees to that."""

from __future__ import annotations

from typing import Final

from mailgate.mail import Reply
from mailgate.sending.secrecy import encoded, plain_response
from mailgate.sending.trouble import INSECURE, Trouble
from mailgate.sending.wire import Wire

CHALLENGE: Final = 334
LOGGED_IN: Final = 235
MAX_PASSWORD_OCTETS: Final = 4_096


def read_password(file: str) -> str:
    """The password that a file has: all of it but one line end. Raises OSError, and ValueError for what is none."""
    with open(file, "rb") as stream:
        octets = stream.read(MAX_PASSWORD_OCTETS + 2)
    password = octets.removesuffix(b"\n").removesuffix(b"\r")
    if not password:
        raise ValueError(f"{file} is empty; it has the smarthost's password, on one line")
    if len(password) > MAX_PASSWORD_OCTETS or any(octet < 0x20 or octet == 0x7F for octet in password):
        raise ValueError(f"{file} has more than a password on one line")
    try:
        return password.decode()
    except UnicodeDecodeError:
        raise ValueError(f"{file} is not UTF-8") from None


async def log_in(wire: Wire, mechanisms: frozenset[str], user: str, password: str) -> None:
    """Log in. Raises `Trouble`: whatever goes wrong, the client who waits has nothing to do with our password.

    The reason has what the host said as it is: `Dialogue` hides what may not be told of that.
    """
    if "PLAIN" in mechanisms:
        wire.send("AUTH PLAIN " + plain_response(user, password))  # as initial response (RFC 4954 4)
        reply = await wire.reply()
    elif "LOGIN" in mechanisms:
        reply = await _login(wire, user, password)
    else:
        offered = f"only {', '.join(sorted(mechanisms))}" if mechanisms else "no login"
        raise Trouble(INSECURE, f"the smarthost offers {offered}; PLAIN or LOGIN is needed to log in as {user}")
    if reply.code != LOGGED_IN:
        raise Trouble(INSECURE, f"the smarthost refuses the login of {user}: {reply}")


async def _login(wire: Wire, user: str, password: str) -> Reply:
    wire.send("AUTH LOGIN")
    reply = await wire.reply()
    for word in (user, password):
        if reply.code != CHALLENGE:
            return reply
        wire.respond(encoded(word))
        reply = await wire.reply()
    return reply
