"""The calls about guessed passwords."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mailgate.control.calls import Arguments, CallError
from mailgate.control.logins import make_login_functions
from tests.limits.support import ALICE, BOB, EVIL, HOME, Door, account_of
from tests.support import result_of


def call(door: Door, name: str, **values: Any) -> Any:
    return result_of(make_login_functions(door.throttle, account_of)[name](Arguments(values)))


@pytest.fixture
def door() -> Door:
    """alice is exempt at home, and guessed at from elsewhere, as is somebody who is not there."""
    door = Door()
    door.log_in(HOME, "alice", "right")
    door.guess(EVIL, "alice", 11)
    door.guess(EVIL, "nobody", 1)
    return door


def test_how_things_stand(door: Door) -> None:
    told = call(door, "limits")
    assert told == {
        "wrong_passwords": 10,
        "unknown_users": 10,
        "window_seconds": 3_600.0,
        "exempt_seconds": 86_400.0,
        "looked_at": 12,
        "refused": 1,
        "under_way": 0,
        "accounts": [{"account": ALICE, "failures": 10, "state": "refused", "delay_seconds": 0.0, "seconds": 3_561}],
        "unknown": [{"name": "nobody", "failures": 1, "state": "counted", "delay_seconds": 0.0, "seconds": 3_600}],
        "networks": [{"network": EVIL, "failures": 2, "state": "counted", "delay_seconds": 0.0, "seconds": 3_600}],
        "exempt": [{"account": ALICE, "network": HOME, "seconds": 86_361}],
        "totals": {"accounts": 1, "unknown": 1, "networks": 1, "exempt": 1},
    }
    assert "wrong 1" not in json.dumps(told)


def test_an_account_is_cleared_however_it_is_spelled(door: Door) -> None:
    assert call(door, "clear_limits", account="ALICE") == {
        "cleared": {"account": ALICE},
        "forgotten": {"wrong_passwords": 10},
        "is_account": True,
    }
    assert door.log_in(EVIL, "alice", "wrong x") == 0
    for known in (1, 0):
        assert call(door, "clear_limits", account="NoBody") == {
            "cleared": {"account": "nobody"},
            "forgotten": {"wrong_passwords": known},
            "is_account": False,
        }
    assert call(door, "limits")["unknown"] == []


@pytest.mark.parametrize("name", ["2001:db8:1:2::9", "2001:db8:1:2::/64"])
def test_a_network_is_cleared_by_its_name_or_an_address(name: str) -> None:
    door = Door()
    door.log_in("2001:db8:1:2::3", "nobody", "wrong")
    for known in (1, 0):
        assert call(door, "clear_limits", network=name) == {"cleared": {"network": name}, "forgotten": {"names": known}}
    left = [row["network"] for row in call(door, "limits")["networks"]]
    assert left == (["2001:db8:1::/48"] if "/" in name else [])  # an address stands for its site, too


def test_both_at_once_and_all(door: Door) -> None:
    door.guess(HOME, "bob", 1)
    told = call(door, "clear_limits", account="bob", network=HOME)
    assert told["cleared"] == {"account": BOB, "network": HOME}
    assert told["forgotten"] == {"wrong_passwords": 1, "names": 1}
    told = call(door, "limits")
    assert (len(told["accounts"]), len(told["networks"])) == (1, 1)
    for accounts, passwords, networks, names in ((2, 11, 1, 2), (0, 0, 0, 0)):
        assert call(door, "clear_limits", all=True) == {
            "cleared": "all",
            "forgotten": {"accounts": accounts, "wrong_passwords": passwords, "networks": networks, "names": names},
        }
    assert call(door, "limits")["totals"] == {"accounts": 0, "unknown": 0, "networks": 0, "exempt": 1}


@pytest.mark.parametrize("values", [{}, {"account": ""}, {"all": True, "account": "alice"}, {"users": "alice"}])
def test_what_is_to_be_cleared_has_to_be_said(door: Door, values: dict[str, Any]) -> None:
    with pytest.raises(CallError) as caught:
        call(door, "clear_limits", **values)
    assert caught.value.kind == "bad"
    assert call(door, "limits")["totals"]["accounts"] == 1


def test_limits_takes_no_arguments(door: Door) -> None:
    with pytest.raises(CallError):
        call(door, "limits", account="alice")


@pytest.mark.parametrize("name", ["notanet", "192.0.2.1/99", "alice"])
def test_what_is_no_network_is_not_said_to_be_forgotten(door: Door, name: str) -> None:
    with pytest.raises(CallError, match="is no network"):
        call(door, "clear_limits", network=name)
    with pytest.raises(CallError, match="is no network"):
        call(door, "clear_limits", account="alice", network=name)
    assert call(door, "limits")["totals"]["accounts"] == 1  # not the half of it is done
    assert call(door, "clear_limits", network="local") == {"cleared": {"network": "local"}, "forgotten": {"names": 0}}
