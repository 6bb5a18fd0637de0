"""The token that HTTP requests have to bring, in a file that nobody else should read."""

from __future__ import annotations

from typing import Final

MIN_TOKEN_CHARACTERS: Final = 20
MAX_TOKEN_CHARACTERS: Final = 200


class BadToken(Exception):
    """There is no token there that would do; the message says why, and does not have it."""


def read_token(path: str) -> str:
    """The token in a file. Raises `BadToken`."""
    try:
        with open(path, encoding="ascii", errors="replace") as stream:
            token = stream.read(MAX_TOKEN_CHARACTERS + 2).strip()
    except OSError as error:
        raise BadToken(f"{path} cannot be read: {error.strerror or error}") from error
    fits = MIN_TOKEN_CHARACTERS <= len(token) <= MAX_TOKEN_CHARACTERS
    if not (fits and token.isascii() and token.isprintable() and " " not in token):
        raise BadToken(
            f"{path}: a token is {MIN_TOKEN_CHARACTERS} to {MAX_TOKEN_CHARACTERS} printable ASCII characters; "
            "make one with: openssl rand -hex 32"
        )
    return token
