"""The first files of a domain: `users` with one account, `aliases` with the names that every domain has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from mailgate.accounts.aliases import parse_aliases
from mailgate.accounts.users import parse_users
from mailgate.cli.init.layout import BadWish
from mailgate.cli.init.wishes import Wishes

ALWAYS: Final = ("postmaster", "abuse")  # RFC 5321 4.5.1, RFC 2142 sections 4 and 5
PLACEHOLDER: Final = "{ARGON2ID}…"
_HASH: Final = re.compile(r"\{ARGON2ID\}\$argon2id\$[A-Za-z0-9+/$=,]+")
_SAMPLE: Final = "{PLAIN}sample"


def users_text(wishes: Wishes, hashed: str = PLACEHOLDER) -> str:
    """`hashed` is the password as `accounts.passwords.hash_password` gives it."""
    return f"# Who has mail at {wishes.domain}, one a line: name:{{SCHEME}}hash\n{wishes.local_part}:{hashed}\n"


def aliases_text(wishes: Wishes) -> str:
    """They lead to the first account, unless it has the name itself."""
    lines = [f"{name}: {wishes.local_part}\n" for name in ALWAYS if name != wishes.local_part]
    return "# Names that lead to others: name: target, target\n" + "".join(lines)


def is_users_text(octets: bytes, wishes: Wishes) -> bool:
    """Is it what `users_text` would give, whatever the password?"""
    return _HASH.sub(lambda _: PLACEHOLDER, octets.decode("utf-8", "replace"), count=1) == users_text(wishes)


def check_account(wishes: Wishes) -> None:
    """Would the files be understood? Raises `BadWish`."""
    texts: Mapping[str, str] = {"users": users_text(wishes, _SAMPLE), "aliases": aliases_text(wishes)}
    for (name, text), parse in zip(texts.items(), (parse_users, parse_aliases), strict=True):
        _, faults = parse(text, wishes.domain, name)
        if faults:
            hint = faults[0].hint or "choose another name"
            raise BadWish(f"{wishes.address} cannot be an account: {faults[0].what} ({hint})")
