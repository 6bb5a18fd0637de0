"""SASLprep (RFC 4013): names and passwords in the form in which they are compared.

Knows nothing of who asks, nor of what an empty result is worth.
"""

from __future__ import annotations

import stringprep
import unicodedata
from collections.abc import Callable
from typing import Final

# RFC 4013 2.3: what must not be in the output
_PROHIBITED: Final[tuple[Callable[[str], bool], ...]] = (
    stringprep.in_table_c12,  # spaces beyond ASCII
    stringprep.in_table_c21_c22,  # controls
    stringprep.in_table_c3,  # private use
    stringprep.in_table_c4,  # no characters
    stringprep.in_table_c5,  # surrogates
    stringprep.in_table_c6,  # not for plain text
    stringprep.in_table_c7,  # not for canonical text
    stringprep.in_table_c8,  # would change how the text around it is shown
    stringprep.in_table_c9,  # tags
)


class UnpreparedError(ValueError):
    """The text has no prepared form; the message says why, and quotes nothing of it: it may be a password."""


def prepare(text: str) -> str:
    """The prepared form of a query string (RFC 4013, RFC 3454 section 7). Raises `UnpreparedError`.

    Code points that Unicode 3.2 does not assign are allowed and stay what they are. Nothing may be left of a text
    that is not empty.
    """
    if text.isascii() and text.isprintable():
        return text  # no step below would change or refuse any of it
    mapped = "".join(map(_map, text))
    # Unicode 3.2 on purpose, not what this Python has: RFC 3454 section 4 names it, the tables of `stringprep` are of
    # it, and what a key was once derived from must not change with the next Python.
    prepared = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)  # RFC 4013 2.2
    if any(is_prohibited(character) for character in prepared for is_prohibited in _PROHIBITED):
        raise UnpreparedError("a prohibited character")
    _check_direction(prepared)
    return prepared


def _map(character: str) -> str:
    # RFC 4013 2.1. U+200B stands in both tables; RFC 3454 section 3 takes the first rule that is named: a space.
    if stringprep.in_table_c12(character):
        return " "
    return "" if stringprep.in_table_b1(character) else character


def _check_direction(prepared: str) -> None:
    """RFC 4013 2.4, RFC 3454 section 6."""
    if not any(map(stringprep.in_table_d1, prepared)):
        return
    if any(map(stringprep.in_table_d2, prepared)):
        raise UnpreparedError("characters of both directions")
    if not (stringprep.in_table_d1(prepared[0]) and stringprep.in_table_d1(prepared[-1])):
        raise UnpreparedError("a text from right to left whose first or last character is not")
