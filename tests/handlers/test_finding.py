"""From a word in the configuration to a handler, or to a fault that says what to do."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import attrs
import pytest
from zope.interface import Interface, implementer

from mailgate.config import Handler
from mailgate.handlers.add_field import AddField
from mailgate.handlers.finding import TAKEN, BadHandler, check_handler, make_handler
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


class Named(Good):
    def __init__(self, name: str, timeout: int = 5) -> None:
        """A name of which it could not be told."""


class Needy(Good):
    def __init__(self, a: int, /, b: int, *, c: int, **rest: int) -> None:
        """Needs more than it can get."""


class Mute(Good):
    """Does not say what it takes."""

    __signature__ = "nonsense"


def strange() -> object:
    return Stranger()


def quits() -> object:
    raise SystemExit(3)


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch) -> None:
    made = types.ModuleType("their_handlers")
    things = (Good, Unfinished, Stranger, Named, Needy, Mute, strange, quits)
    vars(made).update({thing.__name__: thing for thing in things}, number=1)
    monkeypatch.setitem(sys.modules, "their_handlers", made)


def test_an_entry_point() -> None:
    assert isinstance(make_handler("add-field", {"field": "X-A", "value": "b"}, "handler[1]"), AddField)


@pytest.mark.parametrize(("use", "options"), [("Good", {"wanted": 3}), ("Mute", {})])
def test_a_dotted_name(use: str, options: dict[str, int]) -> None:
    assert check_handler(f"their_handlers:{use}", options, "handler[1]") == ()
    assert isinstance(make_handler(f"their_handlers:{use}", options, "handler[1]"), Good)


def test_what_is_taken_are_the_keys_that_mailgate_reads_itself() -> None:
    assert {field.name for field in attrs.fields(Handler)} == {*TAKEN, "options"}


@pytest.mark.parametrize(
    ("use", "options", "complaints"),
    [
        ("add-feld", {}, [r"\[1\]: no handler is called 'add-feld' \(did you mean 'add-field'\?\)"]),
        ("zzz", {}, [r"known are add-field, exec, loop-guard; or say package\.module:factory"]),
        (":x", {}, ["no handler is called ':x'"]),
        (".rel:x", {}, ["no handler is called '.rel:x'"]),
        ("their_handlers:", {}, ["no handler is called 'their_handlers:'"]),
        ("their_handlers:Bad", {}, ["cannot be imported: .*Bad"]),
        ("no_such_module:Bad", {}, ["cannot be imported: No module named 'no_such_module'"]),
        ("their_handlers:number", {}, ["is not a class or function"]),
        ("their_handlers:Unfinished", {}, ["handle"]),
        ("their_handlers:Stranger", {}, ["provides nothing that the pipeline asks .*@implementer"]),
        (
            "their_handlers:Good",
            {"wantd": 1, "xyzzy": 2},
            [r"\[1\].wantd: .* no such setting \(did you mean 'wanted'\?\)", r"\[1\].xyzzy: .*\(known: wanted\)"],
        ),
        ("their_handlers:quits", {"x": 1}, ["it takes none"]),
        ("add-field", {}, [r"\[1\]\.field: missing: add-field needs it", r"\[1\]\.value: missing"]),
        ("their_handlers:Named", {}, ["needs a setting 'name' that it cannot get .*use, name, timeout, on_error"]),
        ("their_handlers:Needy", {"x": 1, "c": 2}, ["needs a setting 'a' that it cannot get", r"\[1\].b: missing"]),
    ],
)
def test_faults_that_show_before_it_is_made(use: str, options: dict[str, int], complaints: list[str]) -> None:
    faults = check_handler(use, options, "handler[1]")
    assert len(faults) == len(complaints)
    for fault, complaint in zip(faults, complaints, strict=True):
        assert re.search(complaint, str(fault)), fault
    with pytest.raises(BadHandler) as caught:
        make_handler(use, options, "handler[1]")
    assert caught.value.faults == faults


@pytest.mark.parametrize(
    ("use", "options", "complaint"),
    [
        ("Good", {"wanted": -1}, "does not take these settings: wanted is not negative"),
        ("Good", {"wanted": 100}, "cannot be made: RuntimeError: the moon is full"),
        ("quits", {}, "cannot be made: SystemExit: 3"),
        ("strange", {}, "provides nothing that the pipeline asks"),
    ],
)
def test_faults_that_show_when_it_is_made(use: str, options: dict[str, int], complaint: str) -> None:
    assert check_handler(f"their_handlers:{use}", options, "handler[1]") == ()
    with pytest.raises(BadHandler, match=complaint) as caught:
        make_handler(f"their_handlers:{use}", options, "handler[1]")
    assert [fault.where for fault in caught.value.faults] == ["handler[1]"]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("def x(:", "SyntaxError: invalid syntax"),
        ("raise ValueError('at import')", "ValueError: at import"),
        ("raise SystemExit(4)", "SystemExit: 4"),
        ("import no_such_module", "No module named 'no_such_module'"),
        ("def __getattr__(name): raise RuntimeError(name)", "RuntimeError: Handler"),
    ],
)
def test_modules_that_fail(source: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "failing_handlers.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    (fault,) = check_handler("failing_handlers:Handler", {}, "handler[1]")
    sys.modules.pop("failing_handlers", None)
    assert fault.what.startswith(f"failing_handlers:Handler cannot be imported: {complaint}")
