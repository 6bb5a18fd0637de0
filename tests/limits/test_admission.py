"""Admission: as many as may, of everybody together and of each client; who leaves makes room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.limits.admission import CONNECTIONS, CONNECTIONS_PER_CLIENT, CONNECTIONS_PER_MINUTE, Admission
from mailgate.limits.networks import Networks

NOBODY = Networks()


class Clock:
    """Goes when told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def an_admission(**limits: Any) -> Admission:
    return Admission(Clock(), **limits)


def entered(admission: Admission, client: str) -> Callable[[], None]:
    leave = admission.enter(client)
    assert not isinstance(leave, str), leave
    return leave


def refused(admission: Admission, client: str) -> str:
    reason = admission.enter(client)
    assert isinstance(reason, str)
    return reason


def test_all_together_are_limited_and_who_leaves_makes_room() -> None:
    admission = an_admission(connections=2)
    leave = entered(admission, "192.0.2.1")
    entered(admission, "127.0.0.1")
    assert refused(admission, "192.0.2.3") == "too many connections in all (2)"
    assert refused(admission, "127.0.0.1") == "too many connections in all (2)"  # exempt or not
    leave()
    entered(admission, "192.0.2.3")
    assert (admission.total, admission.refused) == (2, 2)


def test_each_client_is_limited_by_its_network() -> None:
    admission = an_admission(connections_per_client=2)
    leave = entered(admission, "2001:db8::1")
    entered(admission, "2001:db8::2")
    assert refused(admission, "2001:db8::3") == "too many connections of its own (2)"
    entered(admission, "2001:db8:0:1::1")
    entered(admission, "::ffff:192.0.2.1")
    entered(admission, "192.0.2.1")
    assert refused(admission, "192.0.2.1") == "too many connections of its own (2)"
    leave()
    entered(admission, "2001:db8::3")
    assert admission.clients == {"2001:db8::/64": 2, "2001:db8:0:1::/64": 1, "192.0.2.1": 2}


def test_new_connections_are_limited_though_old_ones_leave() -> None:
    clock = Clock()
    admission = Admission(clock, connections_per_minute=3)
    for _ in range(3):
        entered(admission, "192.0.2.1")()
    assert refused(admission, "192.0.2.1") == "too many new connections in a minute (3)"
    entered(admission, "192.0.2.2")
    clock.seconds += 70.0
    entered(admission, "192.0.2.1")


def test_what_is_refused_for_another_reason_does_not_count_as_new() -> None:
    admission = an_admission(connections_per_client=1, connections_per_minute=2)
    leave = entered(admission, "192.0.2.1")
    for _ in range(5):
        refused(admission, "192.0.2.1")
    leave()
    entered(admission, "192.0.2.1")


@pytest.mark.parametrize("client", ["127.0.0.1", "127.9.9.9", "::ffff:127.0.0.1", "::1", "local"])
def test_this_machine_has_no_limit_of_its_own(client: str) -> None:
    admission = an_admission(connections_per_client=1, connections_per_minute=1)
    for _ in range(3):
        entered(admission, client)
    assert admission.total == 3


def test_who_is_exempt_can_be_said() -> None:
    admission = an_admission(connections_per_client=1, exempt=Networks(["192.0.2.0/24"]))
    for _ in range(3):
        entered(admission, "192.0.2.1")
    entered(admission, "127.0.0.1")
    refused(admission, "127.0.0.1")


def test_leaving_twice_is_leaving_once() -> None:
    admission = an_admission()
    leave = entered(admission, "192.0.2.1")
    entered(admission, "192.0.2.1")
    leave()
    leave()
    assert (admission.total, dict(admission.clients)) == (1, {"192.0.2.1": 1})


def test_zero_is_no_limit() -> None:
    admission = an_admission(connections=0, connections_per_client=0, connections_per_minute=0)
    for _ in range(CONNECTIONS + 1):
        entered(admission, "192.0.2.1")
    assert admission.refused == 0


def test_the_defaults() -> None:
    admission = an_admission()
    for _ in range(CONNECTIONS_PER_CLIENT):
        entered(admission, "192.0.2.1")
    refused(admission, "192.0.2.1")
    for _ in range(CONNECTIONS_PER_MINUTE):
        entered(admission, "192.0.2.2")()
    refused(admission, "192.0.2.2")
    for number in range(CONNECTIONS - CONNECTIONS_PER_CLIENT):
        entered(admission, f"198.51.{number >> 8}.{number & 255}")
    refused(admission, "203.0.113.1")
    with pytest.raises(TypeError):
        admission.clients["192.0.2.1"] = 0  # type: ignore[index]


CLIENTS = st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "127.0.0.1", "local"])


@given(st.lists(st.one_of(CLIENTS, st.integers(0, 20)), max_size=100))
def test_the_counts_are_those_of_who_is_in(steps: list[str | int]) -> None:
    admission = an_admission(connections=6, connections_per_client=2, connections_per_minute=20, exempt=NOBODY)
    inside: list[Callable[[], None]] = []
    for step in steps:
        if isinstance(step, str):
            leave = admission.enter(step)
            if not isinstance(leave, str):
                inside.append(leave)
        elif step < len(inside):
            inside.pop(step)()
        assert admission.total == len(inside) == sum(admission.clients.values()) <= 6
        assert all(1 <= count <= 2 for count in admission.clients.values())
    for leave in inside:
        leave()
    assert (admission.total, dict(admission.clients)) == (0, {})
