"""A namespace with Deferreds: the same questions, asked of the functions themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import Clock

from mailgate.control.caller import CallFailed
from mailgate.control.calls import Arguments, CallError
from mailgate.testing.deferring import NamespaceInReactor
from mailgate.testing.faults import Fault, Personality
from mailgate.testing.no_mail import NoMail, UnexpectedMail
from mailgate.testing.ready import Ready
from tests.support import outcome_of
from tests.testing.fake_gateway import ready_line
from tests.testing.support import a_message, told, told_conversation

TO = "alice@t1.example.test"


class Desk:
    """Functions that answer from a table, and note what they were asked."""

    def __init__(self, **answers: Any) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.functions = {name: self._function(name, answer) for name, answer in answers.items()}

    def _function(self, name: str, answer: Any) -> Any:
        async def function(arguments: Arguments) -> Any:
            self.asked.append((name, arguments._values))
            result = answer() if callable(answer) else answer
            return await result if isinstance(result, Deferred) else result

        return function


def made(**answers: Any) -> tuple[NamespaceInReactor, Desk]:
    desk = Desk(**answers)
    ready = Ready.read(ready_line("/nowhere"))
    return NamespaceInReactor("t1", lambda: ready, desk.functions, Clock().seconds), desk


def timeout(**details: Any) -> Any:
    def raise_it() -> None:
        raise CallError("timeout", "it did not come", **details)

    return raise_it


def test_its_places_are_those_of_any_namespace() -> None:
    namespace, _ = made()
    assert namespace.address("alice") == TO
    assert namespace.smtp.port == 2525


def test_a_message_is_waited_for() -> None:
    arriving: Deferred[Any] = Deferred()
    namespace, desk = made(wait=arriving)
    waiting = namespace.wait_for(to=TO, timeout=3)
    assert not waiting.called
    arriving.callback({"messages": [told(1)]})
    assert outcome_of(waiting) == a_message(1)
    assert desk.asked == [("wait", {"namespace": "t1", "to": TO, "content": True, "count": 1, "timeout": 3.0})]


def test_several_are_a_list() -> None:
    namespace, _ = made(wait={"messages": [told(1), told(2)]})
    assert outcome_of(namespace.wait_for(count=2)) == [a_message(1), a_message(2)]


def test_a_function_of_the_tests_has_a_say() -> None:
    answers = iter([{"messages": [told(1)]}, {"messages": [told(2, subject="YES")]}])
    namespace, desk = made(wait=lambda: next(answers))
    assert outcome_of(namespace.wait_for(subject=str.isupper)) == a_message(2)
    assert [arguments.get("after") for _, arguments in desk.asked] == [None, 1]


def test_a_time_out_is_no_mail() -> None:
    namespace, _ = made(wait=timeout(arrived=[told(1)], conversations=[told_conversation("S: 220 hi")]))
    with pytest.raises(NoMail, match=r"(?s)no message within 5 s.*'Welcome'.*S: 220 hi"):
        outcome_of(namespace.wait_for())


def test_another_failure_is_told_as_over_the_socket() -> None:
    def refuse() -> None:
        raise CallError("busy", "somebody reads", maildrops=["a"])

    namespace, _ = made(wait=refuse, clear=refuse)
    refused: list[Deferred[Any]] = [namespace.wait_for(), namespace.clear(), namespace.assert_no_mail()]
    for each in refused:
        with pytest.raises(CallFailed, match="somebody reads") as error:
            outcome_of(each)
        assert (error.value.kind, error.value.details) == ("busy", {"maildrops": ["a"]})


def test_a_call_that_is_not_there() -> None:
    namespace, _ = made()
    with pytest.raises(CallFailed, match="no call 'add_fault'"):
        outcome_of(namespace.faults.smtp(at="rcpt"))


def test_who_cancels_waits_no_longer() -> None:
    arriving: Deferred[Any] = Deferred()
    namespace, _ = made(wait=arriving)
    waiting = namespace.wait_for()
    waiting.cancel()
    with pytest.raises(CancelledError):
        outcome_of(waiting)
    assert arriving.called


def test_no_mail_is_what_was_expected() -> None:
    namespace, _ = made(wait=timeout())
    assert outcome_of(namespace.assert_no_mail(within=0.1)) is None


def test_unexpected_mail_is_shown() -> None:
    namespace, _ = made(wait={"messages": [told(1)]})
    with pytest.raises(UnexpectedMail, match=f"no message to {TO} was expected"):
        outcome_of(namespace.assert_no_mail(to=TO))


def test_all_else_is_asked_as_elsewhere() -> None:
    namespace, desk = made(
        messages={"messages": [told(1)]},
        clear={"cleared": 1},
        preload={"id": "m1"},
        conversations={"conversations": [told_conversation()]},
        set_password={},
        add_fault={"id": "f1"},
        faults={"faults": []},
        remove_fault={},
        clear_faults={},
        end_namespace={},
    )
    assert outcome_of(namespace.messages()) == [a_message(1)]
    assert outcome_of(namespace.clear()) == 1
    assert outcome_of(namespace.preload(TO, b"x")) == ["m1"]
    assert outcome_of(namespace.conversations())[0].number == 7
    outcome_of(namespace.set_password(TO, "new"))
    assert namespace.password_of(TO) == "new"
    assert outcome_of(namespace.faults.smtp(at="rcpt")) == "f1"
    assert outcome_of(namespace.faults.pop3(at="retr")) == "f1"
    assert outcome_of(namespace.faults.list()) == []
    outcome_of(namespace.faults.remove("f1"))
    outcome_of(namespace.faults.clear())
    outcome_of(namespace.end())
    assert [name for name, _ in desk.asked] == [
        "messages",
        "clear",
        "preload",
        "conversations",
        "set_password",
        "add_fault",
        "add_fault",
        "faults",
        "remove_fault",
        "clear_faults",
        "end_namespace",
    ]


def test_a_password_that_was_not_set_is_not_used() -> None:
    def refuse() -> None:
        raise CallError("bad", "no")

    namespace, _ = made(set_password=refuse)
    with pytest.raises(CallFailed):
        outcome_of(namespace.set_password(TO, "new"))
    assert namespace.password_of(TO) == namespace.password


def test_a_listener_is_opened_and_closed() -> None:
    namespace, desk = made(
        open_listener=lambda: succeed({"id": "l1", "host": "127.0.0.1", "port": 2000}), close_listener={}
    )
    listener = outcome_of(namespace.listener(faults=[Fault(at="connect")], personality=Personality(size=5), tls=True))
    assert (listener.host, listener.port) == ("127.0.0.1", 2000)
    outcome_of(listener.close())
    assert desk.asked[-1] == ("close_listener", {"namespace": "t1", "id": "l1"})
    assert desk.asked[0][1]["personality"] == {"size": 5}
