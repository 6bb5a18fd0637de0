"""HTML as text and links. A reader of its own: `html.parser` takes minutes for markup that is broken in the right way,
and what it is given here comes from strangers.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mailgate.mime.links import urls_in

# A comment, a declaration, or a tag. All is bounded, so that the time is, too; a `<` that begins none of them is text.
_TOKEN: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<[!?][^>]*(?:>|\Z)"
    r"|<(?P<end>/?)(?P<name>[A-Za-z][^\s/>]{0,50})(?P<attributes>"
    r"(?:[^\"'<>]{1,10000}+|\"[^\"]{0,10000}+\"|'[^']{0,10000}+'){0,100}+(?=>)|[^<>]{0,10000}+)>",
    re.DOTALL,
)
_HREF: Final = re.compile(r"(?<![^\s\"'])href\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_SILENT: Final = frozenset({"script", "style", "title", "template"})
_BLOCKS: Final = re.compile(
    r"address|article|aside|blockquote|center|d[dlt]|div|fieldset|figure|footer|form|h[1-6r]|header|li|main|nav|ol|pre"
    r"|section|table|tbody|tfoot|thead|tr|ul"
)
_WHITE: Final = re.compile(r"[ \t\r\n\f]+")


@dataclass(frozen=True)
class Page:
    """What HTML shows."""

    text: str  # lines ending with LF
    links: tuple[str, ...]  # http and https, from `href` and from the text, in order


def page_of(markup: str) -> Page:
    """Read HTML, of whatever quality."""
    pieces: list[str] = []
    links: list[str] = []
    for piece, tag in _tokens(markup):
        shown = html.unescape(piece)
        pieces.append(_WHITE.sub(" ", shown))
        links += urls_in(shown)
        if tag is not None:
            pieces.append(_space(tag["name"].lower()))
            links += _href(tag)
    return Page(_tidy("".join(pieces)), tuple(links))


def _tokens(markup: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """The text in front of each tag, and the tag; the last text has none."""
    at = 0
    while (token := _TOKEN.search(markup, at)) is not None:
        yield markup[at : token.start()], token if token["name"] else None
        at = token.end()
        if token["name"] and not token["end"] and token["name"].lower() in _SILENT:
            end = re.compile(f"</{token['name']}", re.IGNORECASE).search(markup, at)
            at = end.start() if end is not None else len(markup)
    yield markup[at:], None


def _space(name: str) -> str:
    """What a tag puts between the texts around it."""
    if name == "p":
        return "\n\n"
    if name == "br" or _BLOCKS.fullmatch(name):
        return "\n"
    return " " if name in ("td", "th") else ""


def _href(tag: re.Match[str]) -> list[str]:
    """All of an `href` if it leads somewhere by HTTP: nothing in it is punctuation of a sentence."""
    found = _HREF.search(tag["attributes"]) if tag["name"].lower() in ("a", "area") else None
    if found is None:
        return []
    url = _WHITE.sub("", html.unescape(found[1] or found[2] or found[3] or ""))
    return [url] if url.lower().startswith(("http://", "https://")) else []


def _tidy(text: str) -> str:
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
