"""Who waits, who is refused, who is exempt: the worst first."""

from __future__ import annotations

import pytest

from mailgate.limits import standing as module
from mailgate.limits.standing import Exempt, Report, Standing, report_of
from tests.limits.support import ALICE, BOB, EVIL, HOME, Door
from tests.support import result_of


def report(door: Door) -> Report:
    return result_of(report_of(door.throttle))


def test_nothing_to_tell() -> None:
    assert report(Door()) == Report((), (), (), (), {"accounts": 0, "unknown": 0, "networks": 0, "exempt": 0})


def test_each_state_and_when_it_becomes_a_better_one() -> None:
    door = Door()
    door.log_in(HOME, "alice", "right")
    door.guess(EVIL, "bob", 2)
    door.guess(EVIL, "alice", 12)  # after 0, 0, 0, 1, 3, 7, 15, 23, 31 and 39 seconds
    door.guess(EVIL, "nobody", 4)  # one of them waits
    told = report(door)
    assert told.accounts == (
        Standing(ALICE, 10, "refused", 0.0, 3_560.0),
        Standing(BOB, 2, "counted", 0.0, 3_560.0),
    )
    assert told.unknown == (Standing("nobody", 4, "delayed", 2.0, 3_599.0),)
    assert told.networks == (Standing(EVIL, 3, "delayed", 1.0, 3_560.0),)
    assert told.exempt == (Exempt(ALICE, HOME, 86_360.0),)
    assert told.totals == {"accounts": 2, "unknown": 1, "networks": 1, "exempt": 1}


def test_a_site_has_four_times_the_names() -> None:
    door = Door()
    for number in range(12):
        door.log_in(f"2001:db8:1:{number:x}::1", f"nobody{number}", "wrong")
        door.log_in("2001:db8:2:1::1", f"nobody{number}", "wrong")
    states = {each.name: each.state for each in report(door).networks if each.failures >= 10}
    assert states == {"2001:db8:1::/48": "delayed", "2001:db8:2::/48": "delayed", "2001:db8:2:1::/64": "refused"}


def test_the_worst_come_first_and_so_many_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ROWS", 2)
    door = Door()
    for number, name in enumerate(("mild", "worst", "worse")):
        door.guess(f"203.0.113.{number}", name, (1, 3, 2)[number])
        door.log_in(f"198.51.100.{number}", "alice", "right")
    told = report(door)
    assert [each.name for each in told.unknown] == ["worst", "worse"]
    assert len(told.networks) == len(told.exempt) == 2
    assert told.totals == {"accounts": 0, "unknown": 3, "networks": 3, "exempt": 3}
