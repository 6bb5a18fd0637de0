"""Every language says all that English says, with the same placeholders."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import mailgate.pop3
from mailgate.pop3.language import ENGLISH, LANGUAGES, Language, find_language, read_language
from mailgate.pop3.reply import Reply, negative, positive

ROOM = Path(mailgate.pop3.__file__).parent
OTHERS = [language for language in LANGUAGES.values() if language is not ENGLISH]
THREE = {tag.lower(): Language(tag, tag) for tag in ("en", "de", "pt-BR")}


def templates() -> Iterator[str]:
    """All texts of replies in the code."""
    for module in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in ("positive", "negative"):
                text = node.args[0]
                assert isinstance(text, ast.Constant), f"{module.name}:{node.lineno} makes its text up"
                assert isinstance(text.value, str)
                yield text.value


def placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def words(text: str) -> str:
    return "".join(literal for literal, *_ in string.Formatter().parse(text)).strip()


ENGLISH_TEXTS = {text for text in templates() if words(text)}  # numbers alone, as in STAT, are not language


def test_the_texts_are_found() -> None:
    assert len(ENGLISH_TEXTS) > 35
    assert {"no such message", "{tag} language changed", "usage: {usage}", "{octets} octets"} <= ENGLISH_TEXTS
    assert "{count} {octets}" in set(templates()) - ENGLISH_TEXTS


def test_english_is_ascii_for_before_lang_there_is_nothing_else() -> None:
    assert all(text.isascii() for text in templates())  # RFC 1939 section 3


def test_there_is_german() -> None:
    assert [(tag, language.tag, language.name) for tag, language in LANGUAGES.items()] == [
        ("en", "en", "English"),
        ("de", "de", "Deutsch"),
    ]


@pytest.mark.parametrize("language", OTHERS, ids=lambda language: language.tag)
def test_a_language_has_every_text_and_no_others(language: Language) -> None:
    assert set(language.texts) == ENGLISH_TEXTS


@pytest.mark.parametrize("language", OTHERS, ids=lambda language: language.tag)
def test_a_text_has_the_placeholders_of_the_english_one_and_fits_a_response(language: Language) -> None:
    for english, text in language.texts.items():
        assert placeholders(text) == placeholders(english), text
        assert words(text)
        said = Reply(True, text)  # raises ValueError for a control character, or what looks like a response code
        assert len(said.text.encode()) < 200  # RFC 2449 section 4 leaves 512 octets for the line
    assert language.texts["{tag} language changed"].startswith("{tag} ")  # RFC 6856 section 3.2


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda language: language.tag)
def test_a_listing_has_tag_and_name_on_one_line(language: Language) -> None:
    assert re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", language.tag)  # RFC 5646 section 2.1
    assert re.fullmatch(r"[^\x00-\x1f\x7f]+", language.name)


def test_a_reply_is_said_in_a_language_and_keeps_all_else() -> None:
    german = LANGUAGES["de"]
    busy = negative("another session has the maildrop", code="IN-USE")
    assert str(german.say(busy)) == "-ERR [IN-USE] eine andere Sitzung hat das Postfach"
    assert str(german.say(positive("message {number} marked", number=3))) == "+OK Nachricht 3 zum Löschen vorgemerkt"
    assert str(german.say(positive("{count} {octets}", count=2, octets=3))) == "+OK 2 3"
    assert german.say(Reply(True, "languages follow", lines=("en English",))).lines == ("en English",)
    assert str(german.say(Reply(True, "", challenge="YQ=="))) == "+ YQ=="


def test_english_says_it_as_it_stands() -> None:
    reply = negative("no such message")
    assert ENGLISH.say(reply) is reply


@pytest.mark.parametrize(
    ("wanted", "tag"),
    [
        ("de", "de"),
        ("DE", "de"),  # RFC 4647 section 2
        ("de-AT", "de"),  # RFC 4647 section 3.4
        ("de-Latn-AT-1996", "de"),
        ("pt-br", "pt-BR"),
        ("pt", None),
        ("d", None),
        ("deu", None),
        ("x-de", None),
    ],
)
def test_a_language_is_looked_up(wanted: str, tag: str | None) -> None:
    found = find_language(wanted, THREE)
    assert (found and found.tag) == tag


def test_the_shipped_ones_are_looked_up_if_nothing_is_said() -> None:
    assert find_language("de-CH") is LANGUAGES["de"]


def test_a_file_is_read() -> None:
    assert read_language("x", 'name = "X"\n[texts]\n"a" = "b"') == Language("x", "X", {"a": "b"})
    with pytest.raises(KeyError):
        read_language("x", "[texts]")
    with pytest.raises(tomllib.TOMLDecodeError):
        read_language("x", "name")


@pytest.mark.parametrize(
    "text", ['"{other}" = "b"', '"a {n}" = "b"', '"a" = "b {n}"', '"a" = "[AUTH] b"', '"a" = "\\u0007"']
)
def test_a_text_that_could_not_be_said_is_found_at_once(text: str) -> None:
    with pytest.raises(ValueError, match=r"placeholders|not the text"):
        read_language("x", f'name = "X"\n[texts]\n{text}')


def test_places_may_be_in_another_order() -> None:
    texts = {"{a} of {b}": "{b}: {a}"}
    assert read_language("x", 'name = "X"\n[texts]\n"{a} of {b}" = "{b}: {a}"').texts == texts
