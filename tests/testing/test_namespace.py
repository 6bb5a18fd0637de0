"""What a test has, with a server made of a table: what is asked, and what the test sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mailgate.control.caller import CallFailed
from mailgate.testing.faults import Fault, Personality
from mailgate.testing.namespace import Namespace
from mailgate.testing.no_mail import NoMail, UnexpectedMail
from tests.testing.support import Arrivals, Scripted, a_message, told, told_conversation

TO = "alice@t1.example.test"


def made(**answers: Any) -> tuple[Namespace, Scripted]:
    server = Scripted(**answers)
    return Namespace(server, "t1"), server


def test_a_message_is_waited_for() -> None:
    namespace, server = made(wait=Arrivals(told(1), told(2)))
    assert namespace.wait_for(to=TO, subject="Welcome", timeout=3) == a_message(1)
    name, arguments = server.asked[0]
    assert name == "wait"
    assert arguments["namespace"] == "t1"
    assert (arguments["to"], arguments["subject"]) == (TO, "Welcome")
    assert 2 < arguments["timeout"] <= 3


def test_several_are_a_list_and_so_is_one_if_it_was_counted() -> None:
    namespace, _ = made(wait=Arrivals(told(1), told(2)))
    assert namespace.wait_for(count=2) == [a_message(1), a_message(2)]
    assert namespace.wait_for(count=1) == [a_message(1)]


@pytest.mark.parametrize("count", [0, -1])
def test_none_cannot_be_waited_for(count: int) -> None:
    namespace, _ = made(wait=Arrivals(told(1)))
    with pytest.raises(ValueError, match="assert_no_mail"):
        namespace.wait_for(count=count)


def test_a_function_of_the_tests_has_a_say() -> None:
    namespace, server = made(wait=Arrivals(told(1), told(2, subject="YES"), told(3), told(4, subject="ALSO")))
    assert [message.number for message in namespace.wait_for(subject=str.isupper, count=2)] == [2, 4]
    assert [arguments.get("after") for _, arguments in server.asked] == [None, 1, 2, 3]


def test_a_time_out_tells_what_arrived_and_was_said() -> None:
    conversation = told_conversation("C: RCPT TO:<bob@t1.example.test>")
    namespace, _ = made(wait=Arrivals(told(1, subject="Other"), conversations=(conversation,)))
    with pytest.raises(
        NoMail, match=r"(?s)no message with subject str.isupper within 0.1 s.*'Other'.*C: RCPT TO:<bob@"
    ):
        namespace.wait_for(subject=str.isupper, timeout=0.1)


def test_another_failure_is_no_missing_mail() -> None:
    def refuse(arguments: object) -> None:
        raise CallFailed("bad", "to has to be an address", {})

    namespace, _ = made(wait=refuse)
    with pytest.raises(CallFailed, match="has to be an address"):
        namespace.wait_for(to="alice")
    with pytest.raises(CallFailed, match="has to be an address"):
        namespace.assert_no_mail(to="alice")


def test_no_mail_is_what_was_expected() -> None:
    namespace, server = made(wait=Arrivals(told(1)))
    namespace.assert_no_mail(to=TO, subject=str.isupper, within=0.05)
    assert server.asked[0][1]["timeout"] <= 0.05


def test_unexpected_mail_is_shown() -> None:
    namespace, _ = made(wait=Arrivals(told(1)))
    with pytest.raises(
        UnexpectedMail, match=f"no message to {TO} was expected, but there is <Message 'Welcome'"
    ) as failed:
        namespace.assert_no_mail(to=TO)
    assert failed.value.message == a_message(1)


def test_what_is_there_is_listed_and_cleared() -> None:
    namespace, server = made(messages={"messages": [told(1)]}, clear={"cleared": 1})
    assert namespace.messages(to=TO) == [a_message(1)]
    assert namespace.messages(removed=True) == [a_message(1)]
    assert [arguments["removed"] for _, arguments in server.asked] == [False, True]
    assert namespace.clear() == 1


def test_mail_is_preloaded_in_order(tmp_path: Path) -> None:
    (tmp_path / "2.eml").write_bytes(b"two")
    (tmp_path / "1.eml").write_bytes(b"one")
    namespace, _ = made(preload=lambda arguments: {"id": arguments["content"]})
    assert namespace.preload(TO, tmp_path) == ["b25l", "dHdv"]


def test_conversations_are_read() -> None:
    namespace, server = made(conversations={"conversations": [told_conversation("S: 220 hi")]})
    assert [line.text for line in namespace.conversations()[0].lines] == ["220 hi"]
    assert server.asked == [("conversations", {"namespace": "t1", "since": namespace.began})]


def test_the_password_that_was_set_is_used() -> None:
    namespace, server = made(set_password={})
    before = namespace.password_of(TO)
    assert before == namespace.password != ""
    namespace.set_password(TO, "new")
    assert server.asked == [("set_password", {"namespace": "t1", "user": TO, "password": "new"})]
    assert namespace.password_of(TO) == "new"
    assert namespace.password_of("bob@t1.example.test") == before


def test_a_listener_is_opened_and_closed() -> None:
    namespace, server = made(open_listener={"id": "l1", "host": "127.0.0.1", "port": 2000}, close_listener={})
    with namespace.listener("pop3", faults=[Fault(at="greeting")], personality=Personality(hide=["UIDL"])) as listener:
        assert (listener.host, listener.port, listener.ssl_context) == ("127.0.0.1", 2000, None)
        assert server.asked[-1][0] == "open_listener"
    assert server.asked[-1] == ("close_listener", {"namespace": "t1", "id": "l1"})
    assert namespace.listener(tls=True).ssl_context == namespace.ssl_context


def test_faults_are_set_listed_and_taken_back() -> None:
    namespace, server = made(
        add_fault={"id": "f1"}, faults={"faults": [{"id": "f1"}]}, remove_fault={}, clear_faults={}
    )
    assert namespace.faults.smtp(to=TO, at="rcpt", reply="451 4.3.0 Try later", times=2) == "f1"
    assert namespace.faults.pop3(user=TO, at="retr", drop_after_octets=100, times=1) == "f1"
    assert namespace.faults.list() == [{"id": "f1"}]
    namespace.faults.remove("f1")
    namespace.faults.clear()
    assert [(name, arguments.get("protocol")) for name, arguments in server.asked] == [
        ("add_fault", "smtp"),
        ("add_fault", "pop3"),
        ("faults", None),
        ("remove_fault", None),
        ("clear_faults", None),
    ]


def test_it_ends_with_its_block() -> None:
    namespace, server = made(end_namespace={})
    with namespace as same:
        assert same is namespace
        assert server.asked == []
    assert server.asked == [("end_namespace", {"namespace": "t1"})]
