"""What a listener shows: nothing that is not done, and nothing too early."""

from __future__ import annotations

import pytest

from mailgate.smtp.commands import LMTP, SMTP
from mailgate.smtp.personality import Personality
from tests.smtp.support import HOSTNAME

ALWAYS = {
    "PIPELINING",
    "SIZE 26214400",
    "8BITMIME",
    "SMTPUTF8",
    "ENHANCEDSTATUSCODES",
    "CHUNKING",
    "LIMITS MAILMAX=1000 RCPTMAX=1000",
}
STARTTLS, AUTH = {"STARTTLS"}, {"AUTH PLAIN LOGIN"}


@pytest.mark.parametrize(
    ("settings", "tls", "authenticated", "more"),
    [
        ({}, False, False, set()),
        ({}, True, False, set()),
        ({"starttls": True}, False, False, STARTTLS),
        ({"starttls": True}, True, False, set()),  # RFC 3207 4.2: not inside TLS
        ({"auth_required": True, "starttls": True}, False, False, STARTTLS),
        ({"auth_required": True, "starttls": True}, True, False, AUTH),
        ({"auth_required": True, "starttls": True}, True, True, set()),
        ({"auth_required": True, "starttls": True, "allow_plaintext": True}, False, False, STARTTLS | AUTH),
        ({"allow_plaintext": True}, False, False, set()),
    ],
)
def test_keywords(settings: dict[str, bool], tls: bool, authenticated: bool, more: set[str]) -> None:
    personality = Personality(hostname=HOSTNAME, **settings)  # type: ignore[arg-type]
    keywords = personality.keywords(tls=tls, authenticated=authenticated)
    assert set(keywords) == ALWAYS | more
    assert len(set(keywords)) == len(keywords)


@pytest.mark.parametrize(
    ("settings", "tls", "taken"),
    [
        ({}, True, False),
        ({"auth_required": True}, False, False),
        ({"auth_required": True}, True, True),
        ({"auth_required": True, "allow_plaintext": True}, False, True),
    ],
)
def test_passwords(settings: dict[str, bool], tls: bool, taken: bool) -> None:
    assert Personality(hostname=HOSTNAME, **settings).takes_passwords(tls=tls) is taken  # type: ignore[arg-type]


def test_the_limits_are_those_that_hold() -> None:
    keywords = Personality(hostname=HOSTNAME, max_transactions=7, max_recipients=9).keywords(
        tls=False, authenticated=False
    )
    assert "LIMITS MAILMAX=7 RCPTMAX=9" in keywords  # RFC 9422 3


@pytest.mark.parametrize(("lmtp", "protocol"), [(False, "ESMTP"), (True, "LMTP")])
def test_the_greeting_says_what_is_spoken(lmtp: bool, protocol: str) -> None:
    assert Personality(hostname=HOSTNAME, lmtp=lmtp).greeting == f"{HOSTNAME} {protocol} mailgate"


@pytest.mark.parametrize("lmtp", [False, True])
@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("authenticated", [False, True])
def test_help_lists_what_the_machine_knows(lmtp: bool, tls: bool, authenticated: bool) -> None:
    personality = Personality(hostname=HOSTNAME, lmtp=lmtp, starttls=True, auth_required=True)
    listed = personality.commands(tls=tls, authenticated=authenticated)
    hidden = {"STARTTLS"} if tls else {"AUTH"}
    if authenticated:
        hidden |= {"AUTH"}
    assert {*listed} == (LMTP if lmtp else SMTP).keys() - hidden
    assert len(listed) == len(set(listed))


def test_the_size_is_what_the_limit_is() -> None:
    assert "SIZE 1000" in Personality(hostname=HOSTNAME, max_message_octets=1000).keywords(
        tls=False, authenticated=False
    )
