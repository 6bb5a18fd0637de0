"""How an address may be spelled and still mean the same: with a tag behind the name (subaddress, RFC 5233 1), and, in
domains that want it so, with other dots.

Works on local parts as `names.account_name` gives them: unquoted, casefolded, in NFC.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from attrs import field, frozen

from mailgate.wire.address import fold_domain

DEFAULT_SEPARATORS: Final = "+"

# What atext allows beside letters and digits (RFC 5322 3.2.3), so that an address with a tag needs no quotes. The dot
# is none of it: names have dots.
ALLOWED_SEPARATORS: Final = "!#$%&'*+/=?^_`{|}~-"


def wrong_separators(separators: str) -> str:
    """What is wrong with a string of separators, in a sentence without its subject; empty if nothing is."""
    for character in separators:
        if character not in ALLOWED_SEPARATORS:
            return f"{character!r} cannot separate a tag: expected characters of {ALLOWED_SEPARATORS}"
    twice = next((character for character in separators if separators.count(character) > 1), "")
    return f"{twice!r} is there twice" if twice else ""


def _folded(domains: Iterable[str]) -> frozenset[str]:
    return frozenset(fold_domain(domain) for domain in domains)


@frozen
class Spelling:
    """The rules. Raises ValueError for separators that `wrong_separators` objects to."""

    separators: str = field(default=DEFAULT_SEPARATORS)  # each character is one; empty: there are no subaddresses
    ignore_dots: frozenset[str] = field(
        default=frozenset(), converter=_folded
    )  # the domains in which dots mean nothing

    @separators.validator
    def _check_separators(self, _: Any, separators: str) -> None:
        if wrong := wrong_separators(separators):
            raise ValueError(wrong)

    def split(self, local_part: str) -> tuple[str, str]:
        """The name, and the tag with the separator in front of it; the tag is empty if there is none.

        The tag begins at the first separator, the leftmost of any: so it may have separators of its own, as Postfix and
        Dovecot have it. What begins with a separator has no tag, as there would be no name.
        """
        places = [at for separator in self.separators if (at := local_part.find(separator)) >= 0]
        at = min(places, default=0) or len(local_part)
        return local_part[:at], local_part[at:]

    def plain(self, local_part: str, domain: str) -> str:
        """The local part without dots where `domain` ignores them, else as it is. `domain` is folded."""
        if domain not in self.ignore_dots:
            return local_part
        return local_part.replace(".", "") or local_part  # a name of dots alone, quoted, is not that of nobody


DEFAULT_SPELLING: Final = Spelling()
