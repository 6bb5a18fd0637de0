"""What is asked of the server, and what is read of its answers."""

from __future__ import annotations

import base64
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from mailgate.control.caller import Call
from mailgate.testing import asking
from mailgate.testing.faults import Fault, Personality
from tests.testing.support import a_message, told, told_conversation


@pytest.mark.parametrize(
    ("call", "name", "arguments", "answer", "result"),
    [
        (asking.clear("t1"), "clear", {}, {"cleared": 2}, 2),
        (
            asking.set_password("t1", "a@b", "p"),
            "set_password",
            {"user": "a@b", "password": "p"},
            {"user": "a@b"},
            None,
        ),
        (
            asking.add_fault("t1", "smtp", Fault(at="rcpt")),
            "add_fault",
            {"protocol": "smtp", "at": "rcpt"},
            {"id": "f1"},
            "f1",
        ),
        (asking.faults("t1"), "faults", {}, {"faults": [{"id": "f1"}]}, [{"id": "f1"}]),
        (asking.remove_fault("t1", "f1"), "remove_fault", {"id": "f1"}, {"removed": "f1"}, None),
        (asking.clear_faults("t1"), "clear_faults", {}, {}, None),
        (asking.close_listener("t1", "l1"), "close_listener", {"id": "l1"}, {"closed": "l1"}, None),
        (asking.end_namespace("t1"), "end_namespace", {}, {"ended": "t1"}, None),
    ],
)
def test_a_call(call: Call[Any], name: str, arguments: dict[str, Any], answer: Any, result: Any) -> None:
    assert call.name == name
    assert call.arguments == {"namespace": "t1", **arguments}
    assert call.read(answer) == result


def test_messages_are_found_by_the_server_and_by_us() -> None:
    call = asking.messages("t1", {"to": "a@b", "subject": str.isupper}, removed=True)
    assert call.name == "messages"
    assert call.arguments == {"namespace": "t1", "to": "a@b", "removed": True, "content": True}
    assert call.read({"messages": [told(1), told(2, subject="YES")]}) == [a_message(2)]


def test_what_is_preloaded_goes_as_it_is() -> None:
    call = asking.preload("t1", "a@b", b"\xff\r\n")
    assert call.name == "preload"
    assert call.arguments == {"namespace": "t1", "to": "a@b", "content": base64.b64encode(b"\xff\r\n").decode()}
    assert call.read(told(1, content=None)) == f"{1:026}"


def test_a_listener_is_asked_for_with_its_faults_and_its_personality() -> None:
    faults = [Fault(at="connect", reply="421 no")]
    call = asking.open_listener("t1", "lmtp", faults, Personality(size=5), tls=True)
    assert call.name == "open_listener"
    assert call.arguments == {
        "namespace": "t1",
        "protocol": "lmtp",
        "faults": [{"protocol": "smtp", "at": "connect", "reply": "421 no"}],
        "personality": {"size": 5},
        "tls": True,
    }
    assert call.read({"id": "l1", "host": "h", "port": 1})["id"] == "l1"
    pop3 = asking.open_listener("t1", "pop3", faults, Personality(), tls=False)
    assert pop3.arguments["faults"][0]["protocol"] == "pop3"


def test_conversations_are_read() -> None:
    call = asking.conversations("t1", 5.0)
    assert (call.name, call.arguments) == ("conversations", {"namespace": "t1", "since": 5.0})
    assert [one.number for one in call.read({"conversations": [told_conversation()]})] == [7]


def test_mail_is_octets_a_message_a_file_or_a_directory(tmp_path: Path) -> None:
    (tmp_path / "b.eml").write_bytes(b"B")
    (tmp_path / "a.eml").write_bytes(b"A")
    (tmp_path / "notes.txt").write_bytes(b"no mail")
    message = EmailMessage()
    message["Subject"] = "hi"
    assert list(asking.contents(b"octets")) == [b"octets"]
    assert list(asking.contents(tmp_path / "b.eml")) == [b"B"]
    assert list(asking.contents(str(tmp_path / "b.eml"))) == [b"B"]
    assert list(asking.contents(tmp_path)) == [b"A", b"B"]
    assert list(asking.contents(message)) == [b"Subject: hi\r\n\r\n"]


def test_a_directory_without_mail_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no \.eml files in"):
        list(asking.contents(tmp_path))
    with pytest.raises(FileNotFoundError):
        list(asking.contents(tmp_path / "a.eml"))
