"""When retention removes a message, and who said so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from attrs import evolve

from mailgate.accounts.decisions import Decisions
from mailgate.accounts.register import Register
from mailgate.explaining.keeping import DEFAULT, Said, retention
from mailgate.rules import NO_RULES, Retention, Rules
from mailgate.sweeping.schedule import Schedule
from tests.accounts.support import domain
from tests.explaining.support import ALICE, NOW


@pytest.fixture
def schedule(tmp_path: Path) -> Schedule:
    return Schedule(str(tmp_path / "sweeps.json"))


def register(user: Decisions, own: Decisions | None) -> Register:
    made = domain("example.test", "alice")
    accounts = {name: evolve(account, decisions=user) for name, account in made.accounts.items()}
    return Register.of([evolve(made, accounts=accounts, decisions=own)])


def told(rules: Rules | None, schedule: Schedule, said: Said | None = None) -> list[tuple[str, str, str, str]]:
    steps = list(retention(rules, said or Said(), schedule, NOW))
    assert {step.topic for step in steps} == {"retention"}
    return [(step.question, step.answer, step.detail, step.where) for step in steps]


def test_who_said_what() -> None:
    said = Said.of(ALICE, register(Decisions(keep_days=1), Decisions(keep_days=2, quota=3)), "/domains")
    assert said.where("keep_days") == "users:1"
    assert said.where("quota") == "/domains/example.test/rules"
    assert said.where("removed_days") == DEFAULT
    assert Said.of(ALICE, None, "").where("keep_days") == DEFAULT
    assert Said.of("zoe@example.test", register(Decisions(), Decisions(quota=0)), "").where("keep_days") == DEFAULT
    assert Said.of("zoe@gone.test", register(Decisions(), Decisions()), "").not_understood == ""


def test_without_rules_it_stays(schedule: Schedule) -> None:
    forever = Rules(retention=Retention(days=1))
    assert len(told(forever, schedule)) == 2  # nothing is kept besides
    never = "never by itself: only when its owner deletes it"
    assert told(NO_RULES, schedule) == [("When does it go?", never, "", DEFAULT)]


def test_every_rule_is_told(schedule: Schedule) -> None:
    rules = Rules(
        retention=Retention(days=30, fetched_days=7, messages=10, octets=1 << 20, min_days=3), removed_days=14
    )
    spared = "the oldest first, none before 3 days"
    assert told(rules, schedule) == [
        ("When does it go?", "not before 2023-11-17, 3 days from now", "whoever deletes it by POP3 is faster", ""),
        ("By which rule?", "30 days after its delivery", "keep_days", DEFAULT),
        ("By which rule?", "7 days after it was first fetched whole", "keep_fetched_days", DEFAULT),
        ("By which rule?", f"when there are more than 10 messages, {spared}", "keep_messages", DEFAULT),
        ("By which rule?", f"when there is more than 1 MiB, {spared}", "keep_octets", DEFAULT),
        ("And then?", "it can still be had for 14 days", "removed_days", DEFAULT),
    ]


@pytest.mark.parametrize(
    ("rules", "where"), [(None, ""), (Rules(retention=Retention(days=1)), "/domains/example.test/rules")]
)
def test_nothing_goes_by_rules_that_are_not_understood(rules: Rules | None, where: str, schedule: Schedule) -> None:
    said = Said.of(ALICE, register(Decisions(), None), "/domains") if where else Said()
    never = "never, until the rules of its domain are understood"
    assert told(rules, schedule, said) == [("When does it go?", never, "", where)]


def test_sweeps_that_are_held(schedule: Schedule, tmp_path: Path) -> None:
    (tmp_path / "sweeps.json").write_text(json.dumps({"last_sweep": NOW + 100}))
    question, answer, detail, _ = told(Rules(retention=Retention(days=1)), schedule)[-1]
    assert (question, answer) == ("Does anything go now?", "no: sweeps are held")
    assert "--clock-is-right" in detail
