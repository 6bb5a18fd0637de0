"""A self-test's message through one listener: SMTP, submission or LMTP, by the standard library's clients."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator
from typing import Final

from attrs import frozen

from mailgate.cli.self_test_connection import UNSEEN, Seen, Trouble, reach, secured
from mailgate.cli.self_test_message import Sample
from mailgate.cli.self_test_trust import Trust
from mailgate.cli.tls_reaching import Door

GREETING: Final = "mailgate-self-test"  # and not a name of ours: who says that is suspect


@frozen
class Sending:
    """What became of a message."""

    door: Door
    sample: Sample
    seen: Seen = UNSEEN
    reply: str = ""  # to its final dot; empty: there was none
    wrong: str = ""
    seconds: float = 0.0


@frozen
class Route:
    """From whom to whom; who logs in is the sender."""

    user: str
    password: str
    address: str


def is_submission(door: Door) -> bool:
    """Must one log in there?"""
    return door.key.startswith("submission.")


def send(door: Door, sample: Sample, route: Route, trust: Trust, seconds: float) -> Sending:
    """Try it; what goes wrong is in the result. `seconds`: for each answer."""
    began = time.monotonic()
    seen, reply, wrong = UNSEEN, "", ""
    try:
        session, seen = secured(door, trust, lambda context: _begin(door, trust.name, context, seconds))
        with _leaving(session):
            if is_submission(door):
                _log_in(session, route)
            reply = _transfer(session, sample, route, bounces=is_submission(door))
    except Trouble as error:
        wrong = str(error)
    except OSError as error:  # among them all that smtplib raises
        wrong = f"the connection broke: {error}"
    return Sending(door, sample, seen, reply, wrong, time.monotonic() - began)


def _begin(door: Door, name: str, context: ssl.SSLContext | None, seconds: float) -> smtplib.SMTP:
    kind = smtplib.LMTP if door.dialogue == "lmtp" else smtplib.SMTP
    session = kind(local_hostname=GREETING, timeout=seconds)  # which would else ask DNS for our name
    session.sock = connection = reach(door, seconds)
    try:
        if context is not None and door.dialogue == "tls":
            session.sock = context.wrap_socket(connection, server_hostname=name)
        _expect("greeting", session.getreply(), 220)
        _expect("EHLO", session.ehlo(), 250)
        if context is not None and door.dialogue != "tls":
            _start_tls(session, door, name, context)
    except BaseException:
        session.close()
        connection.close()
        raise
    return session


def _start_tls(session: smtplib.SMTP, door: Door, name: str, context: ssl.SSLContext) -> None:
    if not session.has_extn("starttls"):
        if door.dialogue == "lmtp":  # which is spoken on one machine, or in one house
            return
        raise Trouble("it does not offer STARTTLS")
    _expect("STARTTLS", session.docmd("STARTTLS"), 220)
    assert session.sock is not None
    session.sock = context.wrap_socket(session.sock, server_hostname=name)
    session.file = None
    session.esmtp_features.clear()  # RFC 3207 4.2: what was said before does not count
    session.helo_resp = session.ehlo_resp = None
    _expect("EHLO", session.ehlo(), 250)


def _log_in(session: smtplib.SMTP, route: Route) -> None:
    """By hand: smtplib knows no password but in ASCII."""
    initial = b64encode(f"\0{route.user}\0{route.password}".encode()).decode("ascii")  # RFC 4616
    _expect("AUTH", session.docmd("AUTH", f"PLAIN {initial}"), 235)


def _transfer(session: smtplib.SMTP, sample: Sample, route: Route, *, bounces: bool) -> str:
    """The reply to the final dot. `bounces`: is there a sender who hears of a failure?"""
    options = ["BODY=8BITMIME"] if session.has_extn("8bitmime") else []
    if not (route.address + route.user).isascii():
        options.append("SMTPUTF8")
    _expect("MAIL", session.mail(route.user if bounces else "", options), 250)
    _expect("RCPT", session.rcpt(route.address), 250)
    try:
        return _expect("DATA", session.data(sample.content), 250)
    except smtplib.SMTPResponseException as error:  # it does not want to have it
        return _expect("DATA", (error.smtp_code, _octets(error.smtp_error)), 250)
    except OSError as error:
        what = f"Subject: mailgate self-test {sample.token}"
        raise Trouble(f"there was no reply to the message ({error}): if it still comes, delete it ({what})") from error


def _octets(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _expect(command: str, reply: tuple[int, bytes], code: int) -> str:
    said, text = reply
    line = f"{said} {' '.join(text.decode('utf-8', 'backslashreplace').split())}"
    if said != code:
        raise Trouble(f"it answers {command} with {line}" if said > 0 else f"it answers {command} with nonsense")
    return line


@contextlib.contextmanager
def _leaving(session: smtplib.SMTP) -> Iterator[None]:
    try:
        yield
        with contextlib.suppress(OSError):  # what we came for is done
            session.quit()
    finally:
        session.close()
