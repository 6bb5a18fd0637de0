"""The parameters of MAIL: understood or refused."""

from __future__ import annotations

import pytest

from mailgate.mail import Refused
from mailgate.smtp import events
from mailgate.smtp.parameters import mail_parameters, refuse_unknown
from mailgate.smtp.personality import Personality
from tests.smtp.support import HOSTNAME, submission
from tests.support import path

MX = Personality(hostname=HOSTNAME, max_message_octets=1000)


def mail(**parameters: str | None) -> events.Mail:
    return events.Mail(path("sender@example.org"), parameters)


@pytest.mark.parametrize(
    ("parameters", "size"),
    [
        ({}, None),
        ({"SIZE": "1000"}, 1000),
        ({"SIZE": "0"}, 0),
        ({"SIZE": "0" * 17 + "999"}, 999),
        ({"BODY": "7BIT"}, None),
        ({"BODY": "8bitmime", "SIZE": "5"}, 5),
    ],
)
def test_granted(parameters: dict[str, str | None], size: int | None) -> None:
    assert mail_parameters(mail(**parameters), MX).size == size


@pytest.mark.parametrize(
    ("parameters", "code", "status"),
    [
        ({"SIZE": "1001"}, 552, "5.3.4"),  # RFC 1870 6.1
        ({"SIZE": "9" * 20}, 552, "5.3.4"),
        ({"SIZE": "9" * 21}, 501, "5.5.4"),
        ({"SIZE": None}, 501, "5.5.4"),
        ({"SIZE": "1k"}, 501, "5.5.4"),
        ({"SIZE": "-1"}, 501, "5.5.4"),
        ({"SIZE": "²"}, 501, "5.5.4"),
        ({"BODY": None}, 501, "5.5.4"),
        ({"BODY": "BINARYMIME"}, 501, "5.5.4"),
        ({"SMTPUTF8": None}, 555, "5.5.4"),  # RFC 5321 4.1.1.11
        ({"RET": "HDRS", "SIZE": "1"}, 555, "5.5.4"),
        ({"AUTH": "<>"}, 555, "5.5.4"),  # where AUTH is not offered
    ],
)
def test_refused(parameters: dict[str, str | None], code: int, status: str) -> None:
    with pytest.raises(Refused) as refusal:
        mail_parameters(mail(**parameters), MX)
    assert (refusal.value.reply.code, refusal.value.reply.status) == (code, status)


def test_auth_is_understood_on_submission() -> None:
    assert mail_parameters(mail(AUTH="<>", SIZE="7"), submission()).size == 7  # RFC 4954 5


def test_looking_does_not_use_them_up() -> None:
    event = mail(SIZE="7")
    assert mail_parameters(event, MX).size == mail_parameters(event, MX).size == 7


def test_unknown_ones_are_named() -> None:
    refuse_unknown({})
    with pytest.raises(Refused, match="NOTIFY, ORCPT"):
        refuse_unknown({"NOTIFY": "NEVER", "ORCPT": None})
