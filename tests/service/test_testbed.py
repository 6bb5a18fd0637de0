"""What a gateway for tests has besides: the calls, and what a namespace leaves behind."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.task import Clock

from mailgate.control.calls import Arguments, CallError, Functions
from mailgate.service import testbed as module
from mailgate.service.on_demand import OnDemand, Opened
from mailgate.service.ports import Listening
from mailgate.service.testbed import Testbed
from mailgate.service.wishes import Wish
from tests.support import result_of

ALICE = "alice@n1.example.test"


class Bench:
    def __init__(self, *, faults: bool = True) -> None:
        self.testbed = Testbed(Clock(), faults=faults)
        self.ended: list[str] = []
        self.closed = 0
        self.functions: Functions = self.testbed.functions(OnDemand(self._open), self._end_mail)

    def call(self, name: str, **arguments: Any) -> Any:
        return result_of(self.functions[name](Arguments(arguments)))

    def _open(self, wish: Wish) -> Opened:
        async def close() -> None:
            self.closed += 1

        return Opened(Listening("smtp.listen", "127.0.0.1", 40_000), close)

    async def _end_mail(self, namespace: str) -> None:
        self.ended.append(namespace)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_passwords(bench: Bench) -> None:
    assert bench.call("set_password", namespace="n1", user="Alice@N1.example.test", password="x") == {"user": ALICE}
    assert bench.testbed.passwords == {ALICE: "x"}
    bench.call("set_password", namespace="n1", user=ALICE)
    assert bench.testbed.passwords == {}
    bench.call("set_password", namespace="n1", user="everybodys@corp.test", password="y")
    assert bench.testbed.passwords == {"everybodys@corp.test": "y"}


@pytest.mark.parametrize("user", ["", "no mailbox", "bob@n2.example.test"])
def test_passwords_of_others_and_of_nobody(bench: Bench, user: str) -> None:
    with pytest.raises(CallError, match=r"user|another namespace"):
        bench.call("set_password", namespace="n1", user=user, password="x")


def test_there_is_an_end_to_passwords(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PASSWORDS", 1)
    bench.call("set_password", namespace="n1", user=ALICE, password="x")
    bench.call("set_password", namespace="n1", user=ALICE, password="y")
    with pytest.raises(CallError, match="1 passwords are set"):
        bench.call("set_password", namespace="n1", user="bob@n1.example.test", password="y")


def test_faults_come_and_go(bench: Bench) -> None:
    rule = {"protocol": "smtp", "at": "rcpt", "to": ALICE, "reply": "451 4.3.0 Try later", "times": 2}
    first = bench.call("add_fault", namespace="n1", **rule)["id"]
    second = bench.call("add_fault", namespace="n1", **rule)["id"]
    assert [fault["id"] for fault in bench.call("faults", namespace="n1")["faults"]] == [first, second]
    assert bench.call("faults", namespace="n2") == {"faults": []}
    with pytest.raises(CallError, match="there is no fault"):
        bench.call("remove_fault", namespace="n2", id=first)
    assert bench.call("remove_fault", namespace="n1", id=first) == {"removed": first}
    bench.call("clear_faults", namespace="n2")
    assert len(bench.call("faults", namespace="n1")["faults"]) == 1
    bench.call("clear_faults", namespace="n1")
    assert bench.call("faults", namespace="n1") == {"faults": []}


@pytest.mark.parametrize("rule", [{"at": "rcpt"}, {"protocol": "smtp", "at": "rcpt", "to": "x@n2.example.test"}])
def test_a_fault_that_cannot_be(bench: Bench, rule: dict[str, Any]) -> None:
    with pytest.raises(CallError) as failure:
        bench.call("add_fault", namespace="n1", **rule)
    assert failure.value.kind == "bad"


def test_where_faults_are_not_allowed_nobody_can_ask_for_one() -> None:
    bench = Bench(faults=False)
    assert not {name for name in bench.functions if "fault" in name}
    bench.call("end_namespace", namespace="n1")
    build = bench.testbed.decorated(lambda client, port: _silent(), "smtp")
    build("127.0.0.1", 1)
    assert len(bench.call("conversations")["conversations"]) == 1


def test_a_namespace_leaves_nothing_behind(bench: Bench) -> None:
    bench.call("set_password", namespace="n1", user=ALICE, password="x")
    bench.call("set_password", namespace="n2", user="bob@n2.example.test", password="x")
    bench.call("open_listener", namespace="n1")
    bench.call("add_fault", namespace="n1", protocol="pop3", at="login", user=ALICE, drop=True)
    assert bench.call("end_namespace", namespace="n1") == {"ended": "n1"}
    assert bench.testbed.passwords == {"bob@n2.example.test": "x"}
    assert (bench.closed, bench.ended) == (1, ["n1"])
    assert bench.call("faults", namespace="n1") == {"faults": []}


def test_what_is_everybodys_does_not_end(bench: Bench) -> None:
    with pytest.raises(CallError, match="namespace has to be"):
        bench.call("end_namespace", namespace="")


@pytest.mark.parametrize("namespace", ["T1", "no such", "-"])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("end_namespace", {}),
        ("conversations", {}),
        ("set_password", {"user": "everybodys@corp.test", "password": "x"}),
        ("add_fault", {"protocol": "smtp", "at": "rcpt", "reply": "451"}),
        ("faults", {}),
        ("remove_fault", {"id": "1"}),
        ("clear_faults", {}),
        ("open_listener", {}),
        ("close_listener", {"id": "listener-1"}),
    ],
)
def test_a_name_that_no_namespace_can_have(bench: Bench, name: str, arguments: dict[str, Any], namespace: str) -> None:
    with pytest.raises(CallError, match="a namespace is letters") as failure:
        bench.call(name, namespace=namespace, **arguments)
    assert failure.value.kind == "bad"


def test_a_listener_of_ones_own_is_heard_by_nobody_else(bench: Bench) -> None:
    bench.testbed.decorated(lambda client, port: _silent(), "smtp", namespace="n1")("127.0.0.1", 1)
    assert len(bench.testbed.conversations("n1")) == 1
    assert bench.testbed.conversations("n2") == bench.testbed.conversations("") == []


def test_conversations_since(bench: Bench) -> None:
    bench.testbed.decorated(lambda client, port: _silent(), "pop3")("127.0.0.1", 1)
    assert len(bench.call("conversations", namespace="n1", since=0)["conversations"]) == 1
    assert bench.testbed.conversations("n1") == bench.call("conversations", namespace="n1")["conversations"]
    with pytest.raises(CallError, match="since"):
        bench.call("conversations", since="yesterday")


def _silent() -> Any:
    """A machine and a session of which nothing is asked."""
    return object(), object()
