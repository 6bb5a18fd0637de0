"""One call over a socket: what comes back, and what is said if nothing does."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mailgate.control.caller import Call, Caller, CallFailed, GatewayGone, NobodyThere
from tests.testing.fake_gateway import HANG_UP, FakeServer


def a_call(name: str = "ports", **arguments: Any) -> Call[Any]:
    return Call(name, arguments, lambda result: result)


@contextmanager
def served(path: Path, answers: dict[str, Any]) -> Iterator[list[tuple[str, Any]]]:
    asked: list[tuple[str, Any]] = []
    with FakeServer(str(path), answers, lambda name, arguments: asked.append((name, arguments))):
        yield asked


def caller(path: Path, **other: Any) -> Caller:
    return Caller(str(path), lambda: "it said: boom", **other)


def test_the_result_is_read(tmp_path: Path) -> None:
    call = Call("clear", {"namespace": "t1"}, lambda result: result["cleared"] + 1)
    with served(tmp_path / "s", {"clear": {"result": {"cleared": 2}}}) as asked:
        assert caller(tmp_path / "s").ask(call) == 3
    assert asked == [("clear", {"namespace": "t1"})]


def test_an_error_has_its_kind_message_and_details(tmp_path: Path) -> None:
    error = {"error": {"kind": "timeout", "message": "it did not come", "arrived": [1]}}
    with served(tmp_path / "s", {"wait": error}), pytest.raises(CallFailed, match="it did not come") as failed:
        caller(tmp_path / "s").ask(a_call("wait"))
    assert (failed.value.kind, failed.value.message) == ("timeout", "it did not come")
    assert failed.value.details == {"arrived": [1]}


def test_an_error_can_be_sent_to_another_process() -> None:
    copy = pickle.loads(pickle.dumps(CallFailed("busy", "somebody reads", {"names": ["a"]})))
    assert (copy.kind, copy.message, copy.details) == ("busy", "somebody reads", {"names": ["a"]})


def test_many_threads_call_at_once(tmp_path: Path) -> None:
    with served(tmp_path / "s", {"ports": {"result": 1}}) as asked, ThreadPoolExecutor(8) as threads:
        one = caller(tmp_path / "s")
        assert sum(threads.map(lambda number: one.ask(a_call("ports", number=number)), range(50))) == 50
    assert sorted(arguments["number"] for _, arguments in asked) == list(range(50))


def test_a_server_that_hangs_up_is_gone_and_its_words_are_told(tmp_path: Path) -> None:
    with served(tmp_path / "s", {"ports": HANG_UP}), pytest.raises(GatewayGone, match=r"(?s)closed.*'ports'.*boom"):
        caller(tmp_path / "s").ask(a_call())


def test_a_server_that_is_not_there_is_gone(tmp_path: Path) -> None:
    with pytest.raises(GatewayGone, match=r"(?s)could not be asked for 'ports': .*No such file.*boom"):
        caller(tmp_path / "s").ask(a_call())


def test_a_server_that_does_not_answer_in_time_is_gone(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        with pytest.raises(GatewayGone, match=r"(?s)did not answer 'wait' within 0.02 s.*boom"):
            caller(tmp_path / "s", answer_seconds=0.01).ask(Call("wait", {}, lambda result: result, seconds=0.01))


@pytest.mark.parametrize(
    ("owner", "advice"),
    [
        ("mailgate", r"belongs to mailgate; run this as that user \(sudo -u mailgate \.\.\.\), or as root"),
        ("root", "belongs to root; run this as root\n"),
        (None, "is not yours; run this as root, or as the user that mailgate runs as"),
    ],
)
def test_a_server_that_is_not_ours_to_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: str | None, advice: str
) -> None:
    def refuse(*_: Any) -> bytes:
        raise PermissionError(13, "Permission denied")

    def named(number: int) -> Any:
        if owner is None:
            raise KeyError(number)
        return SimpleNamespace(pw_name=owner)

    monkeypatch.setattr(Caller, "_exchange", refuse)
    monkeypatch.setattr("mailgate.control.caller.pwd.getpwuid", named)
    said = f"(?s)could not be asked for 'ports': Permission denied: {tmp_path} {advice}.*boom"
    with pytest.raises(GatewayGone, match=said) as caught:
        caller(tmp_path / "s").ask(a_call())
    assert not isinstance(caught.value, NobodyThere)


def test_a_server_in_a_directory_that_we_may_not_even_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Caller, "_exchange", refuse)
    with pytest.raises(GatewayGone, match="run this as root, or as the user that mailgate runs as"):
        caller(Path("/no/such/directory/control.sock")).ask(a_call())
