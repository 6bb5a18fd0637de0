"""Writes the words of a field in ASCII: encoded-words (RFC 2047) where they are needed, folded (RFC 5322 2.2.3)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

FOLDED_OCTETS: Final = 76  # of a line with an encoded-word (RFC 2047 section 2)
LINE_OCTETS: Final = 998  # of any line, without its line end (RFC 5322 2.1.1)
MAX_ENCODED_WORD_OCTETS: Final = 75  # RFC 2047 section 2
# Of those that are made here. With 60 one fits behind every name of a field that may have one, so that the first line
# never is a bare name.
ENCODED_WORD_OCTETS: Final = 60
SEPARATOR_OCTETS: Final = 8  # of white space, kept as it is; what is longer becomes one space

_PREFIX: Final = {"B": "=?utf-8?b?", "Q": "=?utf-8?q?"}
_ENCODED_OCTETS: Final = ENCODED_WORD_OCTETS - len("=?utf-8?b??=")
_BASE64_OCTETS: Final = _ENCODED_OCTETS // 4 * 3  # of text, before it is encoded
_ENCODED_WORD: Final = re.compile(r"=\?[!->@-~]+\?[bBqQ]\?[!->@-~]*\?=")
# RFC 2047 section 5 (3): what stands for itself in a phrase does so everywhere.
_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")


class Word(NamedTuple):
    """A word, and the white space before it. Without white space it is glued to what stands before."""

    text: str
    separator: str = " "
    must_encode: bool = False  # it would mean something else as it is


def encode(words: Sequence[Word]) -> list[Word]:
    """The same words in printable ASCII. Neighbours that need encoding are encoded together, with the space between."""
    done: list[Word] = []
    run: list[Word] = []
    for word in words:
        if word.must_encode or _needs_encoding(word.text):
            run.append(word)
            continue
        if run:
            # Between two encoded-words white space is not shown (RFC 2047 section 6.2): it goes inside.
            done += _encode_run(done, run, word.separator if _is_encoded(word.text) else "")
            word = word._replace(separator=word.separator or " ")
            run = []
        done.append(word)
    return done + _encode_run(done, run, "") if run else done


def fold(name: str, words: Iterable[Word], line_end: str) -> bytes:
    """The whole field, or nothing if it cannot be written: without words, or with a line that is too long.

    `words` are in ASCII; `line_end` is also what the field ends with, and LF inside if it is empty.
    """
    lines: list[str] = []
    line = f"{name}:"
    for place, (text, separator, _) in enumerate(words):
        separator = separator if len(separator) <= SEPARATOR_OCTETS else " "
        if place == 0:
            line += " " + text
        elif separator and len(line) + len(separator) + len(text) > FOLDED_OCTETS:
            lines.append(line)
            line = separator + text
        else:
            line += separator + text
    lines.append(line)
    if line == f"{name}:" or max(map(len, lines)) > LINE_OCTETS:
        return b""
    return ((line_end or "\n").join(lines) + line_end).encode("ascii")


def _needs_encoding(text: str) -> bool:
    if not (text.isascii() and text.isprintable()):
        return True
    return len(text) > ENCODED_WORD_OCTETS and not _is_encoded(text)  # a long word can be folded nowhere


def _is_encoded(text: str) -> bool:
    return len(text) <= MAX_ENCODED_WORD_OCTETS and _ENCODED_WORD.fullmatch(text) is not None


def _encode_run(done: Sequence[Word], run: Sequence[Word], after: str) -> list[Word]:
    first = run[0]
    text = first.text + "".join(word.separator + word.text for word in run[1:]) + after
    if done and _is_encoded(done[-1].text):
        text = first.separator + text
    pieces = [Word(piece) for piece in _pieces(text)]
    pieces[0] = Word(pieces[0].text, first.separator or " ")
    return pieces


def _pieces(text: str) -> Iterator[str]:
    """Encoded-words of whole characters (RFC 2047 section 5)."""
    octets = text.encode("utf-8", "replace")
    encoding = "Q" if _quoted_octets(octets) <= (len(octets) + 2) // 3 * 4 else "B"
    limit = _ENCODED_OCTETS if encoding == "Q" else _BASE64_OCTETS
    piece, size = b"", 0
    for character in text:
        octets = character.encode("utf-8", "replace")
        more = _quoted_octets(octets) if encoding == "Q" else len(octets)
        if size + more > limit:
            yield _encoded_word(piece, encoding)
            piece, size = b"", 0
        piece += octets
        size += more
    yield _encoded_word(piece, encoding)


def _quoted_octets(octets: bytes) -> int:
    return sum(1 if octet in _PLAIN or octet == 0x20 else 3 for octet in octets)


def _encoded_word(octets: bytes, encoding: str) -> str:
    if encoding == "B":
        text = binascii.b2a_base64(octets, newline=False).decode("ascii")
    else:
        text = "".join(chr(o) if o in _PLAIN else "_" if o == 0x20 else f"={o:02X}" for o in octets)
    return f"{_PREFIX[encoding]}{text}?="
