"""What `explain` is made from: the parts of a gateway that runs, or those that its files alone make."""

from __future__ import annotations

import base64
import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from mailgate.config import SMTP as SMTPSection
from mailgate.config import Accounts, Handler, Limits, Maildrops, Store, Submission
from mailgate.control.calls import Arguments
from mailgate.limits.networks import Network
from mailgate.service.explanation import explanation
from mailgate.units import Octets
from tests.service.house import House, settings
from tests.support import result_of

ALICE = "alice@example.test"
CLIENT = "192.0.2.1"


def explain(house: House, address: str = ALICE, *, running: bool = True, **more: Any) -> dict[str, Any]:
    """With the clock and the clients of a gateway that runs, or without."""
    there: tuple[Any, ...] = (house.reactor, house.listeners.admission) if running else ()
    access, front = house.access, house.front
    functions = explanation(
        house.config, access.directory, access.rulebook, access.domains, front.store, front.judges, *there
    )
    told: dict[str, Any] = result_of(functions["explain"](Arguments({"address": address, **more})))
    return told


def answers(told: dict[str, Any], topic: str) -> str:
    return " | ".join(
        f"{step['question']} {step['answer']} {step.get('detail', '')} {step.get('where', '')}"
        for step in told["steps"]
        if step["topic"] == topic
    )


def house_of(directory: Path, **changes: Any) -> House:
    return House(settings(directory, **changes))


@pytest.mark.parametrize("running", [True, False])
def test_mail_reaches_its_maildrop_and_nothing_is_written(tmp_path: Path, running: bool) -> None:
    house = house_of(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    told = explain(house, running=running)
    assert told["result"] == "kept" and told["maildrops"] == [ALICE]
    assert str(tmp_path / "mail" / "example.test" / "alice") in answers(told, "path")
    assert str(tmp_path / "domains" / "example.test" / "users") in str(told["steps"])
    assert sorted(tmp_path.rglob("*")) == before


def test_nobody_of_that_name(tmp_path: Path) -> None:
    told = explain(house_of(tmp_path), "nobody@example.test")
    assert told["result"] == "refused" and "550" in told["sentence"]


def test_postmaster_is_the_hostnames(tmp_path: Path) -> None:
    house = house_of(tmp_path, hostname="mx.example.test")
    (tmp_path / "domains" / "example.test" / "aliases").write_text("postmaster: bob\n")
    assert explain(house, "postmaster")["maildrops"] == ["bob@example.test"]


def test_everybody_is_somebody_in_development(tmp_path: Path) -> None:
    house = House(settings(tmp_path), for_tests=True)
    assert explain(house, "anybody@wherever.test")["result"] == "kept"


def test_the_spelling_and_the_rules_are_those_of_the_configuration(tmp_path: Path) -> None:
    accounts = Accounts(directory=str(tmp_path / "domains"), separators="-")
    house = house_of(tmp_path, accounts=accounts, maildrops=Maildrops(keep_days=30))
    assert explain(house, "alice-list@example.test")["maildrops"] == [ALICE]
    assert explain(house, "alice+list@example.test")["result"] == "refused"
    assert "30 days" in answers(explain(house), "retention")


@pytest.mark.parametrize(("over_quota", "result"), [("defer", "put off"), ("refuse", "refused")])
def test_a_full_maildrop(tmp_path: Path, over_quota: Any, result: str) -> None:
    store = Store(directory=str(tmp_path / "mail"), min_free=Octets(0), over_quota=over_quota)
    house = house_of(tmp_path, store=store, maildrops=Maildrops(quota_messages=1))
    assert explain(house)["result"] == "kept"
    new = tmp_path / "mail" / "example.test" / "alice" / "new"
    new.mkdir(parents=True)
    (new / "1700000000.1.elsewhere,S=5,W=5").write_bytes(b"a: b\n")
    told = explain(house)
    assert told["result"] == result and "1 of 1 message" in answers(told, "quota")


def test_a_full_disk(tmp_path: Path) -> None:
    store = Store(directory=str(tmp_path / "mail"), min_free=Octets((1 << 63) - 1))
    told = explain(house_of(tmp_path, store=store))
    assert told["result"] == "put off" and "452" in told["sentence"]


def test_handlers_are_asked_in_their_order(tmp_path: Path) -> None:
    handlers = (Handler(use="loop-guard", name="first"), Handler(use="loop-guard", name="second"))
    told = explain(house_of(tmp_path, handler=handlers))
    said = answers(told, "handler")
    assert 0 <= said.index("first") < said.index("second")


@pytest.mark.parametrize(
    ("changes", "content", "result"),
    [
        ({"smtp": SMTPSection(max_message=Octets(100))}, b"x" * 101, "refused"),
        ({"smtp": SMTPSection(max_message=Octets(200))}, b"x" * 101, "kept"),
        ({"limits": Limits(line=Octets(1_000))}, b"Subject: x\n\n" + b"x" * 1_001 + b"\n", "refused"),
        ({"limits": Limits(line=Octets(2_000))}, b"Subject: x\n\n" + b"x" * 1_001 + b"\n", "kept"),
        ({"limits": Limits(hops=2)}, b"Received: x\n" * 3 + b"\n", "refused"),
        ({"limits": Limits(hops=3)}, b"Received: x\n" * 3 + b"\n", "kept"),
    ],
)
def test_a_message_is_held_against_the_limits(
    tmp_path: Path, changes: dict[str, Any], content: bytes, result: str
) -> None:
    told = explain(house_of(tmp_path, **changes), content=base64.b64encode(content).decode())
    assert told["result"] == result, told["sentence"]


def test_clients_are_held_against_the_limits(tmp_path: Path) -> None:
    limits = Limits(
        connections=50,
        connections_per_client=2,
        connections_per_minute=7,
        exempt=(Network("198.51.100.0/24"),),
    )
    house = house_of(tmp_path, limits=limits)
    told = answers(explain(house, client=CLIENT), "client")
    for said in ("2 connections at a time", "7 new ones a minute", "50 connections of all clients"):
        assert said in told
    assert "no limits of its own" in answers(explain(house, client="198.51.100.9"), "client")
    for _ in range(2):
        house.listeners.admission.enter(CLIENT, "smtp")
    full = explain(house, client=CLIENT)
    assert full["result"] == "put off" and "2 connections of its own now" in answers(full, "client")
    assert explain(house, client=CLIENT, running=False)["result"] == "kept"  # nobody is there


@pytest.mark.parametrize("smarthost", ["", "smtps://relay.example.org"])
def test_mail_for_others_goes_by_the_smarthost_if_there_is_one(tmp_path: Path, smarthost: str) -> None:
    house = house_of(tmp_path, submission=Submission(smarthost=smarthost))
    told = explain(house, "somebody@elsewhere.test")
    assert told["result"] == "refused"  # strangers are not relayed for
    assert ("by the smarthost" in answers(told, "domain")) is bool(smarthost)


def test_a_maildrop_in_use_is_looked_at_all_the_same(tmp_path: Path) -> None:
    house = house_of(tmp_path, maildrops=Maildrops(quota_messages=5))
    directory = tmp_path / "mail" / "example.test" / "alice"
    (directory / "new").mkdir(parents=True)
    descriptor = os.open(directory, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert "0 of 5 messages" in answers(explain(house), "quota")
    os.close(descriptor)


def test_the_last_sweep_is_the_states(tmp_path: Path) -> None:
    house = house_of(tmp_path, maildrops=Maildrops(keep_days=30))
    before = answers(explain(house), "retention")
    (tmp_path / "sweeps.json").write_text('{"last_sweep": 99999999999}')
    after = answers(explain(house), "retention")
    assert "5138" in after and "5138" not in before
