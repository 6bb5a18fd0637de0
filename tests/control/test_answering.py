"""Every outcome of a call becomes octets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mailgate.control.answering import Answer, Calls, refused
from mailgate.control.calls import Arguments, CallError, Octets
from tests.control.doors import SOME_ID, Desk, new_id
from tests.support import logged, outcome_of, result_of, started


def answer(name: str, values: dict[str, Any] | None = None) -> Answer:
    return result_of(Calls(Desk().functions(), new_id).answer(name, values or {}))


def error_of(answer: Answer) -> dict[str, Any]:
    assert isinstance(answer.content, bytes)
    error: dict[str, Any] = json.loads(answer.content)["error"]
    assert error["kind"] == answer.kind
    return error


def test_a_result_is_json() -> None:
    assert answer("echo", {"to": "ä"}) == Answer(b'{"got": {"to": "\\u00e4"}}')


def test_octets_stay_octets() -> None:
    assert answer("give_octets") == Answer(Octets(b"octets"))


def test_an_error_tells_its_details() -> None:
    told = error_of(answer("refuse"))
    assert told == {"kind": "busy", "message": "a session has it open", "maildrops": ["alice@example.test"]}


def test_a_call_that_is_not_there() -> None:
    told = error_of(answer("sing" * 100))
    assert told["kind"] == "missing"
    assert "echo, fail, give_nonsense" in told["message"]
    assert len(told["message"]) < 250


def test_a_server_without_calls() -> None:
    assert "there are: none" in error_of(result_of(Calls({}, new_id).answer("echo", {})))["message"]


@pytest.mark.parametrize("call", ["fail", "give_nonsense"])
def test_what_is_unexpected_is_logged_and_its_id_is_told(call: str) -> None:
    with logged() as events:
        told = error_of(answer(call))
    assert told == {"kind": "failed", "message": f"this failed on the server's side; its log has it as error {SOME_ID}"}
    assert [(event["error"], event["where"]) for event in events] == [(SOME_ID, call)]
    assert events[0]["log_failure"].getTraceback()


def test_details_that_are_no_json_are_a_failure_of_ours() -> None:
    async def refuse(arguments: Arguments) -> Any:
        raise CallError("bad", "no", why=object())

    with logged() as events:
        told = error_of(result_of(Calls({"refuse": refuse}, new_id).answer("refuse", {})))
    assert (told["kind"], len(events)) == ("failed", 1)


def test_a_cancelled_call_is_no_failure() -> None:
    desk = Desk()
    waits = started(Calls(desk.functions(), new_id).answer("wait", {}))
    with logged() as events:
        waits.cancel()
    assert error_of(outcome_of(waits))["kind"] == "unavailable"
    assert (desk.cancelled, events) == (1, [])


def test_half_a_surrogate_pair_goes_out() -> None:
    assert refused(CallError("bad", "\ud800")).content == b'{"error": {"kind": "bad", "message": "\\ud800"}}'
