"""One-time codes: the number in a message that somebody is to type."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mailgate.mime.links import URL

TEXT_CHARACTERS: Final = 100_000  # what is behind them is not looked at
NEAR_CHARACTERS: Final = 200  # how far from its word a number is taken for a code
IN_FRONT_CHARACTERS: Final = 3  # so much farther is a number in front of its word than one behind it
BEHIND_CHARACTERS: Final = 30  # how far behind its word a code with letters in it begins

# What such a code is called. In front of `code` may be the rest of the word: Sicherheitscode, passcode.
_WORD: Final = re.compile(
    r"[^\W\d]{0,30}(?:codes?|passwort|kennwort|password)(?![^\W\d])"
    r"|\b(?:otp|pin|tan|mfa|2fa|token|pass\s?phrase|verification|einmal\w*)\b"
    r"|\b(?:c[óo]digos?|clave|contraseña|senha|codice|mot de passe|koden?|kod[ui]?|koodi\w*|k[óo]d\w{0,3})\b"
    r"|\b(?:код\w{0,3}|парол\w{0,3}|κωδικ\w+|mã)\b"
    r"|验证码|驗證碼|校验码|动态码|動態碼|認証コード|確認コード|コード|認証番号|인증\s?번호|인증\s?코드|코드|รหัส"
    r"|رمز|كود|קוד",
    re.IGNORECASE,
)
# Codes that nobody types to show who he is.
_OTHER_CODE: Final = re.compile(
    r"(?:zip|post|postal|postleit|area|country|bar|qr|source|promo|promotion|discount|coupon|voucher|gutschein|rabatt)"
    r"[\s-]*codes?",
    re.IGNORECASE,
)
# Behind such a word is a number that means something else.
_OTHER_NUMBER: Final = re.compile(
    r"(?:order|invoice|reference|ref|ticket|case|customer|account|phone|tel|telephone|mobile|fax|call|zip|"
    r"bestellung|bestell|rechnung|rechnungs|kunden|auftrag|telefon|commande|facture|pedido|factura|fattura|ordine|"
    r"january|february|march|april|may|june|july|august|september|october|november|december|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|copyright|\(c\)|©|year|since)"
    r"[\s.:#]*(?:number|nummer|num|no|nr|id)?[\s.:#]*\Z",
    re.IGNORECASE,
)
_UNIT: Final = re.compile(
    r"\s?(?:[€$£¥%₹]|(?:eur|usd|gbp|chf|euros?|dollars?|minut\w*|mins?|seconds?|sekunden?|hours?|stunden?|days?|tagen?|"
    r"years?|jahren?|kb|mb|gb|px|points?|uhr)\b)",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"(?<![^\s@<>])[^\s@<>]{1,200}@[^\s@<>]{1,200}")
# Digits, and what may stand between the digits of one number, date, time, price or telephone number.
_RUN: Final = re.compile(r"[0-9](?:[ \t\u00a0]?[-./:,()]{0,2}[ \t\u00a0]?[0-9])*")
_NUMBER: Final = re.compile(r"[0-9]{4,8}|[0-9]{3}[ \u00a0-][0-9]{3}|[0-9]{4}[ \u00a0-][0-9]{4}")
_YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}")
_GLUE: Final = re.compile(
    r"(?:\b(?:is|ist|lautet|est|es|è)\b|[\s:=>*\-\uff1a\u2013\u2014\"'\u201c\u201d\u201e\u300c\u00ab\u00bb]){0,20}",
    re.IGNORECASE,
)
_SAID: Final = re.compile(r"(?:[:=\uff1a]|\b(?:is|ist|lautet|est|es|è))\s*\Z", re.IGNORECASE)
_MIXED: Final = re.compile(r"(?=[A-Z-]*[0-9])(?=[0-9-]*[A-Z])[A-Z0-9]{2,10}(?:-[A-Z0-9]{2,10})?(?![A-Za-z0-9_-])")
_MIXED_CHARACTERS: Final = range(4, 13)


@dataclass(frozen=True)
class _Number:
    code: str
    start: int
    end: int


def otp_in(text: str) -> str | None:
    """The one-time code in a text: 4 to 8 digits, given without the space or hyphen between two groups; or letters and
    digits such as A1B2C3 close behind a word for it.

    Of several numbers that which is closest to such a word, rather behind than in front of it. Where there is no such
    word, a number that has a line to itself. Never what is part of a URL, an address, a date, a price, a telephone or
    an order number. None: there is none.
    """
    text = text[:TEXT_CHARACTERS]
    for pattern in (URL, _ADDRESS, _OTHER_CODE):
        text = pattern.sub(lambda match: "\0" * len(match[0]), text)
    words = [match.span() for match in _WORD.finditer(text)]
    mixed = _mixed(text, words)
    numbers = list(_numbers(text))
    if not words:
        return next((number.code for number in numbers if _is_alone(text, number)), None)
    ranked = [(_distance(number, words), number.code) for number in (*mixed, *numbers)]
    near = [each for each in ranked if each[0] <= NEAR_CHARACTERS]
    return min(near, key=lambda each: each[0])[1] if near else None


def _distance(number: _Number, words: list[tuple[int, int]]) -> int:
    """How far it is to the closest word; in front of a word it is farther."""
    at = bisect.bisect_left(words, (number.start, 0))  # the words do not overlap
    behind = [number.start - end for _, end in words[max(0, at - 1) : at]]
    in_front = [start - number.end + IN_FRONT_CHARACTERS for start, _ in words[at : at + 1]]
    return min(behind + in_front)


def _mixed(text: str, words: list[tuple[int, int]]) -> Iterator[_Number]:
    for _, end in words:
        glue = _GLUE.match(text, end)
        match = _MIXED.match(text, glue.end()) if glue is not None else None
        if match is None or match.start() - end > BEHIND_CHARACTERS:
            continue
        if match.start() > end and len(match[0].replace("-", "")) in _MIXED_CHARACTERS:
            yield _Number(match[0], *match.span())


def _numbers(text: str) -> Iterator[_Number]:
    for run in _RUN.finditer(text):
        for number in _parts(run):
            if _stands_free(text, number) and not _is_something_else(text, number):
                yield number


def _parts(run: re.Match[str]) -> Iterator[_Number]:
    """The numbers in a run of digits that may be codes."""
    if _NUMBER.fullmatch(run[0]):
        yield _Number(re.sub(r"\D", "", run[0]), *run.span())
        return
    if all(len(group) <= 4 for group in re.findall(r"[0-9]+", run[0])):
        return  # a telephone number, a card's, a date, a time
    for match in re.finditer(r"\S+", run[0]):
        if _NUMBER.fullmatch(match[0]):
            yield _Number(match[0], run.start() + match.start(), run.start() + match.end())


def _stands_free(text: str, number: _Number) -> bool:
    """Is it no part of a word, a price or an international telephone number? `G-123456` is a code all the same."""
    before, behind = text[max(0, number.start - 3) : number.start], text[number.end : number.end + 1]
    if behind in ("_", "@", "/", "%") or (behind.isalnum() and behind.isascii()):
        return False
    if re.search(r"(?:\A|[^A-Za-z0-9])[A-Z]-\Z", before):
        return True
    last = before[-1:]
    return not (last in tuple("_+#$€£¥₹/-.@") or (last.isalnum() and last < "\u0250"))


def _is_something_else(text: str, number: _Number) -> bool:
    before = text[max(0, number.start - 40) : number.start]
    if _UNIT.match(text, number.end) or re.search(r"[$€£¥₹]\s?\Z|\b(?:eur|usd|gbp|chf)\s?\Z", before, re.IGNORECASE):
        return True
    other = _OTHER_NUMBER.search(before)
    if other is not None and (other.start() == 0 or not before[other.start() - 1].isalnum()):
        return True
    # A year, unless the text says in so many words that it is the code.
    return _YEAR.fullmatch(number.code) is not None and not _SAID.search(before)


def _is_alone(text: str, number: _Number) -> bool:
    line_start = text.rfind("\n", 0, number.start) + 1
    line_end = text.find("\n", number.end)
    return not (text[line_start : number.start] + text[number.end : line_end if line_end >= 0 else len(text)]).strip()
