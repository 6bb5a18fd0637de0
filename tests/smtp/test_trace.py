"""Received: the form of RFC 5321 4.4, whatever a client says."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import Envelope, Recipient
from mailgate.smtp.trace import address_literal, completing, ending, received
from mailgate.wire.header import HeaderScanner
from tests.smtp.support import HOSTNAME, NOW
from tests.support import MESSAGE_ID, a_message, recipient

# Time-stamp-line of RFC 5321 4.4, as mailgate writes it.
DOMAIN = r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-z:.]+\])"
FORM = re.compile(
    rf"from (?P<helo>{DOMAIN}) \((?P<client>\[[0-9A-Za-f:IPv.]+\]|local)\)\n"
    rf"\tby (?P<by>{DOMAIN}) \(mailgate\) with (?P<protocol>(?:E?SMTP|UTF8SMTP|(?:UTF8)?LMTP)S?A?)"
    r"(?: \((?P<tls>[\w.-]+ [\w.-]+)\))?"
    r" id (?P<id>[0-9a-z]+)(?:\n\tfor <(?P<path>[^\n]+)>)?;\n\t(?P<date>.+)"
)


def envelope(*recipients: Recipient, **session: object) -> Envelope:
    made = a_message(*recipients).envelope
    return evolve(made, session=evolve(made.session, **session))  # type: ignore[arg-type]


def parts(made: Envelope) -> dict[str, str | None]:
    field = received(made, HOSTNAME, NOW)
    assert field.name == "Received"
    match = FORM.fullmatch(field.value)
    assert match is not None, field.value
    return match.groupdict()


def test_the_field_in_full() -> None:
    value = received(envelope(recipient("alice@example.test"), tls="TLSv1.3 X", user="u"), HOSTNAME, NOW).value
    assert value == (
        "from client.example.org ([192.0.2.1])\n"
        f"\tby {HOSTNAME} (mailgate) with ESMTPSA (TLSv1.3 X) id {MESSAGE_ID}\n"
        "\tfor <alice@example.test>;\n"
        "\tTue, 14 Nov 2023 22:13:20 +0000"
    )


def test_the_date_is_one() -> None:
    date = parts(envelope())["date"]
    assert date is not None
    assert parsedate_to_datetime(date).timestamp() == NOW


@pytest.mark.parametrize(
    ("session", "smtputf8", "protocol"),
    [
        ({"extended": False}, False, "SMTP"),
        ({}, False, "ESMTP"),
        ({"tls": "TLSv1.3 X"}, False, "ESMTPS"),
        ({"user": "alice"}, False, "ESMTPA"),
        ({"tls": "TLSv1.3 X", "user": "alice"}, False, "ESMTPSA"),
        ({"lmtp": True}, False, "LMTP"),
        ({"lmtp": True, "tls": "TLSv1.3 X"}, False, "LMTPS"),
        ({}, True, "UTF8SMTP"),  # RFC 6531 4.3
        ({"tls": "TLSv1.3 X", "user": "alice"}, True, "UTF8SMTPSA"),
        ({"lmtp": True}, True, "UTF8LMTP"),
    ],
)
def test_the_protocol(session: dict[str, object], smtputf8: bool, protocol: str) -> None:
    # RFC 3848
    assert parts(evolve(envelope(**session), smtputf8=smtputf8))["protocol"] == protocol


@pytest.mark.parametrize(
    ("header", "completed"),
    [
        (b"Subject: x\n\n", ["Message-ID", "Date"]),
        (b"Date: x\n\n", ["Message-ID"]),
        (b"MESSAGE-ID: x\n\n", ["Date"]),
        (b"Date: x\nMessage-ID: y\n\n", []),
        (b"\nDate: x\nMessage-ID: y\n", ["Message-ID", "Date"]),
    ],
)
def test_what_a_users_client_left_out(header: bytes, completed: list[str]) -> None:
    scanner = HeaderScanner()
    scanner.feed(header)
    fields = completing(scanner, MESSAGE_ID, HOSTNAME, NOW)
    assert [field.name for field in fields] == completed
    written = {field.name: field.value for field in fields}
    assert written.get("Message-ID", f"<{MESSAGE_ID}@{HOSTNAME}>") == f"<{MESSAGE_ID}@{HOSTNAME}>"
    assert written.get("Date", "Tue, 14 Nov 2023 22:13:20 +0000") == "Tue, 14 Nov 2023 22:13:20 +0000"


def test_only_a_single_recipient_is_named() -> None:
    one, other = recipient("a@example.test"), recipient("b@example.test")
    assert parts(envelope(one))["path"] == "a@example.test"
    assert parts(envelope(one, other))["path"] is None  # the others may be blind copies
    assert parts(envelope())["path"] is None


@pytest.mark.parametrize(
    ("helo", "shown"),
    [
        ("Client.Example.ORG", "client.example.org"),
        ("localhost", "localhost"),
        ("[192.0.2.7]", "[192.0.2.7]"),
        ("[IPv6:2001:DB8::1]", "[ipv6:2001:db8::1]"),
        ("", "unknown"),
        ("under_score", "unknown"),
        ("a)\n\tby evil.example", "unknown"),
        ("[nonsense]", "unknown"),
        ("пример.example", "unknown"),
        ("x" * 64, "unknown"),
    ],
)
def test_what_the_client_calls_itself(helo: str, shown: str) -> None:
    assert parts(envelope(helo=helo))["helo"] == shown


@given(st.text(max_size=12), st.text(max_size=12))
def test_no_greeting_breaks_the_form(helo: str, client: str) -> None:
    made = parts(envelope(recipient("a@example.test"), helo=helo, client=client))
    assert (made["by"], made["path"]) == (HOSTNAME, "a@example.test")


@pytest.mark.parametrize(
    ("client", "literal"),
    [
        ("192.0.2.1", "[192.0.2.1]"),
        ("2001:DB8::1", "[IPv6:2001:db8::1]"),
        ("::ffff:192.0.2.1", "[192.0.2.1]"),  # as a dual-stack listener shows IPv4
        ("fe80::1%eth0", "[IPv6:fe80::1]"),
    ],
)
def test_address_literals(client: str, literal: str) -> None:
    assert address_literal(client) == literal
    assert parts(envelope(client=client))["client"] == literal


@pytest.mark.parametrize("client", ["local", "", "mx.example.test", "/run/socket"])
def test_a_client_without_an_address(client: str) -> None:
    with pytest.raises(ValueError, match="IPv4 or IPv6"):
        address_literal(client)
    assert parts(envelope(client=client))["client"] == "local"


@pytest.mark.parametrize(
    ("content", "fields"), [(b" folded\n", 1), (b"\tfolded\n", 1), (b"Subject: x\n", 0), (b"\n x", 0)]
)
def test_content_goes_on_with_no_field_that_says_anything(content: bytes, fields: int) -> None:
    scanner = HeaderScanner()
    scanner.feed(b"")
    scanner.feed(content)
    assert [field.name for field in ending(scanner)] == ["X-Mailgate-Note"] * fields
