"""What becomes of the addresses in a field, for a reader of ASCII (RFC 6858 2.1).

Takes lists of addresses as RFC 5322 3.4 writes them, old forms and broken ones too: nothing is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mailgate.wire.surrogate.words import ENCODED_WORD_OCTETS, Word, encode

INVALID_ADDRESS: Final = "<invalid@internationalized-address.invalid>"  # RFC 6858 2.1

_QUOTED: Final = r'"(?:[^"\\]|\\.)*+"?'
# RFC 5322 3.2 and 4.4. What is opened and never closed goes on to the end, so that each octet is looked at once.
_TOKEN: Final = re.compile(
    rf"""(?P<space>[ \t\r\n]++)
    | (?P<quoted>{_QUOTED})
    | (?P<angle><(?:[^<>"]|{_QUOTED})*+>?)
    | (?P<comment>\()
    | (?P<special>[,:;])
    | \[(?:[^\]\\]|\\.)*+\]?
    | [^ \t\r\n"<(\[,:;]++""",
    re.VERBOSE | re.DOTALL,
)
_IN_COMMENT: Final = re.compile(r"\\.|[()]", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_LINE_END: Final = re.compile(r"\r?\n")


def present_addresses(text: str) -> list[Word]:
    """The addresses of a field's body in ASCII, groups kept as groups. Comments beyond ASCII are dropped."""
    entries: list[list[Word]] = []
    before: list[list[Word]] = []  # the group that is open
    group: list[Word] | None = None
    words: list[Word] = []
    for word in (*_tokens(text), Word(";")):  # one more, to end what is still open
        if word.text == ":" and group is None:
            group, words = _present_phrase(words), []
            before, entries = entries, []
        elif word.text in (",", ";"):  # some write a semicolon where no group is open; they mean a comma
            entries.append(_present_mailbox(words))
            words = []
            if group is not None and word.text == ";":
                before.append(_end(group, ":") + _end(_join(entries), ";"))
                entries, group = before, None
        else:
            words.append(word)
    return _join(entries)


def present_return_path(text: str) -> list[Word]:
    """A Return-Path, which has no place for a display name (RFC 5322 3.6.7)."""
    words = list(_tokens(text))
    return words if _is_ascii(words) else [Word(INVALID_ADDRESS)]


def unquoted(text: str) -> str:
    """What a quoted-string says (RFC 5322 3.2.4); anything else as it is."""
    if not text.startswith('"'):
        return text
    inside = text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:]
    return _ESCAPED.sub(r"\1", inside)


def comment_end(text: str, at: int) -> int:
    """Where the comment ends that begins at `at` (RFC 5322 3.2.2): at the text's end if nothing closes it."""
    depth = 0
    for match in _IN_COMMENT.finditer(text, at):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return len(text)


def _tokens(text: str) -> Iterator[Word]:
    at = 0
    separator = ""
    while (match := _TOKEN.match(text, at)) is not None:
        at = comment_end(text, at) if match["comment"] else match.end()
        token = _LINE_END.sub("", text[match.start() : at])
        if match["space"] or (match["comment"] and not token.isascii()):
            separator = " "
        else:
            yield Word(token, separator)
            separator = ""


def _present_mailbox(words: list[Word]) -> list[Word]:
    if not words or _is_ascii(words):
        return _apart(words)
    words = [word for word in words if not word.text.startswith("(")]  # comments would make it harder to read
    address = words[-1].text
    has_angle = address.startswith("<") and not any(word.text.startswith("<") for word in words[:-1])
    if has_angle and address.isascii():
        return [*_present_phrase(words[:-1]), Word(address)]
    # The reader sees who it was, and an answer goes to nobody.
    if has_angle and len(words) > 1:
        return [*encode([*_phrase(words[:-1]), Word(address)]), Word(INVALID_ADDRESS)]
    whole = address[1:].rstrip(">") if has_angle else "".join(word.separator + word.text for word in words).strip()
    return [*encode([Word(whole)]), Word(INVALID_ADDRESS)]


def _present_phrase(words: list[Word]) -> list[Word]:
    return _apart(words) if _is_ascii(words) else encode(_phrase(words))


def _phrase(words: list[Word]) -> list[Word]:
    return [_phrase_word(word.text, word.separator or " ") for word in words]


def _phrase_word(text: str, separator: str) -> Word:
    if not text.startswith('"') or (text.isascii() and text.isprintable() and len(text) <= ENCODED_WORD_OCTETS):
        return Word(text, separator)
    return Word(unquoted(text), separator, must_encode=True)  # without its quotes, a comma in it would be a comma


def _is_ascii(words: list[Word]) -> bool:
    return all(word.text.isascii() for word in words)


def _apart(words: list[Word]) -> list[Word]:
    """With a space before the first, as one must stand after the comma that was before."""
    return [words[0]._replace(separator=" "), *words[1:]] if words else []


def _join(entries: list[list[Word]]) -> list[Word]:
    some = [words for words in entries if words]
    return [word for words in some[:-1] for word in _end(words, ",")] + (some[-1] if some else [])


def _end(words: list[Word], special: str) -> list[Word]:
    if not words or words[-1].text.startswith("=?"):
        return [*words, Word(special)]  # RFC 2047 section 5 (3): white space around an encoded-word
    return [*words[:-1], words[-1]._replace(text=words[-1].text + special)]
