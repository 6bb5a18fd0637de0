"""What a listener shows: nothing that is not done, and nothing too early."""

from __future__ import annotations

import pytest

from mailgate.smtp.personality import Personality
from tests.smtp.support import HOSTNAME

ALWAYS = {"PIPELINING", "SIZE 26214400", "8BITMIME", "ENHANCEDSTATUSCODES"}
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


def test_the_size_is_what_the_limit_is() -> None:
    assert "SIZE 1000" in Personality(hostname=HOSTNAME, max_message_octets=1000).keywords(
        tls=False, authenticated=False
    )
