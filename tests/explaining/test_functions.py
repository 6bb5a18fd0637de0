"""The call `explain`."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from mailgate.control.calls import Arguments, CallError
from mailgate.explaining.functions import MAX_CONTENT_OCTETS, make_explain_functions
from mailgate.mail import Message
from tests.explaining.support import ALICE, House, saying
from tests.support import result_of


class Bench:
    """The call, and the messages that a handler was shown."""

    def __init__(self, directory: Path) -> None:
        self.seen: list[Message] = []
        self.house = House(directory)
        judge = saying(self._see)
        self.functions = make_explain_functions(self.house.surroundings(judges=[judge]))

    def _see(self, message: Message) -> str:
        self.seen.append(message)
        return "passes it"

    def call(self, **arguments: Any) -> dict[str, Any]:
        told: dict[str, Any] = result_of(self.functions["explain"](Arguments(arguments)))
        return told

    def message(self, **arguments: Any) -> Message:
        self.call(address=ALICE, **arguments)
        return self.seen[-1]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize("address", [ALICE, f"<{ALICE}>", "Alice@Example.Test"])
def test_an_address(bench: Bench, address: str) -> None:
    assert bench.call(address=address)["maildrops"] == [ALICE]
    assert list(bench.functions) == ["explain"]


def test_a_bare_postmaster(bench: Bench) -> None:
    told = bench.call(address="postmaster")
    assert told["sentence"] == f"Mail to <postmaster> reaches {ALICE}"


def test_what_is_made_up_and_what_is_not(bench: Bench) -> None:
    assert str(bench.message().envelope.reverse_path) == "sender@example.com"
    assert str(bench.message(**{"from": "bob@b.test"}).envelope.reverse_path) == "bob@b.test"
    assert bench.message(**{"from": "<>"}).envelope.reverse_path.is_null
    assert bench.message(client="2001:db8::1").envelope.session.client == "2001:db8::1"
    assert bench.message(client="local").envelope.session.client == "local"
    given = bench.message(content=base64.b64encode(b"A: b\r\n\r\nhi\r\n").decode())
    assert given.body.content == b"A: b\n\nhi\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({}, "address has to be a text"),
        ({"address": "alice"}, "address has to be an address, not 'alice'"),
        ({"address": "<>"}, "address has to be an address"),
        ({"address": "<a@b.test> x"}, "address has to be an address"),
        ({"address": ALICE, "from": "x"}, "from has to be an address"),
        ({"address": ALICE, "client": "example.com"}, "client has to be an IP address"),
        ({"address": ALICE, "content": "?"}, "content has to be base64"),
        ({"address": ALICE, "contents": ""}, "there is no argument 'contents'"),
    ],
)
def test_what_is_not_understood(bench: Bench, arguments: dict[str, Any], complaint: str) -> None:
    with pytest.raises(CallError, match=complaint) as error:
        bench.call(**arguments)
    assert error.value.kind == "bad"


def test_a_message_that_is_too_large(bench: Bench) -> None:
    content = base64.b64encode(b"x" * (MAX_CONTENT_OCTETS + 1)).decode()
    with pytest.raises(CallError) as error:
        bench.call(address=ALICE, content=content)
    assert error.value.kind == "too large"


def test_a_message_that_servers_may_not_send_either(bench: Bench) -> None:
    told = bench.call(address=ALICE, size=MAX_CONTENT_OCTETS + 1)
    assert (told["result"], told["reply"]["code"], told["reply"]["status"]) == ("refused", 552, "5.3.4")
    assert bench.seen == []  # what it was not given, no handler is shown


def test_a_size_that_says_too_little(bench: Bench) -> None:
    with pytest.raises(CallError, match="26214400 are the limit of what can be explained") as error:
        bench.call(address=ALICE, size=MAX_CONTENT_OCTETS)
    assert error.value.kind == "too large"
    with pytest.raises(CallError, match="size is for a message whose content is not given"):
        bench.call(address=ALICE, size=MAX_CONTENT_OCTETS + 1, content=base64.b64encode(b"x").decode())
