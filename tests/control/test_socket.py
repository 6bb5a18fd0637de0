"""The socket's door: dialogues, and clients that do not read, do not end, or go away."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from mailgate.control import json_lines
from mailgate.control.calls import Octets
from mailgate.control.socket import BUFFER_OCTETS, CLOSE_SECONDS, SocketFactory
from tests.control.doors import FULL_OCTETS, Desk, Wire, new_id
from tests.support import logged, splits


class Client:
    """A connection to the socket."""

    def __init__(self, desk: Desk | None = None, factory: SocketFactory | None = None) -> None:
        self.desk = desk or Desk()
        self.clock = Clock()
        self.factory = factory or SocketFactory(self.desk.functions(), self.clock, new_id)
        self.wire = Wire()  # type: ignore[no-untyped-call]
        self.connection = self.factory.buildProtocol(None)
        self.connection.makeConnection(self.wire)  # type: ignore[no-untyped-call]

    def send(self, octets: bytes) -> None:
        self.connection.dataReceived(octets)

    def call(self, name: str, **arguments: Any) -> None:
        self.send(json.dumps({"call": name, "arguments": arguments}).encode() + b"\n")

    def read(self) -> list[Any]:
        """The answers that are there; they have to be whole."""
        octets = self.wire.take()
        assert octets.endswith(b"\n") or not octets
        return [json.loads(line) for line in octets.splitlines()]

    def leave(self) -> None:
        self.connection.connectionLost(Failure(ConnectionDone()))


def test_a_call_is_answered() -> None:
    client = Client()
    client.call("echo", to="alice@example.test", count=2)
    assert client.read() == [{"result": {"got": {"to": "alice@example.test", "count": 2}}}]


@given(st.data())
def test_requests_are_answered_in_order_however_they_arrive(data: st.DataObject) -> None:
    client = Client()
    requests = b"".join(json.dumps({"call": "echo", "arguments": {"n": n}}).encode() + b"\n" for n in range(3))
    answers = []
    for piece in data.draw(splits(requests)):
        client.send(piece)
        answers += client.read()
    assert answers == [{"result": {"got": {"n": n}}} for n in range(3)]


def test_octets_go_in_base64() -> None:
    client = Client()
    client.desk.octets = Octets(b"octets", "message/rfc822", "1.eml")
    client.call("give_octets")
    assert client.read() == [{"result": {"content": "b2N0ZXRz", "content_type": "message/rfc822", "filename": "1.eml"}}]


def test_errors_do_not_end_the_connection() -> None:
    client = Client()
    with logged() as events:
        for line in (b"{\n", b"[]\n", b'{"call": "sing"}\n', b'{"call": "refuse"}\n', b'{"call": "fail"}\n'):
            client.send(line)
    client.call("echo")
    *errors, last = client.read()
    assert [error["error"]["kind"] for error in errors] == ["bad", "bad", "missing", "busy", "failed"]
    assert (last, len(events)) == ({"result": {"got": {}}}, 1)
    assert "secret" not in json.dumps(errors)


def test_what_comes_during_a_call_waits_for_its_end() -> None:
    client = Client()
    client.call("wait")
    client.call("echo")
    assert client.read() == []
    client.desk.waiting[0].callback("there")
    assert client.read() == [{"result": "there"}, {"result": {"got": {}}}]


def test_one_request_at_a_time() -> None:
    client = Client()
    client.call("wait")
    client.call("wait")
    assert len(client.desk.waiting) == 1
    client.desk.waiting[0].callback(1)
    assert len(client.desk.waiting) == 2


def test_a_client_that_leaves_ends_its_wait() -> None:
    client = Client()
    client.call("wait")
    with logged() as events:
        client.leave()
    assert (client.desk.cancelled, events) == (1, [])
    assert client.wire.take() == b""


def test_connections_are_strangers() -> None:
    one = Client()
    two = Client(one.desk, one.factory)
    one.call("wait")
    two.call("wait")
    one.leave()
    assert one.desk.cancelled == 1
    one.desk.waiting[1].callback("there")
    assert two.read() == [{"result": "there"}]


def test_an_answer_after_the_client_has_left_goes_nowhere() -> None:
    client = Client()
    client.desk.says_when_cancelled = "too late"
    client.call("wait")
    client.leave()
    assert client.wire.take() == b""


# Who does not read.


def test_a_large_answer_is_made_while_it_is_read() -> None:
    client = Client()
    client.desk.octets = Octets(bytes(1_000_000))
    client.call("give_octets")
    read = []
    while octets := client.wire.take():
        assert len(octets) < 3 * FULL_OCTETS
        read.append(octets)
    assert len(read) > 5
    assert len(json.loads(b"".join(read))["result"]["content"]) == 1_333_336


def test_who_does_not_read_is_not_answered_further() -> None:
    client = Client()
    client.desk.octets = Octets(bytes(200_000))
    for _ in range(100):
        client.call("give_octets")
    client.call("echo")
    assert len(client.wire.value()) < 3 * FULL_OCTETS  # type: ignore[no-untyped-call]
    octets = b""
    while more := client.wire.take():
        octets += more
    assert [sorted(json.loads(line)["result"]) for line in octets.splitlines()][-2:] == [
        ["content", "content_type", "filename"],
        ["got"],
    ]
    assert octets.count(b"\n") == 101


def test_who_is_far_ahead_is_not_read_from() -> None:
    client = Client()
    client.call("wait")
    client.send(b" " * (BUFFER_OCTETS - 1))
    assert client.wire.is_read_from
    client.send(b" ")
    assert not client.wire.is_read_from
    client.desk.waiting[0].callback("there")
    assert client.wire.is_read_from
    client.send(b'{"call": "echo"}\n')
    assert client.read() == [{"result": "there"}, {"result": {"got": {}}}]


def test_a_request_may_be_larger_than_what_may_wait() -> None:
    client = Client()
    client.send(b'{"call": "echo", "arguments": {"content": "')
    for _ in range(20):
        client.send(b"x" * BUFFER_OCTETS)
    client.send(b'"}}\n')
    octets = b""
    while more := client.wire.take():
        octets += more
    assert len(json.loads(octets)["result"]["got"]["content"]) == 20 * BUFFER_OCTETS


def test_a_client_that_leaves_while_it_is_answered() -> None:
    client = Client()
    client.desk.octets = Octets(bytes(1_000_000))
    client.call("give_octets")
    client.leave()
    client.wire.clear()  # type: ignore[no-untyped-call]
    client.connection.resumeProducing()
    client.connection.stopProducing()
    assert client.wire.take() == b""


# Lines that are too long.


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client that may send lines of 100 octets."""
    monkeypatch.setattr(json_lines.LineBuffer.__init__, "__defaults__", (100,))
    return Client()


def test_a_line_that_is_too_long_is_answered_at_once_and_ends_the_connection(strict: Client) -> None:
    strict.send(b"x" * 101)
    [answer] = strict.read()
    assert answer == {"error": {"kind": "too large", "message": "a request has at most 100 octets"}}
    strict.send(b"x" * 1_000)
    assert not strict.wire.disconnecting  # it still writes, and would not see the answer
    strict.send(b'\n{"call": "echo"}\n')
    assert strict.wire.disconnecting
    assert strict.read() == []
    strict.leave()
    assert strict.clock.getDelayedCalls() == []


def test_a_line_that_is_too_long_and_whole(strict: Client) -> None:
    strict.call("echo")
    strict.send(b"x" * 101 + b"\n" + b'{"call": "echo"}\n')
    assert [sorted(answer) for answer in strict.read()] == [["result"], ["error"]]
    assert strict.wire.disconnecting


def test_a_line_that_never_ends_is_cut(strict: Client) -> None:
    strict.send(b"x" * 101)
    strict.clock.advance(CLOSE_SECONDS - 1)
    strict.send(b"x" * 101)
    assert not strict.wire.disconnecting
    strict.clock.advance(1)
    assert strict.wire.was_cut


# The factory.


def test_all_connections_can_be_closed() -> None:
    one = Client()
    two = Client(one.desk, one.factory)
    gone = Client(one.desk, one.factory)
    gone.leave()
    one.factory.close_all()
    assert [client.wire.was_cut for client in (one, two, gone)] == [True, True, False]


def test_it_is_a_push_producer() -> None:
    verifyObject(IPushProducer, Client().connection)
