"""SHA512-CRYPT (`$6$`) by Ulrich Drepper's "Unix crypt using SHA-256 and SHA-512"; `crypt` is gone from Python 3.13.

The numbers in the comments are the steps of that specification.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

DEFAULT_ROUNDS: Final = 5_000
MIN_ROUNDS: Final = 1_000  # fewer are raised to this, as the specification says
MAX_ROUNDS: Final = 1_000_000  # ours, about a second; the specification allows 999,999,999, which is hours
MAX_SALT_CHARACTERS: Final = 16

_FORM: Final = re.compile(
    r"\$6\$(?:rounds=(?P<rounds>[0-9]{1,9})\$)?(?P<salt>[!-#%-9;-~]{0,64})\$(?P<digest>[./0-9A-Za-z]{86})"
)
_ALPHABET: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def parse(text: str) -> tuple[int, str, str]:
    """(rounds, salt, digest) of `$6$[rounds=N$]salt$digest`. Raises ValueError."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError("expected $6$salt$digest or $6$rounds=N$salt$digest")
    rounds = max(MIN_ROUNDS, int(match["rounds"] or DEFAULT_ROUNDS))
    if rounds > MAX_ROUNDS:
        raise ValueError(f"more than {MAX_ROUNDS:,} rounds")
    return rounds, match["salt"][:MAX_SALT_CHARACTERS], match["digest"]


def digest(password: bytes, salt: str, rounds: int) -> str:
    """The 86 characters behind the salt. `rounds` and `salt` are taken as `parse` gives them."""
    salt_octets = salt.encode()
    running = _first(password, salt_octets)  # 1-12
    p = _repeat(hashlib.sha512(password * len(password)).digest(), len(password))  # 13-16
    s = _repeat(hashlib.sha512(salt_octets * (16 + running[0])).digest(), len(salt_octets))  # 17-20
    for number in range(rounds):  # 21
        work = p if number & 1 else running
        if number % 3:
            work += s
        if number % 7:
            work += p
        work += running if number & 1 else p
        running = hashlib.sha512(work).digest()
    return _encode(running)  # 22


def _first(password: bytes, salt: bytes) -> bytes:
    length = len(password)
    b = hashlib.sha512(password + salt + password).digest()  # 4-8
    a = password + salt + _repeat(b, length)  # 1-3, 9, 10
    while length:  # 11
        a += b if length & 1 else password
        length >>= 1
    return hashlib.sha512(a).digest()


def _repeat(block: bytes, length: int) -> bytes:
    return (block * (length // len(block) + 1))[:length]


def _encode(octets: bytes) -> str:
    # The octets are taken in threes, each triple beginning 21 further on and rotated (step 22, table for SHA-512).
    text = []
    a, b, c = 0, 21, 42
    for _ in range(21):
        text.append(_characters(octets[a] << 16 | octets[b] << 8 | octets[c], 4))
        a, b, c = b + 1, c + 1, a + 1
    return "".join(text) + _characters(octets[63], 2)


def _characters(value: int, count: int) -> str:
    return "".join(_ALPHABET[value >> 6 * position & 63] for position in range(count))
