"""One name an account, whatever way it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.names import (
    MAX_LOGIN_OCTETS,
    MAX_PART_OCTETS,
    account_name,
    is_storable,
    likely_names,
    login_forms,
    login_name,
)
from mailgate.failures import StoreError
from mailgate.store.maildir.names import SEGMENT_OCTETS, to_segments
from mailgate.wire.address import fold_domain


@pytest.mark.parametrize(
    ("local_part", "domain", "name"),
    [
        ("Alice", "Example.TEST", "alice@example.test"),
        ("GRÜSSE", "example.test", "grüsse@example.test"),
        ("Grüße", "example.test", "grüsse@example.test"),
        ("gru\u0308sse", "example.test", "grüsse@example.test"),
        ("John Smith", "example.test", "john smith@example.test"),
        ("a@b", "example.test", "a@b@example.test"),
    ],
)
def test_folding(local_part: str, domain: str, name: str) -> None:
    assert account_name(local_part, domain) == name


@given(st.text(max_size=20), st.text(max_size=20).filter(lambda text: "@" not in text))
def test_folding_twice_is_folding_once(local_part: str, domain: str) -> None:
    once = account_name(local_part, domain)
    local_part, _, domain = once.rpartition("@")
    assert account_name(local_part, domain) == once
    assert fold_domain(domain) == domain


@pytest.mark.parametrize(
    ("login", "name"),
    [
        (b"alice", "alice@example.test"),
        (b"ALICE@Example.Test", "alice@example.test"),
        (b"alice@other.test", "alice@other.test"),
        ("Zoë".encode(), "zoë@example.test"),
        (b"john smith@example.test", "john smith@example.test"),
        (b'"john smith"@example.test', "john smith@example.test"),
        (b"a@b@example.test", "a@b@example.test"),
    ],
)
def test_logins(login: bytes, name: str) -> None:
    assert login_name(login, "example.test") == name


@pytest.mark.parametrize(
    "login",
    [b"", b"@", b"@example.test", b"alice@", b"\xff", b"a\0b", b"a\r\nb", b"x" * 65, b"x" * 5_000, b"a@b..c", b'""'],
)
def test_what_cannot_be_an_account(login: bytes) -> None:
    assert login_name(login, "example.test") is None


def test_a_short_login_needs_a_domain_that_goes_without_saying() -> None:
    assert login_name(b"alice", None) is None
    assert login_name(b"alice@example.test", None) == "alice@example.test"


@given(st.binary(max_size=80))
def test_any_login_is_an_account_name_or_none(login: bytes) -> None:
    name = login_name(login, "example.test")
    if name is not None:
        assert account_name(*name.rpartition("@")[::2]) == name


def test_the_store_and_we_agree_on_the_length() -> None:
    assert MAX_PART_OCTETS == SEGMENT_OCTETS


PART = st.one_of(st.text(st.characters(codec="utf-8"), max_size=80), st.text("a.%üßŉ", min_size=55, max_size=210))


@given(PART, PART)
def test_what_is_storable_is_what_the_store_stores(local_part: str, domain: str) -> None:
    name = account_name(local_part, domain)
    try:
        to_segments(name)
    except StoreError:
        assert not is_storable(name)
    else:
        assert is_storable(name)


def test_whom_a_line_is_perhaps_about() -> None:
    text = """
        # comment: none
        Alice:plain
        bob{PLAIN}x
        carol@example.test:{PLAIN}x
        "J. D." : x
        dave
        @
        a..b:x
    """
    names = {name.removesuffix("@example.test") for name in likely_names(text, "example.test")}
    assert names == {"alice", "bob", "carol", "j. d.", "dave"}


@pytest.mark.parametrize(
    ("login", "forms"),
    [
        ("alice", ["alice"]),
        ("Alice+x@Example.Test", ["Alice+x@Example.Test"]),
        ("a@b@example.test", ["a@b@example.test"]),
        ("", [""]),
        ("zoë@example.test", ["zoë@example.test"]),
        ("zoe\u0308@example.test", ["zoe\u0308@example.test", "zoë@example.test"]),
        ("\uff41lice", ["\uff41lice", "alice"]),
        ("al\u00adice@\uff45xample.test", ["al\u00adice@\uff45xample.test", "alice@example.test"]),
        ("דוד@example.test", ["דוד@example.test"]),
        ("דוד1@example.test", ["דוד1@example.test"]),
        ("alice\t", []),
        ("alice@exam\x07ple.test", []),
        ("ali\ue000ce@example.test", []),
        ("\u00ad@example.test", []),
    ],
)
def test_the_forms_of_a_login(login: str, forms: list[str]) -> None:
    assert [form.decode() for form in login_forms(login.encode())] == forms


@pytest.mark.parametrize("login", [b"\xff", b"ali\xedce", b"x" * (MAX_LOGIN_OCTETS + 1)])
def test_logins_that_nobody_has(login: bytes) -> None:
    assert login_forms(login) == ()
