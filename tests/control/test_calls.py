"""One call: its arguments, as either door brings them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailgate.control.calls import STATUSES, Arguments, CallError


def complaint(ask: Callable[[Arguments], Any], **values: Any) -> str:
    """What is said of these arguments."""
    with pytest.raises(CallError) as caught:
        ask(Arguments(values))
    assert caught.value.kind == "bad"
    return caught.value.message


def test_an_error_is_json() -> None:
    error = CallError("busy", "alice is open", maildrops=["alice"])
    assert error.as_json() == {"error": {"kind": "busy", "message": "alice is open", "maildrops": ["alice"]}}
    assert str(error) == "alice is open"
    assert STATUSES["busy"] == 409


def test_unknown_arguments_are_errors() -> None:
    Arguments({"to": "a"}).only("to", "from")
    said = complaint(lambda arguments: arguments.only("to", "from"), form="a")
    assert said == "there is no argument 'form'; there are from, to"


def test_all_but_some() -> None:
    assert Arguments({"namespace": "t1", "at": "rcpt"}).besides("namespace", "id") == {"at": "rcpt"}


def test_text() -> None:
    assert Arguments({"to": "a"}).text("to") == "a"
    assert Arguments({}).text("to", "b") == "b"
    assert complaint(lambda arguments: arguments.text("to"), to=1) == "to has to be a text, not 1"


def test_text_that_has_to_be_there() -> None:
    assert Arguments({"id": "a"}).wanted("id") == "a"
    assert complaint(lambda arguments: arguments.wanted("id")) == "id has to be a text, not nothing"
    assert complaint(lambda arguments: arguments.wanted("id"), id="") == "id has to be a text, not nothing"


def test_texts() -> None:
    assert Arguments({}).texts("header") == []
    assert Arguments({"header": "a"}).texts("header") == ["a"]
    assert Arguments({"header": ["a", "", "b"]}).texts("header") == ["a", "b"]
    for value in (1, ["a", 1], {"a": "b"}):
        assert "a text or a list of texts" in complaint(lambda arguments: arguments.texts("header"), header=value)


@pytest.mark.parametrize("value", [2, 2.0, "2", "2.0"])
def test_numbers_come_as_text_too(value: Any) -> None:
    assert Arguments({"n": value}).number("n", 1, most=2) == 2.0
    assert Arguments({"n": value}).integer("n", 1, most=2) == 2


@pytest.mark.parametrize("value", [3, -1, "x", "", "nan", "inf", True, None, [1]])
def test_what_is_no_number_between(value: Any) -> None:
    assert "a number from 0 to 2" in complaint(lambda arguments: arguments.number("n", 1, most=2), n=value)


def test_a_whole_number() -> None:
    assert Arguments({}).integer("n", 1, most=2) == 1
    assert "a whole number" in complaint(lambda arguments: arguments.integer("n", 1, most=2), n=1.5)


@pytest.mark.parametrize(
    ("value", "flag"), [(True, True), ("YES", True), ("1", True), (False, False), ("off", False), ("", False)]
)
def test_flags(value: Any, flag: bool) -> None:
    assert Arguments({"removed": value}).flag("removed") is flag


def test_what_is_no_flag() -> None:
    assert Arguments({}).flag("removed", True) is True
    for value in ("maybe", 1, None):
        assert "true or false" in complaint(lambda arguments: arguments.flag("removed"), removed=value)


def test_tables_and_lists() -> None:
    assert Arguments({"rule": {"at": "rcpt"}}).table("rule") == {"at": "rcpt"}
    assert Arguments({"rules": [1]}).list("rules") == [1]
    assert Arguments({}).table("rule") == {} and Arguments({}).list("rules") == []
    assert "an object" in complaint(lambda arguments: arguments.table("rule"), rule="x")
    assert "a list" in complaint(lambda arguments: arguments.list("rules"), rules={})
