"""How `email` is to read: as it does by default, but for the headers that it cannot parse. Imports `email`."""

from __future__ import annotations

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import EmailPolicy
from typing import Any

from mailgate.mime.fields import decoded


class Lenient(EmailPolicy):
    """Gives every field a value. `email` raises IndexError and others for some that are broken."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        """The value, parsed if that can be."""
        value = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # RFC 6532: octets are UTF-8
        try:
            return super().header_fetch_parse(name, value)
        except Exception:  # noqa: BLE001 (whatever it stumbled over, the text is there)
            return decoded("".join(value.splitlines()))


PARSER = BytesParser(_class=EmailMessage, policy=Lenient())


def parse(raw: bytes) -> EmailMessage:
    """See `reading.read`."""
    try:
        return _parse(raw)
    except Exception:  # noqa: BLE001 (RecursionError where parts are in parts without end, and what else there may be)
        return _parse(raw, headers_only=True)


def _parse(raw: bytes, *, headers_only: bool = False) -> EmailMessage:
    message = PARSER.parsebytes(raw, headersonly=headers_only)
    assert isinstance(message, EmailMessage), "the parser makes what it was told to"
    return message
