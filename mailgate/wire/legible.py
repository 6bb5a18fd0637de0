"""Lines of a dialogue for people to read: nothing in them that a terminal would obey, and nothing secret."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final

from mailgate.wire.lines import Overlong, is_clean

MAX_CHARACTERS: Final = 1_000  # of one line; the rest is cut
BLANK: Final = "***"
TOO_LONG: Final = "[a line that is too long]"
UNCLEAN: Final = "[a line with NUL, CR or LF inside]"
NO_COMMAND: Final = "[not a command]"

# sasl-mech (RFC 4422 3.1). In one case, as people write it: what somebody puts in its place may be base64.
_MECHANISM: Final = re.compile(r"[A-Z0-9_-]{1,20}|[a-z0-9_-]{1,20}")
_WORD: Final = re.compile(r"[A-Z]{1,16}|[a-z]{1,16}")
_NAME: Final = re.compile(r" *[^ \\]*")
_PASSWORD: Final = re.compile(r"\s*(PASS|APOP)", re.IGNORECASE)  # also where no space follows, or something in front


def legible(octets: bytes) -> str:
    """A line, without its end, as text: what is not UTF-8, and what does not show, as an escape sequence."""
    text = octets[: 4 * MAX_CHARACTERS + 1].decode("utf-8", "backslashreplace")
    if not text.isprintable():
        text = "".join([char if char.isprintable() else _escaped(char) for char in text])
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def command_line(line: bytes | Overlong, verbs: Container[str], *, may_answer: bool) -> str:
    """A client's command line as text, without what is secret. `verbs`: the commands that there are, in upper case.

    `may_answer`: AUTH was the last command, so that a line that is none may be an answer that came too late or too
    early. Of what is not understood only the first word is repeated: nobody knows what the rest is.
    """
    if isinstance(line, Overlong):
        return TOO_LONG
    if not is_clean(line):
        return UNCLEAN
    if not line:
        return ""
    text = legible(line)
    if (password := _PASSWORD.match(text)) is not None:
        return f"{password[1]} {BLANK}"
    word, _, argument = text.partition(" ")
    if word.upper() == "AUTH":
        return _without_response(word, argument)
    if word.upper() == "USER" and word.upper() in verbs:
        return _without_rest(word, argument)
    if word.upper() in verbs:
        return text
    if may_answer:
        return BLANK
    if _WORD.fullmatch(word) is None:
        return NO_COMMAND
    return f"{word} {BLANK}" if argument else word


def response(line: bytes | None) -> str:
    """The client's answer to a challenge of AUTH; None: it was too long. That it cancels is no secret (RFC 4954 4)."""
    return "*" if line == b"*" else BLANK


def _without_response(word: str, argument: str) -> str:
    mechanism, _, initial = argument.partition(" ")
    if not argument.strip():
        return word
    if _MECHANISM.fullmatch(mechanism) is None:
        return f"{word} {BLANK}"
    return f"{word} {mechanism} {BLANK}" if initial else f"{word} {mechanism}"


def _without_rest(word: str, argument: str) -> str:
    """The name alone: a password may follow that was to have a line of its own. What is escaped ends it, too."""
    name = _NAME.match(argument)
    assert name is not None, "it may be empty"
    return f"{word} {name[0]} {BLANK}" if argument[name.end() :].strip() else f"{word} {argument}".rstrip()


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()
