"""Passwords that are made here, out of chance alone, in a form that people can read to each other and type.

Groups of small letters and digits without i, l, o and u; each character is worth five bits.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

# The one of Crockford's base 32: no two characters look alike.
ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
GROUP_CHARACTERS: Final = 4
APP_GROUPS: Final = 7  # 140 bits: a quick hash of it cannot be guessed at
PERSON_GROUPS: Final = 5  # 100 bits: more than any slow hash will let somebody try

_APP_SECRET: Final = re.compile(rf"[{ALPHABET}]{{{APP_GROUPS * GROUP_CHARACTERS}}}")
_MAX_TYPED: Final = 128
_MEANT: Final = str.maketrans("ilo", "110")  # what was read for what is there


def make_secret(groups: int) -> str:
    """A fresh one, such as `7k2m-x9qd-…`."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP_CHARACTERS)) for _ in range(groups))


def app_secret(typed: bytes) -> bytes | None:
    """What an application password that somebody typed is hashed as: case, blanks and dashes do not matter. None: it
    can be none.
    """
    if len(typed) > _MAX_TYPED or not typed.isascii():
        return None
    text = re.sub(r"[ -]", "", typed.decode("ascii")).lower().translate(_MEANT)
    return text.encode("ascii") if _APP_SECRET.fullmatch(text) is not None else None
