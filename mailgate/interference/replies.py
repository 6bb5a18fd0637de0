"""Replies of choice: from the text of a rule to what a machine can send, and what becomes of the real reply."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from attrs import evolve

from mailgate import mail
from mailgate.interference.phases import Spoken
from mailgate.pop3 import reply as pop3

Reply = mail.Reply | pop3.Reply

MAX_REPLY_CHARACTERS: Final = 480  # with CRLF and what is put in front it fits a line (RFC 5321 4.5.3.1.5)
_SMTP: Final = re.compile(r"(?P<code>[2-5][0-5][0-9])(?: (?P<status>[245]\.\d{1,3}\.\d{1,3}))?(?: (?P<text>.*))?", re.S)
_POP3: Final = re.compile(r"(?P<sign>\+OK|-ERR)(?: \[(?P<code>[^]]+)\])?(?: (?P<text>.*))?")
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]+(?:\n[\x20-\x7e]+)*")

# RFC 5321 4.3.2. What is not done cannot be said to be done: a positive reply is put in place of a positive one alone.
_POSITIVE: Final[Mapping[str, frozenset[int]]] = {
    "connect": frozenset({220}),
    "starttls": frozenset({220}),  # RFC 3207 4
    "auth": frozenset({235}),  # RFC 4954 6
    "rcpt": frozenset({250, 251}),
    "data": frozenset({354}),
    "quit": frozenset({221}),
}
_OK: Final = frozenset({250})
_SHOWN_OUT: Final = frozenset({421, 521, 554})  # RFC 5321 3.1, 3.8; RFC 7504 3
_WITHOUT_STATUS: Final = ("connect", "helo")  # RFC 2034 4

DEFAULT_TEXT: Final = "On demand"
SMTP_TOO_FAST: Final = "4.7.0 Too fast, try again later"
POP3_TOO_FAST: Final = "-ERR [SYS/TEMP] too fast, try again later"


def parse_reply(protocol: Spoken, phase: str, text: str) -> Reply:
    """The reply that `text` is, such as "451 4.3.0 Try later" or "-ERR [IN-USE] locked"; status, code and text may be
    missing. Raises ValueError for one that the protocol does not have at this phase.
    """
    if len(text) > MAX_REPLY_CHARACTERS or _PRINTABLE.fullmatch(text) is None:
        raise ValueError(f"a reply is 1 to {MAX_REPLY_CHARACTERS} printable ASCII characters, not {text[:80]!r}")
    return _smtp_reply(phase, text) if protocol == "smtp" else _pop3_reply(text)


def too_fast(protocol: Spoken, phase: str) -> Reply:
    """What a rate limit says if nothing was chosen."""
    if protocol == "pop3":
        return parse_reply(protocol, phase, POP3_TOO_FAST)
    return parse_reply(protocol, phase, f"{421 if phase == 'connect' else 450} {SMTP_TOO_FAST}")


def is_positive(reply: Reply) -> bool:
    """Does it say that what was asked for is done?"""
    return reply.is_positive if isinstance(reply, mail.Reply) else reply.ok


def amended(real: Reply, chosen: Reply) -> Reply:
    """What the client hears where the session said `real`: a chosen refusal, or the chosen words with all the lines
    and the content that the real one has. A refusal is never made good.
    """
    if not is_positive(real):
        return real
    if not is_positive(chosen):
        return chosen
    if isinstance(real, mail.Reply):
        assert isinstance(chosen, mail.Reply), "one protocol is spoken"
        _, *lines = real.text.split("\n")
        return evolve(chosen, text="\n".join([chosen.text, *lines]))
    assert isinstance(chosen, pop3.Reply), "one protocol is spoken"
    return evolve(real, text=chosen.text, code=chosen.code, values={})


def _smtp_reply(phase: str, text: str) -> mail.Reply:
    match = _SMTP.fullmatch(text)
    if match is None:
        raise ValueError(f'an SMTP reply is "451 4.3.0 Try later", "451 Try later" or "451", not {text!r}')
    code = int(match["code"])
    allowed = _POSITIVE.get(phase, _OK)
    if code < 400 and code not in allowed:
        codes = " or ".join(map(str, sorted(allowed)))
        raise ValueError(f"at {phase} a server says {codes}, or refuses with 4yz or 5yz; it does not say {code}")
    if phase == "connect" and code >= 400 and code not in _SHOWN_OUT:
        raise ValueError(f"at connect a server refuses with 421, 521 or 554 (RFC 5321 4.3.2), not with {code}")
    return mail.Reply(code, match["status"] or _status(phase, code), match["text"] or DEFAULT_TEXT)


def _status(phase: str, code: int) -> str:
    if code // 100 == 3 or (code < 400 and phase in _WITHOUT_STATUS):
        return ""
    return f"{code // 100}.0.0"  # RFC 3463 3.1: other, undefined


def _pop3_reply(text: str) -> pop3.Reply:
    match = _POP3.fullmatch(text)
    if match is None:
        raise ValueError(f'a POP3 reply is "-ERR [IN-USE] locked", "-ERR locked" or "+OK done", not {text!r}')
    words = match["text"] or DEFAULT_TEXT
    template = words.replace("{", "{{").replace("}", "}}")
    return pop3.Reply(match["sign"] == "+OK", template, match["code"] or "")
