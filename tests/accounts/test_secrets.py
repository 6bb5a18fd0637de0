"""Passwords that are made here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.passwords import hash_password
from mailgate.accounts.secrets import ALPHABET, APP_GROUPS, PERSON_GROUPS, app_secret, make_secret


@pytest.mark.parametrize("groups", [APP_GROUPS, PERSON_GROUPS])
def test_a_secret_is_groups_of_what_can_be_told_apart(groups: int) -> None:
    secret = make_secret(groups)
    assert [len(group) for group in secret.split("-")] == [4] * groups
    assert set(secret) <= {*ALPHABET, "-"}
    assert len({make_secret(groups) for _ in range(50)}) == 50
    assert not set("ilou") & set(ALPHABET)


def test_what_is_made_for_people_can_be_a_password() -> None:
    assert hash_password(make_secret(PERSON_GROUPS), 64, 1).startswith("{ARGON2ID}")


def test_case_blanks_and_dashes_do_not_matter() -> None:
    typed = [
        b"0123-4567-89ab-cdef-ghjk-mnpq-1r0s",
        b"0123456789ABCDEFGHJKMNPQ1R0S",
        b"O123 4567 89ab cdef ghjk mnpq IRos",
    ]
    assert {app_secret(each) for each in typed} == {b"0123456789abcdefghjkmnpq1r0s"}


@pytest.mark.parametrize(
    "typed",
    [b"", b"sesame", b"0" * 27, b"0" * 29, b"u" * 28, b"0" * 27 + b"\xff", b"0" * 28 + b" " * 200, b"0" * 27 + b"\n"],
)
def test_what_can_be_none(typed: bytes) -> None:
    assert app_secret(typed) is None


@given(st.binary(max_size=200))
def test_what_may_be_one_is_read_the_same_once_more(typed: bytes) -> None:
    secret = app_secret(typed)
    assert secret is None or app_secret(secret) == secret


def test_what_is_made_is_read() -> None:
    secret = make_secret(APP_GROUPS)
    assert app_secret(secret.encode()) == secret.replace("-", "").encode()
