"""The languages in which POP3 replies can be said (RFC 6856 section 3).

English stands in the code; every other language is a file in `texts`, named by its tag, that has for each English
text its own, with the same placeholders. The files are read once, when this module is imported.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from string import Formatter
from typing import Final

from attrs import evolve, field, frozen

from mailgate.pop3.reply import Reply


@frozen
class Language:
    """A language: its tag (RFC 5646), what it calls itself, and its text for each English one."""

    tag: str
    name: str
    texts: Mapping[str, str] = field(factory=dict, repr=False)

    def say(self, reply: Reply) -> Reply:
        """The same reply in this language. Response codes, numbers and lists are the same in all."""
        text = self.texts.get(reply.text)
        return reply if text is None else evolve(reply, text=text)


# What is said before LANG, which RFC 1939 section 3 wants to be in ASCII. UTF-8 comes with LANG (RFC 6856 section 3.2).
ENGLISH: Final = Language("en", "English")


def read_language(tag: str, toml: str) -> Language:
    """Read a file of `texts`. Raises KeyError and ValueError for one that is none, and for a text that could not be
    said in place of the English one.
    """
    table = tomllib.loads(toml)
    for english, text in table["texts"].items():
        if _placeholders(text) != _placeholders(english):
            raise ValueError(f"{tag}: {text!r} has other placeholders than {english!r}")
        Reply(True, text)  # which says what is wrong with the text of a response
    return Language(tag, table["name"], table["texts"])


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _languages() -> dict[str, Language]:
    files = sorted((resources.files(__package__) / "texts").iterdir(), key=lambda file: file.name)
    others = (read_language(file.name.removesuffix(".toml"), file.read_text("utf-8")) for file in files)
    return {language.tag.lower(): language for language in (ENGLISH, *others)}


LANGUAGES: Final[Mapping[str, Language]] = _languages()  # by tag in lower case


def find_language(wanted: str, languages: Mapping[str, Language] = LANGUAGES) -> Language | None:
    """The language for a basic language range, by lookup (RFC 4647 section 3.4): `de-AT` finds `de`. None: no such."""
    subtags = wanted.lower().split("-")  # RFC 4647 section 2: case does not matter
    while subtags:
        if (found := languages.get("-".join(subtags))) is not None:
            return found
        subtags.pop()
    return None
