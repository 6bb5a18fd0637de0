"""Where the smarthost is, as it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.sending.place import Smarthost, parse_smarthost

HOST = "relay.example.org"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("smtp+starttls://user@relay.example.org:587", Smarthost(HOST, 587, "starttls", "user")),
        ("smtp+starttls://relay.example.org", Smarthost(HOST, 587, "starttls")),
        ("smtps://user@relay.example.org", Smarthost(HOST, 465, "tls", "user")),
        ("smtp://relay.example.org", Smarthost(HOST, 25, "clear")),
        ("SMTP://Relay.Example.ORG:2525/", Smarthost(HOST, 2525, "clear")),
        ("smtps://alice%40example.test@relay.example.org", Smarthost(HOST, 465, "tls", "alice@example.test")),
        ("smtps://alice@example.test@relay.example.org", Smarthost(HOST, 465, "tls", "alice@example.test")),
        ("smtps://%C3%A9l%3Ao%2525@relay.example.org", Smarthost(HOST, 465, "tls", "él:o%25")),
        ("smtps://user@192.0.2.7:1", Smarthost("192.0.2.7", 1, "tls", "user")),
        ("smtps://[2001:DB8::7]:65535", Smarthost("2001:db8::7", 65_535, "tls")),
        ("smtp://[::1]", Smarthost("::1", 25, "clear")),
    ],
)
def test_places(text: str, place: Smarthost) -> None:
    assert parse_smarthost(text) == place


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a place such as"),
        ("relay.example.org", "expected a place such as"),
        ("relay.example.org:587", "expected a place such as"),
        ("http://relay.example.org", "expected a place such as.*smtps:// is for TLS"),
        ("smtp+tls://relay.example.org", "expected a place such as"),
        ("smtps://relay.example.org:0", "between 1 and 65535"),
        ("smtps://relay.example.org:65536", "between 1 and 65535"),
        ("smtps://relay.example.org:smtp", "expected a place such as"),
        ("smtps://relay.example.org/path", "expected a place such as"),
        ("smtps://relay.example.org?tls=no", "expected a place such as"),
        ("smtps://", "the host is"),
        ("smtps://a..b", "the host is"),
        ("smtps://[192.0.2.7]", "only an IPv6 address"),
        ("smtps://[fe80::1%25eth0]", "only an IPv6 address"),
        ("smtps://2001:db8::7", "expected a place such as"),
        ("smtps://@relay.example.org", "before the @ stands the user"),
        ("smtps://a%00b@relay.example.org", "before the @ stands the user"),
        ("smtps://50%@relay.example.org", "%-escape"),
        ("smtps://%ff@relay.example.org", "%-escape"),
        ("smtp://user@relay.example.org", "never travels in clear"),
        ("smtps://user:@relay.example.org", "no password here.*smarthost_password"),
    ],
)
def test_what_is_no_place(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_smarthost(text)


@pytest.mark.parametrize("scheme", ["smtps", "smtp", "smtp+starttls", "http"])
def test_a_password_is_never_repeated(scheme: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_smarthost(f"{scheme}://user:hush@relay.example.org")
    assert "hush" not in str(error.value)


def test_how_it_is_named_in_the_log() -> None:
    assert str(parse_smarthost("smtps://user@relay.example.org")) == "relay.example.org:465"
    assert str(parse_smarthost("smtps://[::1]")) == "[::1]:465"


@given(st.text())
def test_any_text_is_a_place_or_a_fault(text: str) -> None:
    for written in (text, f"smtps://{text}", f"smtps://{text}@relay.example.org"):
        try:
            assert parse_smarthost(written).host
        except ValueError as error:
            assert str(error)
