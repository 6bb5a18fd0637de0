"""`mailgate log`, with a server whose answers are written down."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from mailgate.cli import main
from mailgate.cli.log import MAX_COUNT, WAIT_SECONDS
from mailgate.control.log_calls import COUNT, MAX_ANSWER_LINES, MAX_WAIT_SECONDS
from mailgate.control.log_filter import FILTERS
from mailgate.control.log_rendering import RANKS
from tests.cli.answers import server

EMPTY = dict.fromkeys(FILTERS, "")


def line(number: int, text: str, level: str = "info") -> dict[str, Any]:
    return {"number": number, "time": 1_700_000_000.5 + number, "level": level, "text": text}


def answer(*lines: dict[str, Any], seen: int, missed: int = 0) -> dict[str, Any]:
    return {"lines": list(lines), "next": seen, "missed": missed}


def log(house: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["log", "--config", str(house / "mailgate.toml"), *options])


def test_the_last_lines(gateway: Path) -> None:
    with server(gateway, answer(line(1, "accepted m"), line(2, "no room", "warn"), seen=2)) as told:
        result = log(gateway)
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert re.fullmatch(r"2023-11-1\dT\d\d:\d\d:\d\d[+-]\d{4} info accepted m", first)
    assert second.endswith(" warn no room")
    assert told.asked == [("log", {**EMPTY, "count": 50, "level": "info"})]


def test_filters(gateway: Path) -> None:
    filters = {"user": "a@b", "address": "c@d", "client": "192.0.2.1", "session": "s", "message": "m"}
    options = [part for name, value in filters.items() for part in (f"--{name}", value)]
    with server(gateway, answer(seen=0)) as told:
        assert log(gateway, "-n", "3", "--level", "error", *options).exit_code == 0
    assert told.asked == [("log", {**filters, "count": 3, "level": "error"})]


def test_following(gateway: Path) -> None:
    answers = [answer(line(5, "one"), seen=5), answer(seen=9), answer(line(10, "two"), seen=10, missed=4)]
    with server(gateway, *answers) as told:
        result = log(gateway, "--follow", "--user", "alice")
    assert [text.split()[-1] for text in result.stdout.splitlines()] == ["one", "two"]
    assert result.stderr.startswith("mailgate: 4 lines were lost")
    assert result.exit_code == 1 and "closed the connection" in result.stderr  # it has ended
    asked = [{key: arguments.get(key) for key in ("after", "timeout", "count", "user")} for _, arguments in told.asked]
    more = {"timeout": WAIT_SECONDS, "count": MAX_COUNT, "user": "alice"}
    assert asked == [
        {"after": None, "timeout": None, "count": 50, "user": "alice"},
        {"after": 5, **more},
        {"after": 9, **more},
        {"after": 10, **more},
    ]


def test_ctrl_c_ends_it(gateway: Path, monkeypatch: Any) -> None:
    def interrupted(*arguments: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("mailgate.cli.log.ask", interrupted)
    result = log(gateway, "--follow")
    assert (result.exit_code, result.output) == (0, "")


def test_for_programs(gateway: Path) -> None:
    told = {**line(1, "accepted"), "fact": "Accepted", "recipients": ["ä@b"]}
    with server(gateway, answer(told, seen=1)):
        result = log(gateway, "--json")
    assert json.loads(result.stdout) == told


def test_what_the_server_does_not_take(gateway: Path) -> None:
    with server(gateway, error={"kind": "bad", "message": "client: 'x' is not understood"}):
        result = log(gateway, "--client", "x")
    assert result.exit_code == 1 and "client: 'x' is not understood" in result.stderr


def test_without_a_server(gateway: Path) -> None:
    result = log(gateway, "-f")
    assert (result.exit_code, result.stdout) == (3, "")


def test_the_server_understands_what_may_be_asked() -> None:
    assert MAX_COUNT == MAX_ANSWER_LINES and WAIT_SECONDS <= MAX_WAIT_SECONDS and COUNT == 50
    result = CliRunner().invoke(main, ["log", "--help"])
    assert all(f"--{name}" in result.output for name in FILTERS) and "|".join(RANKS) in result.output
