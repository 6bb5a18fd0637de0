"""In which forms a name or a password that somebody sent is tried, by SASLprep (RFC 4013), as RFC 6856 2.2 wants it."""

from __future__ import annotations

from mailgate.wire.saslprep import UnpreparedError, prepare


def prepared_forms(text: str) -> tuple[str, ...]:
    """The prepared form, then the text as it came, if that is another: names and hashes from elsewhere were made
    without SASLprep. Empty: it must be refused.

    A text of mixed directions, such as Hebrew with a digit at its end, has no prepared form (RFC 4013 2.4). It is tried
    as it came: what RFC 6856 2.2 has refused is single characters.
    """
    try:
        prepared = prepare(text)
    except UnpreparedError:
        return () if _is_prohibited(text) else (text,)
    if text and not prepared:
        return ()  # nothing but what SASLprep leaves out
    return (prepared,) if prepared == text else (prepared, text)


def _is_prohibited(text: str) -> bool:
    """Has it a character that must not be (RFC 4013 2.3)? One by one they have no directions to mix."""
    try:
        for character in text:
            prepare(character)
    except UnpreparedError:
        return True
    return False
