"""A line of the journal: which facts there is one for, and what stands in it.

    {"message":"01m8…","at":1763912345.123,"what":"delivered","recipient":"info@example.org",…}

The first key says whose life the line is of: a message's; a session's, for what was refused before there was a message;
or, for a message that another program delivered, that of the UID which a user's clients see. What is empty, zero or
false is left out, so a line without a sender is of the null path.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from mailgate import facts

_SESSION: Final = ("session", "listener", "client", "helo", "tls", "user")
_ENVELOPE: Final = ("sender", "recipients", "message_id", "octets")


@frozen
class _Kind:
    """How a fact is called in the journal, and which of its fields stand there."""

    what: str
    names: tuple[str, ...]


_KINDS: Final[Mapping[type[facts.Fact], _Kind]] = {
    facts.CommandRefused: _Kind("refused", (*_SESSION, "phase", "sender", "recipient", "reply")),
    facts.Handled: _Kind("handled", ("handler", "result", "detail", "seconds")),
    facts.Delivered: _Kind("delivered", ("recipient", "maildrops", "copies")),
    facts.NotDelivered: _Kind("not delivered", ("reason", "visible")),
    facts.Relayed: _Kind("relayed", ("smarthost", "recipients", "reply")),
    facts.NotRelayed: _Kind("not relayed", ("smarthost", "recipients", "reply", "reason")),
    facts.Accepted: _Kind("accepted", (*_SESSION, *_ENVELOPE, "reply_sent", "discarded")),
    facts.MessageRefused: _Kind("refused", (*_SESSION, *_ENVELOPE, "reply")),
    facts.Abandoned: _Kind("abandoned", (*_SESSION, *_ENVELOPE, "phase", "reason", "reply")),
    facts.Fetched: _Kind("fetched", ("user", "client", "session")),
    facts.Deleted: _Kind("deleted", ("user", "client", "session")),
    facts.Expired: _Kind("expired", ("user", "to_trash")),
    facts.Restored: _Kind("restored", ("user", "message", "uid", "clashed", "backup", "made")),
}
KEPT: Final = frozenset(_KINDS)  # the facts that there is a line for
LAST_SECONDS: Final = 253_370_764_800  # the year 9999: no line is of a later time
LIVES: Final = ("message", "session", "uid")  # a line's first key

# What `json.dumps` makes of a text. A busy gateway writes thousands of lines a second: put together here, they cost
# less than by way of a dictionary.
_text: Final[Callable[[str], str]] = json.encoder.encode_basestring_ascii


def line_of(fact: Any) -> bytes:
    """The line for a fact of a kind that is `KEPT`, with its end."""
    kind = _KINDS[type(fact)]
    whose, life = _life(fact)
    parts = [f'{{"{whose}":{_text(life)},"at":{fact.at:.3f},"what":"{kind.what}"']
    for name in kind.names:
        if (value := getattr(fact, name)) and name != whose:
            parts.append(f',"{name}":{_text(value) if type(value) is str else _value(value)}')
    return "".join([*parts, "}\n"]).encode()


def read_line(line: bytes) -> dict[str, Any] | None:
    """What stands in a line; None for one that is damaged, or was not written whole."""
    try:
        values = json.loads(line)
    except ValueError:
        return None
    if not isinstance(values, dict) or not isinstance(values.get("what"), str):
        return None
    at, whose = values.get("at"), next(iter(values))
    if not isinstance(at, float | int) or not 0 <= at <= LAST_SECONDS:
        return None
    return values if whose in LIVES and isinstance(values[whose], str) else None


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{','.join(map(_text, value))}]"
    if isinstance(value, float):
        return f"{value:.3f}"
    return "true" if value is True else str(value)


def _life(fact: Any) -> tuple[str, str]:
    # What was restored under another UID has a file of another name, and is known by that UID alone from then on.
    if fact.message and not (isinstance(fact, facts.Restored) and fact.clashed):
        return "message", fact.message
    if isinstance(fact, facts.CommandRefused):
        return "session", fact.session
    return "uid", f"{fact.user} {fact.uid}"
