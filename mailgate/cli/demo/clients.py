"""The two strangers: Python's smtplib hands a message in, Python's poplib fetches it. Both block."""

from __future__ import annotations

import poplib
import smtplib
import ssl
from contextlib import closing
from typing import Final

from mailgate.cli.demo.letters import SENDER, Letter
from mailgate.cli.demo.wiretap import Place

TIMEOUT_SECONDS: Final = 10.0  # of any one answer; a gateway that is well answers in milliseconds
CLIENT_NAME: Final = "client.example.test"  # smtplib would look its own name up in the DNS
PASSWORD: Final = "demo"  # noqa: S105 (the gateway of the demo takes any)


class Trouble(Exception):
    """A client did not get what it came for; the message says what happened, for a person."""


def trust(certificate: str) -> ssl.SSLContext:
    """What a client needs to check the gateway's certificate, which is in the file `certificate`."""
    return ssl.create_default_context(cafile=certificate)


def send(place: Place, letter: Letter, tls: ssl.SSLContext | None) -> None:
    """Hand `letter` in, by STARTTLS if there is a `tls`. Raises `Trouble`."""
    try:
        with smtplib.SMTP(place.host, place.port, CLIENT_NAME, TIMEOUT_SECONDS) as client:
            if tls is not None:
                client.starttls(context=tls)
            client.sendmail(SENDER, [letter.recipient], letter.content, letter.options)
    except smtplib.SMTPRecipientsRefused as error:
        answer = _reply(*error.recipients[letter.recipient])
        raise Trouble(f"smtplib could not send it: mailgate answered {answer}") from error
    except smtplib.SMTPResponseException as error:
        answer = _reply(error.smtp_code, error.smtp_error)
        raise Trouble(f"smtplib could not send it: mailgate answered {answer}") from error
    except OSError as error:  # all other exceptions of smtplib are OSErrors
        raise Trouble(f"smtplib could not send it: {_named(error)}") from error


def fetch(place: Place, user: str, tls: ssl.SSLContext | None) -> bytes:
    """The newest message of the user's maildrop, by STLS if there is a `tls`. Raises `Trouble`."""
    try:
        with closing(poplib.POP3(place.host, place.port, TIMEOUT_SECONDS)) as client:
            if tls is not None:
                client.stls(tls)
            client.user(user)
            client.pass_(PASSWORD)
            newest, _ = client.stat()
            if not newest:
                raise Trouble(f"poplib found nothing in the maildrop of {user}")
            _, lines, _ = client.retr(newest)
            client.quit()
    except (OSError, poplib.error_proto) as error:
        raise Trouble(f"poplib could not fetch it: {_named(error)}") from error
    return b"".join(line + b"\r\n" for line in lines)


def _reply(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"


def _named(error: Exception) -> str:
    """The exception in words; some of them have none of their own."""
    return f"{type(error).__name__}: {error}"
