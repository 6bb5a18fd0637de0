"""The `app-passwords` file, and whether one of them is right."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.app_passwords import (
    MAX_APP_PASSWORDS,
    AppPassword,
    hash_app_password,
    is_app_name,
    matching,
    parse_app_passwords,
)
from mailgate.accounts.secrets import APP_GROUPS, make_secret

SECRET = "7k2m-x9qd-4f8z-0000-1111-2222-3333"
STORED = hash_app_password(SECRET)


def parsed(text: str) -> dict[str, list[AppPassword]]:
    users, faults = parse_app_passwords(text, "example.test", "app-passwords")
    assert faults == ()
    return {user: list(own) for user, own in users.items()}


def faults(text: str) -> list[str]:
    return [str(fault) for fault in parse_app_passwords(text, "example.test", "app-passwords")[1]]


def test_lines_by_user() -> None:
    text = (
        f'# programs\n\nAlice:phone:{STORED}\r\nbob:phone:{STORED}\n  # x\nalice:lap_top-2:{STORED}\n"a b":x:{STORED}'
    )
    users = parsed(text)
    assert {user: [each.name for each in own] for user, own in users.items()} == {
        "alice@example.test": ["phone", "lap_top-2"],
        "bob@example.test": ["phone"],
        "a b@example.test": ["x"],
    }
    assert users["alice@example.test"][1].where == "app-passwords:6"


def test_right_and_wrong() -> None:
    own = parsed(f"alice:phone:{STORED}\nalice:pad:{hash_app_password(make_secret(APP_GROUPS))}\n")[
        "alice@example.test"
    ]
    for typed in (SECRET, SECRET.upper(), SECRET.replace("-", "")):
        found = matching(own, typed.encode())
        assert found is not None and found.name == "phone"
    for typed in ("", "sesame", SECRET[:-1], make_secret(APP_GROUPS)):
        assert matching(own, typed.encode()) is None
    assert matching([], SECRET.encode()) is None


def test_a_hash_is_salted_and_hides_the_secret() -> None:
    assert hash_app_password(SECRET) != STORED
    assert SECRET not in STORED and SECRET.replace("-", "") not in STORED
    (own,) = parsed(f"alice:phone:{STORED}\n").values()
    assert own[0].digest.hex() not in repr(own) and own[0].salt.hex() not in repr(own)


def test_only_what_is_made_here_is_hashed_so_quickly() -> None:
    with pytest.raises(ValueError, match="no application password") as caught:
        hash_app_password("tr0ub4dor")
    assert "tr0ub4dor" not in str(caught.value)


@pytest.mark.parametrize("number", [0, 1, MAX_APP_PASSWORDS])
def test_the_number_of_a_user_s_does_not_show_in_the_time(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = [AppPassword(str(each), bytes(16), bytes(32)) for each in range(number)]
    real, calls = hashlib.blake2b, list[Any]()

    def counted(*arguments: Any, **named: Any) -> Any:
        calls.append(arguments)
        return real(*arguments, **named)

    monkeypatch.setattr(hashlib, "blake2b", counted)
    assert matching(stored, SECRET.encode()) is None
    assert len(calls) == MAX_APP_PASSWORDS


OTHER = "{ARGON2ID}$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("alice", "expected user:name:{MAILGATE-APP}"),
        ("alice:phone", "expected user:name:{MAILGATE-APP}"),
        (f"alice:my phone:{STORED}", "letters, digits, - and _"),
        (f"alice::{STORED}", "letters, digits, - and _"),
        (f"alice:phone:{OTHER}", "another scheme, or cut short (they are made by 'mailgate user app-password add')"),
        ("alice:phone:{PLAIN}sesame", "another scheme"),
        (f"alice:phone:{STORED[:-1]}", "cut short"),
        (f"alice:phone:{STORED}:x", "cut short"),
        (f"a..b:phone:{STORED}", "no user's name"),
        (f"bob:phone:{STORED}", "phone of the same user is already on line 1"),
    ],
)
def test_faults(line: str, words: str) -> None:
    (fault,) = faults(f"bob:phone:{STORED}\n{line}\n")
    assert fault.startswith("app-passwords:2: ")
    assert words in fault
    assert "sesame" not in fault and STORED[20:40] not in fault and "c29t" not in fault


def test_a_user_has_so_many_at_most() -> None:
    lines = "".join(f"alice:p{number}:{STORED}\n" for number in range(MAX_APP_PASSWORDS))
    assert faults(lines + f"bob:x:{STORED}\n") == []
    assert faults(lines + f"alice:x:{STORED}\n") == [
        "app-passwords:21: more than 20 application passwords of one user (remove one first)"
    ]


def test_names() -> None:
    assert is_app_name("Phone_2-b") and is_app_name("x" * 64)
    assert not any(map(is_app_name, ("", "x" * 65, "a b", "a:b", "ü", "a\n")))


@given(st.text(max_size=200))
def test_any_text_is_read_or_has_a_fault(text: str) -> None:
    for candidate in (text, f"alice:{text}:{STORED}", f"{text}:phone:{STORED}", f"alice:phone:{text}"):
        parse_app_passwords(candidate, "example.test", "app-passwords")
