"""The parameters of MAIL: understood or refused."""

from __future__ import annotations

import pytest

from mailgate.mail import Refused
from mailgate.smtp import events
from mailgate.smtp.parameters import MailParameters, is_ascii, mail_parameters, refuse_unknown
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
        ({"SMTPUTF8": "yes"}, 501, "5.5.4"),  # RFC 6531 3.4
        ({"RET": "HDRS", "SIZE": "1"}, 555, "5.5.4"),
        ({"AUTH": "<>"}, 555, "5.5.4"),  # where AUTH is not offered
    ],
)
def test_refused(parameters: dict[str, str | None], code: int, status: str) -> None:
    with pytest.raises(Refused) as refusal:
        mail_parameters(mail(**parameters), MX)
    assert (refusal.value.reply.code, refusal.value.reply.status) == (code, status)


@pytest.mark.parametrize("auth", ["<>", "alice", "alice@example.test", "e+3Dmc2@example.test", "+2B"])
def test_auth_is_understood_on_submission(auth: str) -> None:
    assert mail_parameters(mail(AUTH=auth, SIZE="7"), submission()).size == 7  # RFC 4954 5


@pytest.mark.parametrize("auth", [None, "a+b", "a+3d", "a=b", "a+", "grüße", "a b"])
def test_auth_that_is_no_xtext(auth: str | None) -> None:
    with pytest.raises(Refused) as refusal:
        mail_parameters(mail(AUTH=auth), submission())
    assert (refusal.value.reply.code, refusal.value.reply.status) == (501, "5.5.4")


# SMTPUTF8 (RFC 6531).


@pytest.mark.parametrize("sender", ["grüße@example.org", "a@exämple.org"])
def test_an_address_beyond_ascii_needs_smtputf8(sender: str) -> None:
    with pytest.raises(Refused) as refusal:
        mail_parameters(events.Mail(path(sender), {}), MX)
    assert (refusal.value.reply.code, refusal.value.reply.status) == (550, "5.6.7")  # 3.5
    assert mail_parameters(events.Mail(path(sender), {"SMTPUTF8": None}), MX) == MailParameters(None, True)
    assert not is_ascii(path(sender))


def test_smtputf8_may_be_said_of_any_address() -> None:
    assert mail_parameters(mail(SMTPUTF8=None, SIZE="3"), MX) == MailParameters(3, True)
    assert mail_parameters(mail(), MX) == MailParameters(None, False)
    assert is_ascii(path("sender@example.org"))


def test_looking_does_not_use_them_up() -> None:
    event = mail(SIZE="7")
    assert mail_parameters(event, MX).size == mail_parameters(event, MX).size == 7


def test_unknown_ones_are_named() -> None:
    refuse_unknown({})
    with pytest.raises(Refused, match="NOTIFY, ORCPT"):
        refuse_unknown({"NOTIFY": "NEVER", "ORCPT": None})


@pytest.mark.parametrize(
    ("keyword", "parameters"),
    [
        ("SIZE", {"SIZE": "5"}),
        ("8BITMIME", {"BODY": "8BITMIME"}),
        ("8BITMIME", {"BODY": "7BIT"}),
        ("SMTPUTF8", {"SMTPUTF8": None}),
        ("AUTH", {"AUTH": "<>"}),
    ],
)
def test_the_parameters_of_what_is_hidden_are_not_known(keyword: str, parameters: dict[str, str | None]) -> None:
    hiding = submission(hidden=frozenset({keyword}))
    with pytest.raises(Refused, match=f"not known: {next(iter(parameters))}") as refusal:
        mail_parameters(mail(**parameters), hiding)
    assert (refusal.value.reply.code, refusal.value.reply.status) == (555, "5.5.4")
    others = submission(hidden=frozenset({"LIMITS", "CHUNKING"}))
    mail_parameters(mail(**parameters), others)


def test_without_smtputf8_an_address_is_in_ascii() -> None:
    with pytest.raises(Refused) as refusal:
        mail_parameters(
            events.Mail(path("gr\u00fc\u00dfe@example.org"), {}), submission(hidden=frozenset({"SMTPUTF8"}))
        )
    assert refusal.value.reply.code == 550
