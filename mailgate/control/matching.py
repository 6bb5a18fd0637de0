"""Which messages are meant: the arguments of a call as one question to a letter."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from attrs import frozen

from mailgate.control.calls import Arguments, CallError
from mailgate.control.letter import Kept, Letter, Reached, address_key
from mailgate.control.reading import LARGE_OCTETS, Head, Reading
from mailgate.mime import fields_in
from mailgate.namespaces import SHARED, domain_of, namespace_of
from mailgate.wire.address import AddressError, format_mailbox, parse_path

NAMES: Final = ("to", "from", "subject", "subject_pattern", "body", "body_pattern", "header", "after")
"""The arguments that are read here."""

MAX_PATTERN_CHARACTERS: Final = 1_000
PATTERNS: Final = ("subject_pattern", "body_pattern")
LAST_NUMBER: Final = 1 << 53

_NULL_PATH: Final = "@"  # the key of `<>`


@frozen
class Criteria:
    """What is asked for. The cheap questions come first, and most letters answer none of the others."""

    namespace: str
    to: str = ""  # an `address_key`; empty: anybody in the namespace
    sender: str = ""
    after: int = 0  # a letter's number
    heads: tuple[Callable[[Head], bool], ...] = ()
    fields: tuple[tuple[str, str], ...] = ()  # a field's name in lower case, and what it is to contain
    bodies: tuple[Callable[[str], bool], ...] = ()
    words: str = "any message"  # the question, for people

    @property
    def wants_content(self) -> bool:
        """Does it take more than what is always known of a letter?"""
        return bool(self.fields or self.bodies)

    def recipients(self, letter: Letter) -> tuple[Reached, ...]:
        """Those of the letter whom the question is about, and may see."""
        return letter.recipients_for(self.namespace, self.to)

    def front(self, letter: Letter) -> bytes:
        """What the copy that the question is about has in front: that of the recipient who is asked for, if one is."""
        recipients = self.recipients(letter)
        return letter.front_for([each for each in recipients if each.key == self.to] or recipients)

    def takes_long(self, octets: int) -> bool:
        """Is it more work to ask a content of that size than others should have to wait for?"""
        return bool(self.bodies) and octets > LARGE_OCTETS

    def fit_envelope(self, letter: Letter) -> bool:
        """Do sender, recipients and number fit?"""
        if letter.number <= self.after or (self.sender and address_key(letter.sender) != self.sender):
            return False
        recipients = self.recipients(letter)
        return any(each.key == self.to for each in recipients) if self.to else bool(recipients)

    def fit_head(self, head: Head) -> bool:
        """Does what a list shows?"""
        return all(fits(head) for fits in self.heads)

    def fit_content(self, letter: Letter, reading: Reading) -> bool:
        """Does the content?"""
        if self.fields:
            fields = fields_in(self.front(letter)) + reading.fields
            if not all(_has(fields, name, contained) for name, contained in self.fields):
                return False
        return all(fits(reading.text) or fits(reading.html) for fits in self.bodies)

    def fit(self, kept: Kept, reading: Reading | None) -> bool:
        """Does all of a letter, as far as it is known? None: the content is not here."""
        if not self.fit_envelope(kept.letter):
            return False
        head = reading.head if self.heads and reading is not None else kept.head
        if self.heads and (head is None or not self.fit_head(head)):
            return False
        return not self.wants_content or (reading is not None and self.fit_content(kept.letter, reading))


def _has(fields: Sequence[tuple[str, str]], wanted: str, contained: str) -> bool:
    return any(name.lower() == wanted and contained in value for name, value in fields)


def namespace_in(arguments: Arguments) -> str:
    """The namespace of a call. Raises `CallError` "bad"."""
    namespace = arguments.text("namespace", SHARED)
    try:
        domain_of(namespace)
    except ValueError as error:
        raise CallError("bad", str(error)) from None
    return namespace


def criteria_in(arguments: Arguments, *, patterns: bool = True) -> Criteria:
    """The question that a call asks. Raises `CallError` "bad"; and "forbidden" for a regular expression without
    `patterns`: while one is looked for nothing else happens in this process, and some never come to an end.
    """
    namespace = namespace_in(arguments)
    if not patterns:
        _refuse_patterns(arguments)
    to, sender = arguments.text("to"), arguments.text("from")
    return Criteria(
        namespace,
        to=recipient_key(to, namespace) if to else "",
        sender=_key(sender, "from") if sender else "",
        after=arguments.integer("after", 0, most=LAST_NUMBER),
        heads=_heads(arguments),
        fields=tuple(_field(each) for each in arguments.texts("header")),
        bodies=_texts(arguments, "body"),
        words=_words(arguments),
    )


def _refuse_patterns(arguments: Arguments) -> None:
    for name in PATTERNS:
        if arguments.text(name):
            plain = name.removesuffix("_pattern")
            raise CallError(
                "forbidden",
                f"{name}: a regular expression can stop a server, and this one serves people; ask for a text that is "
                f"contained, with {plain}",
            )


def recipient_key(address: str, namespace: str) -> str:
    """The key of an address that a namespace may ask for: its own, or one in none. Raises `CallError` "bad"."""
    key = _key(address, "to")
    theirs = namespace_of(key)
    if theirs not in (namespace, SHARED):
        whose = f"namespace {namespace!r}" if namespace else "no namespace"
        raise CallError("bad", f"{address} belongs to namespace {theirs!r}; this call is made in {whose}")
    return key


def _key(address: str, name: str) -> str:
    if address == "<>" and name == "from":
        return _NULL_PATH
    try:
        parsed = parse_path(address if address.startswith("<") else f"<{address}>")
    except AddressError as error:
        raise CallError("bad", f"{name} has to be an address, not {address[:80]!r}: {error}") from None
    if parsed.rest or (not parsed.local_part and not parsed.domain):
        raise CallError("bad", f"{name} has to be an address, not {address[:80]!r}")
    return address_key(format_mailbox(parsed.local_part, parsed.domain))


def _heads(arguments: Arguments) -> tuple[Callable[[Head], bool], ...]:
    return tuple(_of_subject(fits) for fits in _texts(arguments, "subject"))


def _of_subject(fits: Callable[[str], bool]) -> Callable[[Head], bool]:
    return lambda head: fits(head.subject)


def _texts(arguments: Arguments, name: str) -> tuple[Callable[[str], bool], ...]:
    """What `name` and `<name>_pattern` ask of a text."""
    questions: list[Callable[[str], bool]] = []
    if contained := arguments.text(name):
        questions.append(lambda text: contained in text)
    if pattern := arguments.text(f"{name}_pattern"):
        search = _compiled(pattern, f"{name}_pattern").search
        questions.append(lambda text: search(text) is not None)
    return tuple(questions)


def _compiled(pattern: str, name: str) -> re.Pattern[str]:
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise CallError("bad", f"{name} has {len(pattern)} characters; {MAX_PATTERN_CHARACTERS} are the limit")
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise CallError("bad", f"{name} is no regular expression: {error}") from None


def _field(text: str) -> tuple[str, str]:
    name, colon, contained = text.partition(":")
    if not colon or not name.strip():
        raise CallError("bad", f'header has to be "Name: contained text", not {text[:80]!r}')
    return name.strip().lower(), contained.strip()


def _words(arguments: Arguments) -> str:
    said = [f"{name} {arguments.text(name)!r}" for name in NAMES[:-2] if arguments.text(name)]
    said += [f"header {each!r}" for each in arguments.texts("header")]
    if after := arguments.integer("after", 0, most=LAST_NUMBER):
        said.append(f"after number {after}")
    return f"a message with {', '.join(said)}" if said else "any message"
