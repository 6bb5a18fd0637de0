"""CAPA is true in each state."""

from __future__ import annotations

import pytest
from attrs import evolve

from mailgate.mail import Session
from mailgate.pop3.capabilities import capabilities
from mailgate.pop3.personality import Personality

ALWAYS = {"TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "LANG", "IMPLEMENTATION mailgate"}
LOGIN = {"USER", "SASL PLAIN LOGIN"}  # RFC 5034 section 3
CLEAR = Session(id="s", listener="pop3", client="192.0.2.1")
SECURE = evolve(CLEAR, tls="TLSv1.3")


def shown(personality: Personality, session: Session) -> set[str]:
    lines = capabilities(personality, session)
    assert len(set(lines)) == len(lines)
    assert set(lines) >= ALWAYS
    return set(lines) - ALWAYS


@pytest.mark.parametrize(
    ("tls_available", "allow_plaintext", "session", "more"),
    [
        (False, False, CLEAR, set()),
        (False, True, CLEAR, LOGIN),
        (True, False, CLEAR, {"STLS"}),
        (True, True, CLEAR, {"STLS", *LOGIN}),
        (True, False, SECURE, LOGIN),  # RFC 2595 section 4: not inside TLS
        (False, False, SECURE, LOGIN),
        (True, True, evolve(CLEAR, user="alice"), LOGIN),  # STLS: only before the login
        (True, False, evolve(SECURE, user="alice"), LOGIN),  # RFC 2449 section 6.2: in both states
    ],
)
def test_tells_what_may_be_done_now(
    tls_available: bool, allow_plaintext: bool, session: Session, more: set[str]
) -> None:
    personality = Personality(hostname="x", tls_available=tls_available, allow_plaintext=allow_plaintext)
    assert shown(personality, session) == more
