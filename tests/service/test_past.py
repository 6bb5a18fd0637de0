"""A clock that contradicts what has been."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import LogLevel, formatEvent

from mailgate.service.past import FIRST_RELEASE, TAIL_OCTETS, TOLERATED_SECONDS, Past
from tests.support import logged

NOW = 1_800_000_000.0  # 2027-01-15 08:00 UTC
HOUR = 3_600.0


class Machine:
    """A state directory, and a clock that can be put anywhere."""

    def __init__(self, directory: Path, now: float = NOW) -> None:
        self.directory, self.now = directory, now
        self.past = Past(str(directory), lambda: self.now)

    def swept(self, at: float) -> None:
        (self.directory / "sweeps.json").write_text(json.dumps({"last_sweep": at}))

    def journal(self, *times: float, name: str = "2027-01-15.00000.jsonl", rest: bytes = b"") -> Path:
        file = self.directory / "journal" / name
        file.parent.mkdir(exist_ok=True)
        lines = [json.dumps({"message": "m", "at": at, "what": "fetched"}).encode() for at in times]
        file.write_bytes(b"".join(line + b"\n" for line in lines) + rest)
        return file

    def told(self) -> str:
        """What it says right after its look at the state."""
        self.past.look()
        return self.past.contradiction()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_new_one_knows_when_the_program_was_made(machine: Machine) -> None:
    assert machine.past.contradiction() == machine.told() == ""
    machine.now = FIRST_RELEASE - TOLERATED_SECONDS
    assert machine.told() == ""
    machine.now = 125.0
    assert machine.told() == (
        "the clock says 1970-01-01 00:02 UTC, but this program was made after 2026-01-01 00:00 UTC: set the clock "
        "('timedatectl' shows what sets it). Meanwhile mail is taken, with wrong dates"
    )


def test_the_last_sweep(machine: Machine) -> None:
    machine.swept(NOW + HOUR)
    said = machine.told()
    assert "says 2027-01-15 08:00 UTC, but the last sweep was at 2027-01-15 09:00 UTC: set the clock" in said
    assert "if it is right, say so: mailgate store sweep --clock-is-right" in said
    machine.swept(NOW)  # which is what that command does
    assert machine.past.contradiction() == ""


def test_the_journals_newest_line(machine: Machine) -> None:
    machine.journal(NOW + 9 * HOUR, name="2027-01-14.00000.jsonl")  # of an earlier file: the newest one decides
    file = machine.journal(NOW, NOW + HOUR, NOW - HOUR, rest=b'{"mess')
    said = machine.told()
    assert "but the journal has a line of 2027-01-15 09:00 UTC: set the clock" in said
    assert f"if it is right, remove {file}" in said
    file.unlink()
    assert machine.past.contradiction() == ""


def test_a_file_without_lines_says_nothing_and_the_one_before_it_does(machine: Machine) -> None:
    machine.journal(NOW + HOUR, name="2027-01-14.00000.jsonl")
    machine.journal(rest=b"\0\0\nno JSON\n")
    assert "the journal has a line of 2027-01-15 09:00" in machine.told()


def test_of_a_long_file_the_end_is_read(machine: Machine) -> None:
    machine.journal(NOW + 9 * HOUR, *[NOW] * (TAIL_OCTETS // 40), NOW + HOUR)
    assert "a line of 2027-01-15 09:00" in machine.told()


def test_the_newest_of_all_is_named(machine: Machine) -> None:
    machine.swept(NOW + HOUR)
    machine.journal(NOW + 2 * HOUR)
    assert "the journal has" in machine.told()
    machine.swept(NOW + 3 * HOUR)
    assert "the last sweep" in machine.told()


def test_it_holds_until_the_clock_is_set_whatever_is_written_meanwhile(machine: Machine) -> None:
    file = machine.journal(NOW + HOUR)
    with logged() as events:
        assert machine.told()
    assert [(event["log_level"], "set the clock" in formatEvent(event)) for event in events] == [(LogLevel.error, True)]
    file.write_bytes(file.read_bytes() * 2 + b'{"message":"m","at":%d,"what":"fetched"}\n' % NOW)
    assert machine.past.contradiction()
    machine.now += HOUR
    assert machine.past.contradiction() == ""


def test_a_clock_that_is_right_is_no_matter_for_the_log(machine: Machine) -> None:
    machine.swept(NOW - HOUR)
    machine.journal(NOW - HOUR)
    with logged() as events:
        assert machine.told() == ""
    assert events == []


@pytest.mark.parametrize("content", ["no JSON", "{}", '{"last_sweep": NaN}', '{"last_sweep": -Infinity}'])
def test_what_is_damaged_is_no_memory(machine: Machine, content: str) -> None:
    (machine.directory / "sweeps.json").write_text(content)
    assert machine.told() == ""


def test_a_time_beyond_all_calendars(machine: Machine) -> None:
    machine.swept(1e15)
    assert "the last sweep was at 1000000000000000 seconds after 1970" in machine.told()


def test_a_journal_that_cannot_be_read(machine: Machine) -> None:
    machine.journal(NOW).unlink()
    (machine.directory / "journal" / "2027-01-15.00000.jsonl").mkdir()
    machine.swept(NOW + HOUR)
    assert "the last sweep" in machine.told()


@given(behind=st.floats(-1e6, 1e6))
def test_the_bound(tmp_path_factory: pytest.TempPathFactory, behind: float) -> None:
    machine = Machine(tmp_path_factory.getbasetemp())
    machine.swept(NOW)
    machine.now = NOW - behind
    assert bool(machine.told()) is (NOW - machine.now > TOLERATED_SECONDS)
