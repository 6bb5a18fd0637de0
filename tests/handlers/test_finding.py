"""From a word in the configuration to a handler, or to a fault that says what to do."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator

import pytest
from zope.interface import Interface, implementer

from mailgate.handlers.add_field import AddField
from mailgate.handlers.finding import BadHandler, make_handler
from mailgate.interfaces import IMessageHandler
from mailgate.mail import PASS, Message, Verdict


@implementer(IMessageHandler)
class Good:
    def __init__(self, wanted: int = 0) -> None:
        if wanted < 0:
            raise ValueError("wanted is not negative")
        if wanted > 99:
            raise RuntimeError("the moon is full")

    def handle(self, message: Message) -> Verdict:
        return PASS


@implementer(IMessageHandler)
class Unfinished:  # type: ignore[misc]
    """Claims what it does not do."""


class ISomethingElse(Interface):
    """Nothing that the pipeline asks."""


@implementer(ISomethingElse)
class Stranger:
    """Of no use here."""


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    made = types.ModuleType("their_handlers")
    vars(made).update(Good=Good, Unfinished=Unfinished, Stranger=Stranger, number=1)
    monkeypatch.setitem(sys.modules, "their_handlers", made)
    yield


def test_an_entry_point() -> None:
    assert isinstance(make_handler("add-field", {"name": "X-A", "value": "b"}, "handler 1"), AddField)


def test_a_dotted_name() -> None:
    assert isinstance(make_handler("their_handlers:Good", {"wanted": 3}, "handler 1"), Good)


@pytest.mark.parametrize(
    ("use", "options", "complaint"),
    [
        ("add-feld", {}, r"no handler is called 'add-feld' \(did you mean 'add-field'\?\)"),
        ("zzz", {}, r"known are add-field, loop-guard; or say package\.module:factory"),
        ("their_handlers:Bad", {}, "cannot be imported: .*Bad"),
        ("no_such_module:Bad", {}, "cannot be imported: No module named 'no_such_module'"),
        ("their_handlers:number", {}, "is not a class or function"),
        ("their_handlers:Good", {"unwanted": 1}, "does not take these settings: .*unwanted"),
        ("their_handlers:Good", {"wanted": -1}, "does not take these settings: wanted is not negative"),
        ("their_handlers:Good", {"wanted": 100}, "cannot be made: RuntimeError: the moon is full"),
        ("their_handlers:Unfinished", {}, "handle"),
        ("their_handlers:Stranger", {}, "provides nothing that the pipeline asks .*@implementer"),
    ],
)
def test_faults(use: str, options: dict[str, int], complaint: str) -> None:
    with pytest.raises(BadHandler, match=complaint) as caught:
        make_handler(use, options, "handler 1")
    assert caught.value.fault.where == "handler 1"
