"""What somebody wants of a listener that is opened on demand, as the call `open_listener` has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from attrs import evolve, frozen

from mailgate.control.calls import Arguments, CallError
from mailgate.control.matching import namespace_in
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
    namespace: str | None = None  # who opened it; None: nobody did, it is the configuration's

    @property
    def protocol(self) -> Spoken:
        """By which rules and conversations know it."""
        return "pop3" if self.kind == "pop3" else "smtp"


def read_wish(arguments: Arguments) -> Wish:
    """Raises `CallError`."""
    kind = arguments.text("protocol", "smtp")
    if kind not in KINDS:
        raise CallError("bad", f"protocol has to be one of {', '.join(KINDS)}, not {kind[:40]!r}")
    disguise = _disguise(Arguments(arguments.table("personality")))
    if kind == "pop3" and disguise.max_message_octets:
        raise CallError("bad", "size is of SMTP, where EHLO shows it: POP3 has none, leave it out")
    wish = Wish(cast(Kind, kind), arguments.flag("tls"), disguise, namespace=namespace_in(arguments))
    return evolve(wish, faults=tuple(_rule(wish.protocol, rule) for rule in arguments.list("faults")))


def _disguise(arguments: Arguments) -> Disguise:
    arguments.only("hide", "size", "greeting")
    hidden = arguments.besides().get("hide", [])
    if not isinstance(hidden, list) or not all(isinstance(keyword, str) for keyword in hidden):
        raise CallError("bad", f'hide has to be a list of keywords, such as ["STARTTLS"], not {hidden!r:.80}')
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
