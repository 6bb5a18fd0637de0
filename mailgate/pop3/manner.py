"""How a client wants to be spoken to (RFC 6856): the language of the replies, and whether mail may be in UTF-8."""

from __future__ import annotations

from typing import Final

from mailgate.pop3.language import ENGLISH, LANGUAGES, Language, find_language
from mailgate.pop3.reply import Reply, negative, positive

NO_SUCH_LANGUAGE: Final = negative("no such language")
UTF8_MODE: Final = positive("UTF-8 mode is on")


class Manner:
    """What one session was asked for. With TLS a new one begins: the client may not have been alone with us before
    (RFC 6856 section 7).
    """

    def __init__(self, default: str) -> None:
        """`default` is the tag, in lower case, of the language that `LANG *` gives."""
        self.utf8 = False  # may mail be sent that needs UTF-8 in its header?
        self._language: Language = ENGLISH
        self._default = default

    def say(self, reply: Reply) -> Reply:
        """The reply in the language that was asked for."""
        return reply if self._language is ENGLISH else self._language.say(reply)

    def begin_utf8(self) -> Reply:
        """Answer UTF8 (RFC 6856 section 2.1). It has no way back, and nothing against being said twice."""
        self.utf8 = True
        return UTF8_MODE

    def answer_lang(self, wanted: str | None) -> Reply:
        """Answer LANG (RFC 6856 section 3.2), with a language range or `*`, or (None) alone."""
        if wanted is None:
            return positive("languages follow", lines=tuple(f"{each.tag} {each.name}" for each in LANGUAGES.values()))
        # RFC 6856 section 7: `*` is the same for everybody, so that it tells nothing of who has which account.
        found = LANGUAGES[self._default] if wanted == "*" else find_language(wanted)
        if found is None:
            return NO_SUCH_LANGUAGE
        self._language = found
        return positive("{tag} language changed", tag=found.tag)  # the tag comes first, RFC 6856 section 3.2
