"""What somebody wants of a listener that is opened on demand, as the call `open_listener` has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from attrs import frozen

from mailgate.control.calls import Arguments, CallError
from mailgate.interference import Rule, Spoken, parse_rule
from mailgate.service.personalities import AS_CONFIGURED, Disguise, Kind

KINDS: Final = ("smtp", "submission", "lmtp", "pop3")
MAX_SIZE: Final = 1 << 40
MAX_GREETING_CHARACTERS: Final = 200


@frozen
class Wish:
    """A listener: what it speaks, whether TLS comes first, what it shows, and what goes wrong there."""

    kind: Kind
    tls: bool = False
    disguise: Disguise = AS_CONFIGURED
    faults: tuple[Rule, ...] = ()

    @property
    def protocol(self) -> Spoken:
        """By which rules and conversations know it."""
        return "pop3" if self.kind == "pop3" else "smtp"


def read_wish(arguments: Arguments) -> Wish:
    """Raises `CallError`."""
    kind = arguments.text("protocol", "smtp")
    if kind not in KINDS:
        raise CallError("bad", f"protocol has to be one of {', '.join(KINDS)}, not {kind[:40]!r}")
    wish = Wish(cast(Kind, kind), arguments.flag("tls"), _disguise(Arguments(arguments.table("personality"))))
    rules = tuple(_rule(wish.protocol, rule) for rule in arguments.list("faults"))
    return Wish(wish.kind, wish.tls, wish.disguise, rules)


def _disguise(arguments: Arguments) -> Disguise:
    arguments.only("hide", "size", "greeting")
    hidden = arguments.list("hide")
    if not all(isinstance(keyword, str) for keyword in hidden):
        raise CallError("bad", 'hide has to be a list of keywords, such as ["STARTTLS"]')
    greeting = arguments.text("greeting")
    if len(greeting) > MAX_GREETING_CHARACTERS:
        raise CallError("bad", f"a greeting has {MAX_GREETING_CHARACTERS} characters at most")
    return Disguise(
        frozenset(keyword.upper() for keyword in hidden),
        greeting,
        arguments.integer("size", 0, most=MAX_SIZE),
    )


def _rule(protocol: Spoken, table: Any) -> Rule:
    if not isinstance(table, Mapping):
        raise CallError("bad", f"a fault has to be an object, not {table!r:.80}")
    try:
        return parse_rule({"protocol": protocol, **table})
    except ValueError as error:
        raise CallError("bad", str(error)) from error
