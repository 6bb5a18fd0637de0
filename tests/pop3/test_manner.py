"""UTF8 and LANG: how a client wants to be spoken to."""

from __future__ import annotations

from mailgate.pop3.manner import NO_SUCH_LANGUAGE, Manner
from mailgate.pop3.reply import negative


def test_begins_in_english_and_without_utf8() -> None:
    manner = Manner("de")
    assert str(manner.say(negative("no such message"))) == "-ERR no such message"
    assert not manner.utf8


def test_utf8_may_be_said_twice() -> None:
    manner = Manner("en")
    assert manner.begin_utf8() == manner.begin_utf8()
    assert str(manner.begin_utf8()) == "+OK UTF-8 mode is on"
    assert manner.utf8


def test_lang_alone_lists_the_languages_and_changes_nothing() -> None:
    manner = Manner("de")
    reply = manner.answer_lang(None)
    assert (reply.ok, reply.lines) == (True, ("en English", "de Deutsch"))
    assert str(manner.say(negative("no such message"))) == "-ERR no such message"


def test_a_language_is_for_all_that_is_said_from_then_on() -> None:
    manner = Manner("en")
    assert str(manner.say(manner.answer_lang("de-AT"))) == "+OK de Sprache gewechselt"
    assert str(manner.say(negative("no such message"))) == "-ERR diese Nachricht gibt es nicht"
    assert manner.answer_lang("tlh") is NO_SUCH_LANGUAGE
    assert str(manner.say(NO_SUCH_LANGUAGE)) == "-ERR diese Sprache gibt es hier nicht"


def test_an_asterisk_is_the_default() -> None:
    manner = Manner("de")
    assert str(manner.say(manner.answer_lang("*"))) == "+OK de Sprache gewechselt"
