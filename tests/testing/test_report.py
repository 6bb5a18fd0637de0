"""What a failing test's report says."""

from __future__ import annotations

from typing import Any

from mailgate.control.caller import GatewayGone
from mailgate.testing.namespace import Namespace
from mailgate.testing.report import sections
from tests.testing.support import Scripted, a_message, told, told_conversation


def reported(**answers: Any) -> dict[str, str]:
    return dict(sections(Namespace(Scripted(**answers), "t1")))


def test_mail_and_conversations_are_shown() -> None:
    shown = reported(
        messages={"messages": [told(1)]}, conversations={"conversations": [told_conversation("S: 220 hi")]}
    )
    assert shown["mail of t1.example.test"] == f"{a_message(1)!r}\n    Your code is 123456"
    assert "S: 220 hi" in shown["conversations of t1.example.test"]


def test_nothing_is_shown_as_nothing() -> None:
    shown = reported(messages={"messages": []}, conversations={"conversations": []})
    assert shown["mail of t1.example.test"] == "Nothing arrived."
    assert shown["conversations of t1.example.test"].startswith("No client connected")


def test_much_is_cut() -> None:
    many = [told(number, content=b"\n" + b"line\n" * 100) for number in range(50)]
    lines = reported(messages={"messages": many}, conversations={"conversations": []})["mail of t1.example.test"]
    assert lines.splitlines()[0] == "… 30 older ones"
    assert len(lines.splitlines()) == 1 + 20 * (1 + 8 + 1)


def test_one_whose_content_is_gone_is_shown_without() -> None:
    gone = {**told(removed=True), "content": None}
    shown = reported(messages={"messages": [gone]}, conversations={"conversations": []})
    assert shown["mail of t1.example.test"].splitlines()[1] == "    (its content is not remembered any more)"


def test_a_server_that_has_died_does_not_break_the_report() -> None:
    def died(arguments: object) -> None:
        raise GatewayGone("the gateway closed the connection\nit said: boom")

    shown = reported(messages=died, conversations=died)
    assert set(shown.values()) == {"GatewayGone: the gateway closed the connection\nit said: boom"}
