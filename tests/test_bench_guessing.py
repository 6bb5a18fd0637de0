"""How the brute-force run guesses, counts and judges. The run itself is `make guess`."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from attrs import evolve

from bench.guessing import MAX_LOOKS, Tale, guesses, looks, note, tell
from mailgate.log import describe
from tests.test_fail2ban import failed, throttled

FINE = {"looked": [90, 60, 20, 9, MAX_LOOKS, 0], "memory": (80.0, 85.0, 90.0)}


def line(second: int, fact: Any) -> str:
    return f"2026-11-23T16:36:{second:02}+0000 warn {describe(fact)}\n"


def test_passwords_that_were_looked_at_are_told_from_those_that_were_not() -> None:
    said = line(1, failed()) + line(9, failed()) + line(12, throttled()) + line(25, throttled()) + line(29, failed())
    assert looks(said + "2026-11-23T16:36:40+0000 info login alice: pop3 192.0.2.1, session s\n") == [2, 0, 1]


def test_no_guess_is_made_twice() -> None:
    made = [guess for source in range(3) for guess in itertools.islice(guesses(source), 1_000)]
    assert len(set(made)) == 3_000
    assert {"alice@example.test", "user0@example.test", "nobody2@example.test"} < {name for name, _ in made}


def test_answers_are_counted_by_kind_and_a_guess_that_is_let_in_is_a_fault() -> None:
    tale = Tale()
    for reply in ("-ERR [AUTH] no\r\n", "-ERR [AUTH] other\r\n", "454 4.7.0 Later\r\n", "235 2.7.0 Welcome\r\n"):
        note(reply, tale)
    assert tale.guesses == {"-ERR [AUTH]": 2, "454 4.7.0": 1, "235 2.7.0": 1}
    assert len(tale.trouble) == 1


def told(capsys: pytest.CaptureFixture[str], tale: Tale, **changes: Any) -> tuple[int, list[str]]:
    values = {**FINE, **changes}
    status = tell(tale, 60.0, values["looked"], values["memory"])
    return status, [line for line in capsys.readouterr().out.splitlines() if line.startswith("FAULT")]


def test_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    fine = Tale(polls=[0.1] * 60, newcomer_seconds=8.0)
    assert told(capsys, fine) == (0, [])
    for tale, changes in (
        (evolve(fine, polls=[0.1, 2.0]), {}),
        (evolve(fine, polls=[]), {}),
        (evolve(fine, newcomer_seconds=20.0), {}),
        (evolve(fine, trouble=["x", "x"]), {}),
        (fine, {"memory": (80.0, 180.0, 180.0)}),
        (fine, {"looked": [90, 60, 20, 9, MAX_LOOKS + 1, 0]}),
    ):
        status, faults = told(capsys, tale, **changes)
        assert status == 1 and len(faults) == 1
