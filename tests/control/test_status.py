"""The call `status`."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from mailgate import facts
from mailgate.control.calls import Arguments, CallError
from mailgate.control.status import make_status_functions, sentence_of
from mailgate.metrics.instruments import Certificate
from mailgate.noticing.reasons import STANDSTILL_SECONDS
from mailgate.rules import DAY_SECONDS
from tests.metrics.gateway import STARTED, State
from tests.metrics.samples import a
from tests.support import result_of


def status(state: State, **arguments: Any) -> dict[str, Any]:
    function = make_status_functions(state.instruments, lambda: [("smtp.listen", "0.0.0.0:25")])["status"]
    told: dict[str, Any] = result_of(function(Arguments(arguments)))
    return told


def test_a_gateway_at_rest() -> None:
    state = State()
    state.clock.advance(90)
    told = status(state)
    assert json.loads(json.dumps(told)) == told
    assert {name: told[name] for name in ("version", "pid", "node", "started", "uptime_seconds", "problems")} == {
        "version": "1.2",
        "pid": os.getpid(),
        "node": "n1",
        "started": STARTED,
        "uptime_seconds": 90,
        "problems": [],
    }
    assert told["listening"] == [{"listener": "smtp.listen", "place": "0.0.0.0:25"}]
    assert told["commits"] == {"waiting": 0, "oldest_seconds": 0}
    assert told["disk"] == {"free_octets": 1_000, "octets": 5_000, "free_inodes": 9, "inodes": 10}
    assert (told["certificates"], told["sessions"]) == ([], {})
    assert told["sweeper"] == {"last_sweep": None, "held": ""}


def test_a_gateway_at_work() -> None:
    state = State()
    state.tell(
        a(facts.Connected, session="1", listener="smtp"),
        a(facts.Connected, session="2", listener="smtp"),
        a(facts.Connected, session="3", listener="pop3"),
        a(facts.Secured, session="2", tls="TLSv1.3 X"),
        a(facts.Accepted, listener="smtp"),
    )
    state.commits.begin()
    state.clock.advance(2)
    state.certificates = [Certificate("mx.example.org", state.now() + 30.5 * DAY_SECONDS)]
    state.last_sweep = STARTED - 60
    told = status(state)
    assert told["sessions"] == {"pop3": {"open": 1, "secured": 0}, "smtp": {"open": 2, "secured": 1}}
    assert told["rates"]["messages"] == {"minute": 1, "hour": 1}
    assert told["commits"] == {"waiting": 1, "oldest_seconds": 2}
    assert told["certificates"] == [
        {"name": "mx.example.org", "not_after": state.certificates[0].not_after, "days_left": 30}
    ]
    assert told["sweeper"] == {"last_sweep": STARTED - 60, "held": ""}
    assert told["problems"] == []


def test_keys_that_wait_for_a_restart() -> None:
    state = State()
    assert status(state)["waiting"] == []
    state.waiting = ("smtp.listen", "store.directory")
    told = status(state)
    assert told["waiting"] == ["smtp.listen", "store.directory"]
    assert told["problems"] == []  # nothing is wrong: it goes on with what it has
    assert sentence_of(state.instruments).startswith("Sessions: ")


def test_a_disk_that_cannot_be_seen() -> None:
    state = State()
    state.disk = OSError()
    assert status(state)["disk"] is None


def test_problems() -> None:
    state = State()
    state.not_ready = "/mail has 0 octets free"
    state.warning = "the configuration was not taken"
    day = state.now() + DAY_SECONDS
    state.certificates = [
        Certificate("a", day * 2),
        Certificate("b", day, refused="b.pem: has no PEM certificate"),
        Certificate("c", state.now() - DAY_SECONDS),  # a check's matter
    ]
    state.tell(a(facts.Failed), a(facts.NotDelivered), a(facts.NotDelivered))
    state.tell(a(facts.SweepHeld, reason="see to the clock", at=state.now()))
    told = status(state)
    assert told["problems"] == [
        "/mail has 0 octets free",
        "the configuration was not taken",
        "the renewed certificate b is wrong, the old one is shown: b.pem: has no PEM certificate",
        "the certificate b expires in 1 days: renew it",
        "no mail expires: see to the clock",
        "1 unexpected errors in the last hour: mailgate log --level error",
        "2 deliveries did not come about in the last hour: mailgate log --level error",
    ]
    assert [one["days_left"] for one in told["certificates"]][1:] == [1, -1]


def test_a_sweeper_that_stands_still() -> None:
    state = State()
    state.last_sweep = STARTED - STANDSTILL_SECONDS
    state.clock.advance(3_599)
    assert status(state)["problems"] == []  # it has only just begun to look
    state.clock.advance(1)
    assert status(state)["problems"] == [
        "no mail expires: the last sweep was 2 days ago, and there should be one every day"
    ]
    state.last_sweep = state.now() - STANDSTILL_SECONDS
    assert status(state)["problems"] == []


def test_it_takes_no_arguments() -> None:
    with pytest.raises(CallError):
        status(State(), user="alice")


def test_a_line_for_systemd() -> None:
    state = State()
    state.tell(a(facts.Connected, session="1", listener="smtp"), a(facts.Accepted))
    assert sentence_of(state.instruments) == "Sessions: 1. Messages in the last hour: 1."
    state.not_ready = "the disk is full"
    assert sentence_of(state.instruments) == ("Problem: the disk is full. Sessions: 1. Messages in the last hour: 1.")
    state.warning = "the configuration was not taken"
    assert sentence_of(state.instruments).startswith("Problem: the disk is full (and 1 more). ")
