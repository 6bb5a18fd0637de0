"""The `app-passwords` file of a domain: what programs log in with in a user's place, one a line, each with a name.

    user:name:{MAILGATE-APP}salt$digest

They are made here, of 140 random bits, so no guessing will ever find one, and a quick salted hash keeps it as well as
a slow one would: to look through all of a user costs next to nothing. What people choose is no such secret; so no
other scheme is understood here. Blank lines and lines that begin with `#` are comments.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Mapping, Sequence
from typing import Final

from attrs import field, frozen

from mailgate.accounts.names import account_name
from mailgate.accounts.secrets import app_secret
from mailgate.faults import Fault
from mailgate.wire import address

MAX_APP_PASSWORDS: Final = 20  # of one user
MAX_NAME_CHARACTERS: Final = 64

_SCHEME: Final = "{MAILGATE-APP}"
_SALT_OCTETS: Final = 16
_DIGEST_OCTETS: Final = 32
_PERSON: Final = b"mailgate-app"  # sets these digests apart from all others (RFC 7693 2.1 calls it personalization)
_VALUE: Final = re.compile(
    rf"{re.escape(_SCHEME)}(?P<salt>[0-9a-f]{{{2 * _SALT_OCTETS}}})\$(?P<digest>[0-9a-f]{{{2 * _DIGEST_OCTETS}}})"
)
_NAME: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_NAME_CHARACTERS}}}")
_MADE_HERE: Final = "they are made by 'mailgate user app-password add'"


@frozen
class AppPassword:
    """One of a user's, as it is stored."""

    name: str
    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    where: str = field(default="", eq=False)  # file and line


ByUser = Mapping[str, Sequence[AppPassword]]


class _Wrong(Exception):
    """A line is not understood: what, and a hint. Neither holds any part of a secret."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def is_app_name(text: str) -> bool:
    """Can an application password be called that: letters, digits, - and _?"""
    return _NAME.fullmatch(text) is not None


def hash_app_password(secret: str) -> str:
    """`{MAILGATE-APP}…` of a secret that `secrets.make_secret` made, freshly salted. Raises ValueError for others."""
    canonical = app_secret(secret.encode())
    if canonical is None:
        raise ValueError(f"no application password: {_MADE_HERE}")
    salt = os.urandom(_SALT_OCTETS)
    return f"{_SCHEME}{salt.hex()}${_digest(canonical, salt).hex()}"


def matching(stored: Sequence[AppPassword], password: bytes) -> AppPassword | None:
    """The one that it is. Takes 20 microseconds, however many there are and whether there are any."""
    secret = app_secret(password)
    if secret is None:
        return None  # what was typed tells it as well as the time does
    found = None
    for each in stored:
        if hmac.compare_digest(_digest(secret, each.salt), each.digest):
            found = each
    for _ in range(MAX_APP_PASSWORDS - len(stored)):
        _digest(secret, bytes(_SALT_OCTETS))
    return found


def parse_app_passwords(text: str, domain: str, where: str) -> tuple[ByUser, tuple[Fault, ...]]:
    """The application passwords by their users' names (`names.account_name`), in the file's order, and what is wrong
    with it. Lines with faults are left out. Whether there are such users is not asked.

    `where` names the file in the faults. Raises nothing.
    """
    users: dict[str, list[AppPassword]] = {}
    faults: list[Fault] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        here = f"{where}:{number}"
        try:
            user, parsed = _parse_line(line.rstrip("\r"), domain, here)
            _add(parsed, users.setdefault(user, []))
        except _Wrong as wrong:
            faults.append(Fault(here, wrong.what, wrong.hint))
    return users, tuple(faults)


def _parse_line(line: str, domain: str, where: str) -> tuple[str, AppPassword]:
    user, *rest = line.split(":", 2)
    if len(rest) != 2:
        raise _Wrong("expected user:name:{MAILGATE-APP}…", _MADE_HERE)
    name, value = rest
    if not is_app_name(name):
        raise _Wrong("not the name of an application password", "letters, digits, - and _")
    match = _VALUE.fullmatch(value)
    if match is None:
        raise _Wrong("not an application password: another scheme, or cut short", _MADE_HERE)
    try:
        owner = account_name(*address.parse_mailbox(f"{user}@{domain}"))
    except address.AddressError:
        raise _Wrong("what stands in front of the first colon is no user's name") from None
    return owner, AppPassword(name, bytes.fromhex(match["salt"]), bytes.fromhex(match["digest"]), where)


def _add(parsed: AppPassword, others: list[AppPassword]) -> None:
    for other in others:
        if other.name == parsed.name:
            raise _Wrong(f"{parsed.name} of the same user is already on line {other.where.rpartition(':')[2]}")
    if len(others) == MAX_APP_PASSWORDS:
        raise _Wrong(f"more than {MAX_APP_PASSWORDS} application passwords of one user", "remove one first")
    others.append(parsed)


def _digest(secret: bytes, salt: bytes) -> bytes:
    return hashlib.blake2b(secret, key=salt, person=_PERSON, digest_size=_DIGEST_OCTETS).digest()
