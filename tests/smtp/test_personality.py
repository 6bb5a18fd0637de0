"""What a listener shows: nothing that is not done, and nothing too early."""

from __future__ import annotations

import pytest
from attrs import evolve

from mailgate.smtp.commands import LMTP, SMTP
from mailgate.smtp.personality import KEYWORDS, Personality
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


# What a listener can be told to do without.

EVERYTHING = Personality(hostname=HOSTNAME, starttls=True, auth_required=True, allow_plaintext=True)


@pytest.mark.parametrize("keyword", sorted(KEYWORDS - {"EHLO"}))
def test_what_is_hidden_is_not_listed(keyword: str) -> None:
    shown = EVERYTHING.keywords(tls=False, authenticated=False)
    left = evolve(EVERYTHING, hidden=frozenset({keyword})).keywords(tls=False, authenticated=False)
    assert [line for line in shown if line not in left] == [line for line in shown if line.split()[0] == keyword]
    assert len(left) == len(shown) - 1


@pytest.mark.parametrize(
    ("keyword", "command"), [("CHUNKING", "BDAT"), ("STARTTLS", "STARTTLS"), ("AUTH", "AUTH"), ("EHLO", "EHLO")]
)
def test_help_does_not_list_what_is_hidden(keyword: str, command: str) -> None:
    hiding = evolve(EVERYTHING, hidden=frozenset({keyword, "SIZE"}))
    assert hiding.hidden_commands == {command}
    listed = hiding.commands(tls=False, authenticated=False)
    assert {*EVERYTHING.commands(tls=False, authenticated=False)} - {*listed} == {command}


def test_a_keyword_that_is_none_cannot_be_hidden() -> None:
    with pytest.raises(ValueError, match=r"'UIDL' cannot be hidden; 8BITMIME, AUTH, CHUNKING, EHLO, .* can"):
        Personality(hostname=HOSTNAME, hidden=frozenset({"SIZE", "UIDL"}))


def test_lmtp_has_nothing_to_fall_back_to() -> None:
    with pytest.raises(ValueError, match="RFC 2033"):
        Personality(hostname=HOSTNAME, lmtp=True, hidden=frozenset({"EHLO"}))


def test_a_banner_is_the_greeting() -> None:
    assert Personality(hostname=HOSTNAME, banner="other.test SMTP").greeting == "other.test SMTP"
    for banner in ("a\r\n220 b", "\u00e9", "x" * 201):
        with pytest.raises(ValueError, match="a greeting is"):
            Personality(hostname=HOSTNAME, banner=banner)
