"""Tokens in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.service.token import MAX_TOKEN_CHARACTERS, MIN_TOKEN_CHARACTERS, BadToken, read_token


@pytest.mark.parametrize("token", ["x" * MIN_TOKEN_CHARACTERS, "y" * MAX_TOKEN_CHARACTERS, "a-b_c.d~e+f/g=" * 3])
def test_a_token(tmp_path: Path, token: str) -> None:
    file = tmp_path / "token"
    file.write_text(f"{token}\n")
    assert read_token(str(file)) == token


@pytest.mark.parametrize(
    "text",
    ["", "brief", "z" * (MAX_TOKEN_CHARACTERS + 1), "two words, and long enough", "ümlaut" * 8, "a\x07" * 20],
    ids=range(6),
)
def test_what_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    with pytest.raises(BadToken, match="openssl rand -hex 32") as failure:
        read_token(str(file))
    assert not text or text not in str(failure.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadToken, match=r"none cannot be read: No such file"):
        read_token(str(tmp_path / "none"))
