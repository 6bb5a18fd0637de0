"""One login as it is counted: whose, from where, and a digest of the password."""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from typing import Final

from attrs import frozen

from mailgate.clients import network_of, site_of

MAX_NAME_CHARACTERS: Final = 320  # the longest name there can be (RFC 5321 4.5.3.1); of a longer one its beginning
_KEY_OCTETS: Final = 32
_DIGEST_OCTETS: Final = 12

AccountOf = Callable[[str], str | None]
"""The account that a login name means, in the one form in which it is named; None: nobody has it."""


@frozen
class Guess:
    """A password that somebody tries. Without the password."""

    account: str  # as the accounts name it, else as it was typed, in one case of letters
    exists: bool
    network: str  # of the client
    origin: str  # who it belongs to: the network, or the whole site where one customer has many networks
    digest: str  # of the password, keyed: it tells equal ones of one account, and nothing else


class Guesses:
    """Makes guesses. The key lives in this process and nowhere else, so what is written down of a digest is of no use
    to anybody: a wrong password is often a right one with a slip, or another account's.
    """

    def __init__(self, account_of: AccountOf) -> None:
        self._account_of = account_of
        self._key = os.urandom(_KEY_OCTETS)

    def make(self, client: str, typed: str, password: bytes) -> Guess:
        """Of a client's address, the name that was typed, and the password."""
        account = self._account_of(typed)
        name = account if account is not None else one_form(typed)
        message = name.encode("utf-8", "surrogatepass") + b"\0" + password
        digest = hmac.digest(self._key, message, "sha256")[:_DIGEST_OCTETS].hex()
        return Guess(name, account is not None, network_of(client), origin_of(client), digest)


def one_form(typed: str) -> str:
    """A name that nobody has, on one line and in one case of letters."""
    return " ".join(typed[:MAX_NAME_CHARACTERS].casefold().split())


def origin_of(client: str) -> str:
    """Whose network that is: an IPv6 site has 65,536 of them, and would have as many tries."""
    return site_of(client) or network_of(client)
