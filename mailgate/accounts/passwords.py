"""Passwords as `users` stores them, in Dovecot's form `{SCHEME}hash`, and whether one is right.

Verifying blocks for as long as the hash wants (20 ms at our own parameters): callers do it off the reactor.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Final

import argon2
import bcrypt
from argon2 import low_level
from attrs import field, frozen

from mailgate.accounts import sha512_crypt
from mailgate.accounts.preparing import prepared_forms
from mailgate.faults import probably

# What our own hashes cost: 20 ms on one core (OWASP's second choice for Argon2id).
ARGON2_MEMORY_KIB: Final = 19 * 1024
ARGON2_PASSES: Final = 2
ARGON2_LANES: Final = 1
ARGON2_SALT_OCTETS: Final = 16
ARGON2_HASH_OCTETS: Final = 32

# What hashes that were brought along may cost at most, so that one line of `users` cannot stop the logins of all.
MAX_ARGON2_MEMORY_KIB: Final = 1 << 20
MAX_ARGON2_PASSES: Final = 32
MAX_BCRYPT_COST: Final = 15
MAX_PASSWORD_OCTETS: Final = 1_024

_BCRYPT_OCTETS: Final = 72  # bcrypt looks at no more; Dovecot and crypt(3) cut silently, so hashes depend on it

_TAGGED: Final = re.compile(r"\{([A-Za-z0-9._-]{1,32})\}(.*)", re.DOTALL)
_ARGON2ID: Final = re.compile(
    r"\$argon2id\$v=19\$m=(?P<memory>[0-9]{1,9}),t=(?P<passes>[0-9]{1,9}),p=(?P<lanes>[0-9]{1,3})"
    r"\$(?P<salt>[A-Za-z0-9+/]{11,128})\$(?P<hash>[A-Za-z0-9+/]{16,256})"
)
_BCRYPT: Final = re.compile(r"\$2[aby]\$(?P<cost>[0-3][0-9])\$[./A-Za-z0-9]{53}")


@frozen
class Cost:
    """What it takes to make a hash of our own, and so what a wrong password must take."""

    memory_kib: int = ARGON2_MEMORY_KIB
    passes: int = ARGON2_PASSES


DEFAULT_COST: Final = Cost()
EXTERNAL: Final = "EXTERNAL"  # the scheme of accounts whose password others know (`chain`)


class SchemeError(ValueError):
    """A stored password is not understood. Message and hint never hold any part of a hash or password."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


@frozen
class StoredPassword:
    """A password as it is stored; make one with `parse`, which sees to it that `verify` can work."""

    scheme: str
    value: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> StoredPassword:
        """Read `{SCHEME}value`. Raises `SchemeError`."""
        match = _TAGGED.fullmatch(text)
        if match is None:
            raise SchemeError("the password has no scheme", "write {ARGON2ID}$argon2id$…, or {PLAIN}… in tests")
        scheme, value = match[1].upper(), match[2]
        if scheme == "CRYPT":
            scheme = _crypt_scheme(value)
        if scheme not in _CHECKS:
            known = ", ".join(f"{{{name}}}" for name in _CHECKS)
            hint = probably(scheme, _CHECKS) or f"known: {known}"
            raise SchemeError(f"unknown password scheme {{{scheme}}}", hint)
        _CHECKS[scheme](value)
        return cls(scheme, value)

    def verify(self, password: bytes, cost: Cost = DEFAULT_COST) -> bool:
        """Is it this one? Blocks. Raises argon2's VerificationError where memory is short.

        `cost` is that of new hashes, which a wrong password costs in schemes that are quick.
        """
        if len(password) > MAX_PASSWORD_OCTETS or b"\0" in password:
            verify_nobody(b"", cost)  # it cannot be right, and must not be told apart by the time it takes
            return False
        right = _VERIFIERS[self.scheme](self.value, password)
        if not right and self.scheme in _QUICK:
            verify_nobody(password, cost)  # else the time would tell that there is somebody
        return right


def password_forms(password: bytes) -> tuple[bytes, ...]:
    """In which forms a password is to be verified, one after the other, until one is right (`prepared_forms`). Empty:
    it must be refused, as it is not UTF-8, too long, or has a prohibited character.
    """
    try:
        text = password.decode() if len(password) <= MAX_PASSWORD_OCTETS else None
    except UnicodeDecodeError:
        text = None
    return tuple(form.encode() for form in prepared_forms(text)) if text is not None else ()


def hash_password(password: str, memory_kib: int = ARGON2_MEMORY_KIB, passes: int = ARGON2_PASSES) -> str:
    """`{ARGON2ID}…` of a password in its prepared form, freshly salted. Blocks. Raises ValueError for one with which
    nobody could log in.

    It takes `passes` over `memory_kib` of memory, at most `MAX_ARGON2_PASSES` and `MAX_ARGON2_MEMORY_KIB`.
    """
    forms = prepared_forms(password)
    if not forms:
        raise ValueError("a password has no control characters, nor others that SASLprep prohibits (RFC 4013 2.3)")
    octets = forms[0].encode()
    if not octets or max(len(octets), len(password.encode())) > MAX_PASSWORD_OCTETS:
        raise ValueError(f"a password has 1 to {MAX_PASSWORD_OCTETS} octets")
    hasher = argon2.PasswordHasher(
        time_cost=passes,
        memory_cost=memory_kib,
        parallelism=ARGON2_LANES,
        hash_len=ARGON2_HASH_OCTETS,
        salt_len=ARGON2_SALT_OCTETS,
        type=argon2.Type.ID,
    )
    return "{ARGON2ID}" + hasher.hash(octets)


def verify_nobody(password: bytes, cost: Cost = DEFAULT_COST) -> None:
    """Take as long as a wrong password takes whose hash is our own: for users that do not exist. Blocks."""
    low_level.hash_secret_raw(
        password[:MAX_PASSWORD_OCTETS],
        bytes(ARGON2_SALT_OCTETS),
        cost.passes,
        cost.memory_kib,
        ARGON2_LANES,
        ARGON2_HASH_OCTETS,
        low_level.Type.ID,
    )


def _crypt_scheme(value: str) -> str:
    for prefix, scheme in (("$6$", "SHA512-CRYPT"), ("$2", "BLF-CRYPT")):
        if value.startswith(prefix):
            return scheme
    raise SchemeError(
        "a {CRYPT} password of a kind that is not supported", "supported: $6$ and $2y$; set a new password"
    )


# What a stored value must be for its verifier to work on it.


def _check_plain(value: str) -> None:
    if not value:
        raise SchemeError("the password is empty", "mailgate_disabled=yes keeps an account from logging in")


def _check_external(value: str) -> None:
    if value:
        raise SchemeError("{EXTERNAL} has something behind it", "it says that accounts.checkers know the password")


def _check_argon2id(value: str) -> None:
    match = _ARGON2ID.fullmatch(value)
    if match is None or not (_is_base64(match["salt"]) and _is_base64(match["hash"])):
        raise SchemeError("not a hash as {ARGON2ID} wants it", "expected $argon2id$v=19$m=…,t=…,p=…$salt$hash")
    memory, passes, lanes = (int(match[name]) for name in ("memory", "passes", "lanes"))
    if not 1 <= lanes <= 255 or not 1 <= passes <= MAX_ARGON2_PASSES or not 8 * lanes <= memory:
        raise SchemeError("an {ARGON2ID} hash with parameters out of range", f"t is 1 to {MAX_ARGON2_PASSES}")
    if memory > MAX_ARGON2_MEMORY_KIB:
        raise SchemeError(
            "an {ARGON2ID} hash that wants too much memory", f"m is at most {MAX_ARGON2_MEMORY_KIB} (KiB)"
        )


def _is_base64(text: str) -> bool:
    # Argon2's decoder is strict: no padding, and no bits left over.
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return False
    return base64.b64encode(octets).rstrip(b"=").decode() == text


def _check_sha512_crypt(value: str) -> None:
    try:
        sha512_crypt.parse(value)
    except ValueError as error:
        raise SchemeError("not a hash as {SHA512-CRYPT} wants it", str(error)) from None


def _check_bcrypt(value: str) -> None:
    match = _BCRYPT.fullmatch(value)
    if match is None:
        raise SchemeError("not a hash as {BLF-CRYPT} wants it", "expected $2y$NN$ and 53 characters")
    if not 4 <= int(match["cost"]) <= MAX_BCRYPT_COST:
        raise SchemeError("a {BLF-CRYPT} hash with its cost out of range", f"4 to {MAX_BCRYPT_COST}")


# Is `password` the one behind `value`?


def _verify_plain(value: str, password: bytes) -> bool:
    return hmac.compare_digest(value.encode(), password)


def _verify_external(value: str, password: bytes) -> bool:
    return False


def _verify_argon2id(value: str, password: bytes) -> bool:
    try:
        return low_level.verify_secret(value.encode(), password, low_level.Type.ID)
    except argon2.exceptions.VerifyMismatchError:
        return False


def _verify_sha512_crypt(value: str, password: bytes) -> bool:
    rounds, salt, digest = sha512_crypt.parse(value)
    return hmac.compare_digest(sha512_crypt.digest(password, salt, rounds), digest)


def _verify_bcrypt(value: str, password: bytes) -> bool:
    return bcrypt.checkpw(password[:_BCRYPT_OCTETS], value.encode())


_CHECKS: Final[Mapping[str, Callable[[str], None]]] = {
    "ARGON2ID": _check_argon2id,
    "SHA512-CRYPT": _check_sha512_crypt,
    "BLF-CRYPT": _check_bcrypt,
    "PLAIN": _check_plain,
    EXTERNAL: _check_external,
}
_QUICK: Final = frozenset({"SHA512-CRYPT", "PLAIN", EXTERNAL})  # compared with our own hashes
_VERIFIERS: Final[Mapping[str, Callable[[str, bytes], bool]]] = {
    "ARGON2ID": _verify_argon2id,
    "SHA512-CRYPT": _verify_sha512_crypt,
    "BLF-CRYPT": _verify_bcrypt,
    "PLAIN": _verify_plain,
    EXTERNAL: _verify_external,
}
