"""One-time codes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mime import otp_in
from mailgate.mime.codes import NEAR_CHARACTERS, TEXT_CHARACTERS


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Your code is 123456: https://example.test/c/1", "123456"),
        ("G-123456 is your Google verification code.", "123456"),
        ("Your one-time PIN is 0042.", "0042"),
        ("Use OTP 12345678 to log in", "12345678"),
        ("code: 123 456", "123456"),
        ("code: 123-456", "123456"),
        ("code: 1234-5678", "12345678"),
        ("code:\n\n   654321\n\nIt expires in 1440 minutes.", "654321"),
        ("code: A1B2C3", "A1B2C3"),
        ("Passcode is\n 7K2-9QX", "7K2-9QX"),
        ('Token "X9Y8Z7".', "X9Y8Z7"),
        ("Ihr Sicherheitscode lautet: 482 913", "482913"),
        ("Votre code de vérification est 771 204", "771204"),
        ("Tu código es 553311", "553311"),
        ("Il tuo codice: 55190. Chiama 800 123 456", "55190"),
        ("Ваш код: 4821", "4821"),
        ("您的验证码：123456，5分钟内有效", "123456"),
        ("验证码123456", "123456"),
        ("認証コードは 908172 です", "908172"),
        ("인증번호 [665544]", "665544"),
        ("123456", "123456"),
        ("Hello,\n\n  445566  \n\nBye", "445566"),
        ("Your PIN: 2024", "2024"),
    ],
)
def test_it_is_found(text: str, code: str) -> None:
    assert otp_in(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Order 84721 shipped. Your code: 999111", "999111"),
        ("Invoice no. 778899, code 112233", "112233"),
        ("Call +1 555 123 4567, code 55512", "55512"),
        ("First 111111, your code is 222222, then 333333", "222222"),
        ("222222 is your code. 9 of 10 liked 10000000.", "222222"),
        ("Your code expires 2026-11-23 15:53:52. 482915", "482915"),
        ("Your code for 123456 2024-01-01", "123456"),
        ("© 2024 Example. Code 4711", "4711"),
    ],
)
def test_of_several_numbers_it_is_that_beside_the_word(text: str, code: str) -> None:
    assert otp_in(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no number",
        "code: see https://example.test/123456",
        "code for 123456@example.test",
        "Password changed on May 12, 2024",
        "© 2024 Example, code",
        "code: $1234 or 1234 EUR or 1,234.00 or €4321 or USD 5555",
        "Your order number is 12345678",
        "code 12345678901",
        "code 123",
        "code: A1",
        "code x123456 or 123456x or 123456_7",
        "Call 555 123 4567 for a code",
        "zip code 94105",
        "Use promo code SAVE2024",
        "Ihr Code ABC-DEF",
        "codes may have 1440 minutes",
        f"code {'x ' * NEAR_CHARACTERS} 123456",
        "shipped in box 84721 today",
        f"code {' ' * TEXT_CHARACTERS} 123456",
    ],
)
def test_there_is_none(text: str) -> None:
    assert otp_in(text) is None


@given(st.from_regex(r"[0-9]{6}", fullmatch=True))
def test_six_digits_behind_the_word_are_always_found(code: str) -> None:
    assert otp_in(f"Hello, 12 people asked.\nYour code is {code}.\nSee https://example.test/654321\n") == code


@pytest.mark.parametrize("piece", ["a", "1", "1 ", "code ", "code 123456 ", "a@", "A1-"])
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    otp_in(piece * (1_000_000 // len(piece)))
    assert time.process_time() - began < 5
