"""Which messages are meant: what the server can decide, and what is tested here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from mailgate.testing.message import Message

Test = str | re.Pattern[str] | Callable[[str], bool]
"""A text that is contained (case matters), a pattern that is found, or a function that says yes."""

_Own = re.Pattern[str] | Callable[[str], bool]
_Texts = Callable[[Message], Iterable[str]]
_Judgement = Callable[[Message], bool]


class Criteria(TypedDict, total=False):
    """Which messages are meant; all that is given must fit.

    `to` and `from_`: an address of the envelope, `from_="<>"` for the null path. `subject`: the decoded subject.
    `body`: the decoded text, or the HTML. `header`: `"Name: contained text"`, or a table of names and tests, or a
    pattern or function that gets `"Name: value"`; one field of a name has to fit. `after`: only what arrived later than
    this message.
    """

    to: str | None
    from_: str | None
    subject: Test | None
    header: Test | Mapping[str, Test] | None
    body: Test | None
    after: Message | None


@dataclass(frozen=True)
class Question:
    """Criteria, divided between the server (`arguments`) and us (`judgements`)."""

    arguments: Mapping[str, Any]
    judgements: tuple[_Judgement, ...]
    words: str  # for people

    def fits(self, message: Message) -> bool:
        """Does one that the server found fit?"""
        return all(judge(message) for judge in self.judgements)


def question(criteria: Criteria) -> Question:
    """Divide them: texts are for the server; functions and patterns for us, as a slow pattern would stop everybody.

    Raises TypeError and ValueError for what cannot be meant: a test that is not understood would always pass.
    """
    _check(criteria)
    arguments: dict[str, Any] = {}
    judgements: list[_Judgement] = []
    for name, address in (("to", criteria.get("to")), ("from", criteria.get("from_"))):
        if address is not None:
            arguments[name] = address or "<>"  # as `envelope.sender` has the null path
    _divide("subject", criteria.get("subject"), _subject, arguments, judgements)
    _divide("body", criteria.get("body"), _bodies, arguments, judgements)
    _divide_header(criteria.get("header"), arguments, judgements)
    after = criteria.get("after")
    if after is not None:
        arguments["after"] = after.number
    return Question(arguments, tuple(judgements), described(criteria))


def described(criteria: Criteria) -> str:
    """For people: ` to a@b with subject 'x'`; empty if there are none."""
    said = ""
    for name, word in (("to", "to"), ("from_", "from")):
        if criteria.get(name) is not None:
            said += f" {word} {criteria.get(name)}"
    for name in ("subject", "header", "body"):
        if criteria.get(name) is not None:
            said += f" with {name} {_shown(criteria.get(name))}"
    after = criteria.get("after")
    return said if after is None else f"{said} after {after!r}"


def _divide(
    name: str,
    test: Test | None,
    texts: _Texts,
    arguments: dict[str, Any],
    judgements: list[_Judgement],
) -> None:
    if test is None:
        return
    if isinstance(test, str):
        arguments[name] = test
    else:
        judgements.append(_judgement(test, texts))


def _divide_header(
    test: Test | Mapping[str, Test] | None, arguments: dict[str, Any], judgements: list[_Judgement]
) -> None:
    if isinstance(test, str):
        arguments["header"] = test
    elif isinstance(test, Mapping):
        contained = [f"{name}: {value}" for name, value in test.items() if isinstance(value, str)]
        if contained:
            arguments["header"] = contained
        judgements += [_judgement(value, _values(name)) for name, value in test.items() if not isinstance(value, str)]
    elif test is not None:
        judgements.append(_judgement(test, _fields))


def _judgement(test: _Own, texts: _Texts) -> _Judgement:
    passes = test.search if isinstance(test, re.Pattern) else test
    return lambda message: any(map(passes, texts(message)))


def _check(criteria: Criteria) -> None:
    known = Criteria.__annotations__
    if unknown := sorted(set(criteria) - set(known)):
        raise TypeError(f"there is no criterion {unknown[0]!r}; there are {', '.join(known)}")
    to, sender, after = criteria.get("to"), criteria.get("from_"), criteria.get("after")
    for name, address in (("to", to), ("from_", sender)):
        if address is not None and not isinstance(address, str):
            raise TypeError(f"{name} has to be an address, not {address!r}")
    if to == "":
        raise ValueError("to is empty: leave it out for all addresses of the namespace")
    if after is not None and not isinstance(after, Message):
        raise TypeError(f"after has to be a message, not {after!r}")
    for name in ("subject", "body"):
        _check_test(name, criteria.get(name))
    header = criteria.get("header")
    if isinstance(header, Mapping):
        for name, test in header.items():
            _check_test(f"header {name!r}", test)
    else:
        _check_test("header", header)


def _check_test(name: str, test: object) -> None:
    if test == "":
        raise ValueError(f"{name} is empty, which everything contains: leave it out")
    is_text = isinstance(test.pattern if isinstance(test, re.Pattern) else test, str)
    if test is not None and not is_text and (isinstance(test, re.Pattern) or not callable(test)):
        raise TypeError(f"{name} has to be a text, a pattern of text or a function, not {test!r}")


def _subject(message: Message) -> Iterable[str]:
    return (message.subject,)


def _bodies(message: Message) -> Iterable[str]:
    return (message.text, message.html)


def _fields(message: Message) -> Iterable[str]:
    return (f"{name}: {value}" for name, value in message.headers)


def _values(wanted: str) -> _Texts:
    return lambda message: (value for name, value in message.headers if name.lower() == wanted.lower())


def _shown(test: object) -> str:
    if isinstance(test, re.Pattern):
        return f"/{test.pattern}/"
    return repr(test) if isinstance(test, str | Mapping) else getattr(test, "__qualname__", repr(test))
