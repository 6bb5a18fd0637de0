"""The links of a message, as a person would follow them."""

from __future__ import annotations

import re
from typing import Final

# RFC 3986 2, and what is beyond ASCII in URLs that people see; the delimiters of appendix C end one.
URL: Final = re.compile(r"(?<![A-Za-z0-9])https?://[^\s<>\"`{}|\\^\x00-\x1f\x7f]+", re.IGNORECASE)
# In Chinese and Japanese text as well.
_PUNCTUATION: Final = ".,;:!?'*\u2026\u3002\uff0c\u3001\uff01\uff1f\uff1a\uff1b"
_BRACKETS: Final = dict(zip(")]\u00bb\u201d\u2019\uff09\u300d", "([\u00ab\u201c\u2018\uff08\u300c", strict=True))


def links_in(text: str, html: str = "") -> list[str]:
    """The http and https URLs of a message in order, each once: those of its text, then those that only its HTML has,
    in `href` and in what it shows. Punctuation behind a URL is not part of it.
    """
    links = urls_in(text)
    if html:
        from mailgate.mime.markup import page_of

        links += page_of(html).links
    return list(dict.fromkeys(links))


def urls_in(text: str) -> list[str]:
    """The URLs that stand in a text."""
    urls = (_without_punctuation(match[0]) for match in URL.finditer(text))
    return [url for url in urls if not url.endswith("//")]


def _without_punctuation(url: str) -> str:
    end = len(url)
    opened = {opening: url.count(opening) for opening in _BRACKETS.values()}
    closed = {closing: url.count(closing) for closing in _BRACKETS}
    while True:  # it begins with a letter
        last = url[end - 1]
        if last in _BRACKETS and closed[last] > opened[_BRACKETS[last]]:
            closed[last] -= 1
        elif last not in _PUNCTUATION:
            return url[:end]
        end -= 1
