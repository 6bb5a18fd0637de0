"""Stored passwords: every scheme, what is refused, and what never shows."""

from __future__ import annotations

import contextlib

import argon2
import bcrypt
import pytest
from argon2 import low_level
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts import passwords
from mailgate.accounts.passwords import (
    EXTERNAL,
    MAX_PASSWORD_OCTETS,
    Cost,
    SchemeError,
    StoredPassword,
    hash_password,
    password_forms,
    verify_nobody,
)

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
SHA512 = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"


def stored(password: bytes, scheme: str) -> str:
    if scheme == "PLAIN":
        return "{PLAIN}" + password.decode()
    if scheme == "ARGON2ID":
        return "{ARGON2ID}" + CHEAP.hash(password)
    return "{" + scheme + "}" + bcrypt.hashpw(password[:72], bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$")


@pytest.mark.parametrize("scheme", ["PLAIN", "ARGON2ID", "BLF-CRYPT", "CRYPT"])
def test_right_and_wrong(scheme: str) -> None:
    password = StoredPassword.parse(stored("grüße: 1=$,x".replace(":", "").encode(), scheme))
    assert password.verify("grüße 1=$,x".encode())
    for wrong in (b"", b"x", "grüße 1=$,".encode(), "grüße 1=$,x ".encode()):
        assert not password.verify(wrong)


@pytest.mark.parametrize("scheme", ["SHA512-CRYPT", "sha512-crypt", "CRYPT"])
def test_sha512_crypt(scheme: str) -> None:
    password = StoredPassword.parse(f"{{{scheme}}}{SHA512}")
    assert password.scheme == "SHA512-CRYPT"
    assert password.verify(b"Hello world!")
    assert not password.verify(b"Hello world")


def test_our_own_hash() -> None:
    text = hash_password("sesame öffne dich")
    password = StoredPassword.parse(text)
    assert password.verify("sesame öffne dich".encode())
    assert hash_password("sesame öffne dich") != text
    found = argon2.extract_parameters(password.value)
    assert (found.type, found.memory_cost, found.time_cost) == (low_level.Type.ID, 19_456, 2)


@pytest.mark.parametrize("password", ["", "x" * 1_025, "ü" * 513, "\ufdfa" * 34])
def test_passwords_of_no_length_are_not_hashed(password: str) -> None:
    with pytest.raises(ValueError, match="1 to 1024 octets"):
        hash_password(password)


@pytest.mark.parametrize("password", ["a\0b", "a\tb", "\x7f", "\u00ad", "\ue000", "\udcff", "a\ufffd"])
def test_passwords_that_saslprep_prohibits_are_not_hashed(password: str) -> None:
    with pytest.raises(ValueError, match=r"no control characters, nor others that SASLprep prohibits \(RFC 4013"):
        hash_password(password)


@pytest.mark.parametrize("password", ["gru\u0308ße", "grüße", "שלום1"])
def test_what_is_hashed_is_right_when_it_is_typed(password: str) -> None:
    stored = StoredPassword.parse(hash_password(password))
    assert stored.verify(password_forms(password.encode())[0])


@pytest.mark.parametrize(
    ("password", "forms"),
    [
        (b"", [b""]),
        (b"sesame", [b"sesame"]),
        ("grüße".encode(), ["grüße".encode()]),
        ("gru\u0308ße".encode(), ["grüße".encode(), "gru\u0308ße".encode()]),
        (b"a\tb", []),
        (b"gr\xfc\xdfe", []),
        (b"\xed\xa0\x80", []),
        (b"x" * MAX_PASSWORD_OCTETS, [b"x" * MAX_PASSWORD_OCTETS]),
        (b"x" * (MAX_PASSWORD_OCTETS + 1), []),
    ],
)
def test_the_forms_in_which_a_password_is_tried(password: bytes, forms: list[bytes]) -> None:
    assert list(password_forms(password)) == forms


def test_nobody_costs_what_our_own_hash_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[object, ...]] = []
    monkeypatch.setattr(low_level, "hash_secret_raw", lambda *arguments: seen.append(arguments))
    verify_nobody(b"guess")
    own = argon2.extract_parameters(hash_password("x").removeprefix("{ARGON2ID}"))
    ((password, salt, *cost),) = seen
    assert password == b"guess"
    assert len(salt) == own.salt_len  # type: ignore[arg-type]
    assert cost == [own.time_cost, own.memory_cost, own.parallelism, own.hash_len, own.type]


def test_nobody_takes_any_password() -> None:
    for password in (b"", b"\0", b"x" * 100_000):
        verify_nobody(password)


def test_bcrypt_looks_at_72_octets_as_dovecot_does() -> None:
    password = StoredPassword.parse(stored(b"x" * 80, "BLF-CRYPT"))
    assert password.verify(b"x" * 72)
    assert password.verify(b"x" * 72 + b"anything")
    assert not password.verify(b"x" * 71)


@pytest.mark.parametrize(("guess", "nobodies"), [(b"right", 0), (b"wrong", 1)])
def test_a_wrong_password_takes_its_time_in_a_quick_scheme(
    guess: bytes, nobodies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[bytes] = []
    monkeypatch.setattr(passwords, "verify_nobody", lambda password, cost: calls.append(password))
    assert StoredPassword.parse("{PLAIN}right").verify(guess) is not bool(nobodies)
    assert calls == [guess] * nobodies


@pytest.mark.parametrize("guess", [b"x" * (passwords.MAX_PASSWORD_OCTETS + 1), b"right\0"])
def test_impossible_passwords_are_wrong_and_take_their_time(guess: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bytes] = []
    monkeypatch.setattr(passwords, "verify_nobody", lambda password, cost: calls.append(password))
    assert not StoredPassword.parse("{PLAIN}right").verify(guess)
    assert calls == [b""]


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("secret", "no scheme", "{ARGON2ID}"),
        ("", "no scheme", "{ARGON2ID}"),
        ("{ARGON2DI}secret", "unknown password scheme {ARGON2DI}", "did you mean 'ARGON2ID'?"),
        ("{MD5}secret", "unknown password scheme {MD5}", "known: {ARGON2ID}, {SHA512-CRYPT}, {BLF-CRYPT}, {PLAIN}"),
        ("{PLAIN}", "empty", "mailgate_disabled=yes"),
        ("{CRYPT}$1$secret", "not supported", "$6$"),
        ("{ARGON2ID}secret", "not a hash", "$argon2id$"),
        ("{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAA", "not a hash", "$argon2id$"),
        ("{ARGON2ID}$argon2id$v=19$m=64,t=99,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "out of range", "1 to 32"),
        ("{ARGON2ID}$argon2id$v=19$m=7,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "out of range", ""),
        ("{ARGON2ID}$argon2id$v=19$m=9999999,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "too much memory", "1048576"),
        ("{SHA512-CRYPT}$6$rounds=9999999$s$" + "." * 86, "not a hash", "rounds"),
        ("{BLF-CRYPT}$2y$31$" + "." * 53, "out of range", "4 to 15"),
        ("{BLF-CRYPT}$2y$05$short", "not a hash", "53"),
    ],
)
def test_faults(text: str, what: str, hint: str) -> None:
    with pytest.raises(SchemeError) as caught:
        StoredPassword.parse(text)
    assert what in str(caught.value)
    assert hint in caught.value.hint
    assert "secret" not in str(caught.value) + caught.value.hint


def test_a_password_never_shows() -> None:
    assert "sesame" not in repr(StoredPassword.parse("{PLAIN}sesame"))


@given(st.text(max_size=200))
def test_any_text_parses_or_is_a_scheme_error(text: str) -> None:
    for candidate in (text, "{PLAIN}" + text, "{ARGON2ID}" + text, "{BLF-CRYPT}" + text, "{CRYPT}$6$" + text):
        with contextlib.suppress(SchemeError):
            StoredPassword.parse(candidate)


@given(st.binary(max_size=100))
def test_any_octets_can_be_tried(guess: bytes) -> None:
    for text in ("{PLAIN}sesame", "{SHA512-CRYPT}$6$rounds=1000$salt$" + "." * 86):
        assert StoredPassword.parse(text).verify(guess) == (guess == b"sesame" and text == "{PLAIN}sesame")


def test_a_hash_costs_what_was_asked_for() -> None:
    text = hash_password("sesame", memory_kib=64, passes=3)
    found = argon2.extract_parameters(text.removeprefix("{ARGON2ID}"))
    assert (found.memory_cost, found.time_cost) == (64, 3)
    assert StoredPassword.parse(text).verify(b"sesame")


def test_nobody_costs_what_new_hashes_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[object, ...]] = []
    monkeypatch.setattr(low_level, "hash_secret_raw", lambda *arguments: seen.append(arguments[2:4]))
    verify_nobody(b"guess", Cost(64, 3))
    StoredPassword.parse("{PLAIN}right").verify(b"wrong", Cost(64, 3))
    StoredPassword.parse("{PLAIN}right").verify(b"\0", Cost(64, 3))
    StoredPassword.parse("{EXTERNAL}").verify(b"wrong", Cost(64, 3))
    assert seen == [(3, 64)] * 4


def test_an_external_password_is_never_right_here() -> None:
    stored = StoredPassword.parse("{external}")
    assert stored.scheme == EXTERNAL
    assert not any(stored.verify(guess) for guess in (b"", b"x"))
    with pytest.raises(SchemeError, match="has something behind it"):
        StoredPassword.parse("{EXTERNAL}sesame")
