"""Admission: as many as may, of everybody together and of each client; who leaves makes room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.limits.admission import (
    CLIENTS_PER_SITE,
    CONNECTIONS,
    CONNECTIONS_PER_CLIENT,
    CONNECTIONS_PER_MINUTE,
    MIN_RESERVED,
    TOO_MANY,
    TOO_MANY_NEW,
    Admission,
)
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


def entered(admission: Admission, client: str, listener: str = "pop3") -> Callable[[], None]:
    leave = admission.enter(client, listener)
    assert not isinstance(leave, str), leave
    return leave


def refused(admission: Admission, client: str, listener: str = "pop3") -> str:
    reason = admission.enter(client, listener)
    assert isinstance(reason, str)
    return reason


def test_all_together_are_limited_and_who_leaves_makes_room() -> None:
    admission = an_admission(connections=2)
    leave = entered(admission, "192.0.2.1")
    entered(admission, "192.0.2.2")
    assert refused(admission, "192.0.2.3") == "too many connections in all (2)"
    leave()
    entered(admission, "192.0.2.3")
    assert (admission.total, admission.refused) == (2, 1)


def stranger(number: int) -> str:
    return f"198.51.{number >> 8}.{number & 255}"


def crowd(admission: Admission, listener: str) -> int:
    """As many strangers as get in, each from an address of its own."""
    for number in range(CONNECTIONS * 2):
        if isinstance(admission.enter(stranger(number), listener), str):
            return number
    raise AssertionError("there is no limit")


@pytest.mark.parametrize("listener", ["smtp", "submission", "lmtp", "pop3"])
@pytest.mark.parametrize("client", ["127.0.0.1", "local"])
def test_strangers_cannot_shut_out_those_who_are_exempt(client: str, listener: str) -> None:
    admission = an_admission()
    assert crowd(admission, "pop3") == CONNECTIONS
    leaves = [entered(admission, client, listener) for _ in range(100)]
    assert refused(admission, client, listener) == "too many connections in all (1100)"
    assert admission.total == admission.most == 1100
    leaves.pop()()
    refused(admission, "192.0.2.1")  # the room is theirs alone
    entered(admission, client, listener)


def test_those_who_are_exempt_take_their_own_room_first_and_then_what_all_share() -> None:
    admission = an_admission()
    leaves = [entered(admission, "127.0.0.1") for _ in range(100)]
    assert crowd(admission, "pop3") == CONNECTIONS
    for leave in leaves:
        leave()
    assert admission.total == CONNECTIONS

    admission = an_admission()
    leaves = [entered(admission, "local") for _ in range(admission.most)]
    refused(admission, "local")  # not even they exhaust the process
    assert refused(admission, "192.0.2.1") == "too many connections in all (1000)"
    leaves.pop()()
    entered(admission, "192.0.2.1")


def test_their_room_is_never_tiny() -> None:
    admission = an_admission(connections=1)
    entered(admission, "192.0.2.1")
    for _ in range(MIN_RESERVED):
        entered(admission, "local")
    refused(admission, "local")
    assert admission.total == admission.most == 1 + MIN_RESERVED


def test_strangers_at_the_mx_leave_a_rest_to_users() -> None:
    admission = an_admission()
    assert crowd(admission, "smtp") == 750
    assert refused(admission, "192.0.2.1", "smtp") == "too many connections of strangers (750)"
    entered(admission, "local", "smtp")
    leave = entered(admission, "192.0.2.1", "submission")
    for number in range(249):
        entered(admission, stranger(number), "pop3")
    assert refused(admission, "192.0.2.2", "pop3") == "too many connections in all (1000)"
    leave()
    refused(admission, "192.0.2.1", "smtp")
    entered(admission, "192.0.2.1", "pop3")


def test_those_who_are_exempt_take_nothing_of_what_strangers_have_at_the_mx() -> None:
    admission = an_admission()
    for _ in range(200):
        entered(admission, "local", "smtp")
    assert crowd(admission, "smtp") == 750


@pytest.mark.parametrize(("connections", "at_the_mx"), [(1, 1), (2, 2), (3, 3), (4, 3), (100, 75)])
def test_who_leaves_the_mx_makes_room_there(connections: int, at_the_mx: int) -> None:
    admission = an_admission(connections=connections)
    leaves = [entered(admission, stranger(number), "smtp") for number in range(at_the_mx)]
    refused(admission, "192.0.2.1", "smtp")
    leaves.pop()()
    entered(admission, "192.0.2.1", "smtp")


def test_an_ipv6_site_has_its_limits_however_many_networks_it_uses() -> None:
    admission = an_admission(connections_per_client=2, exempt=Networks(["2001:db8:1:ffff::/64"]))
    for _ in range(9):
        entered(admission, "2001:db8:1:ffff::1")  # who is exempt does not count for the neighbours
    leaves = [entered(admission, f"2001:db8:1:{number}::1") for number in range(2 * CLIENTS_PER_SITE)]
    assert refused(admission, "2001:db8:1:99::1") == "too many connections of its site 2001:db8:1::/48 (8)"
    assert refused(admission, "2001:db8:1:99::1").startswith(TOO_MANY)
    entered(admission, "2001:db8:1:ffff::1")
    entered(admission, "2001:db8:2::1")
    leaves.pop()()
    entered(admission, "2001:db8:1:99::1")


def test_an_ipv6_site_has_its_rate() -> None:
    clock = Clock()
    admission = Admission(clock, connections_per_minute=3)
    for number in range(3 * CLIENTS_PER_SITE):
        entered(admission, f"2001:db8:1:{number}::1")()
    reason = refused(admission, "2001:db8:1:99::1")
    assert reason == "too many new connections of its site 2001:db8:1::/48 in a minute (12)"
    entered(admission, "2001:db8:2::1")
    entered(admission, "192.0.2.1")
    clock.seconds += 70.0
    for _ in range(3):
        entered(admission, "2001:db8:1:99::1")  # what its site was refused did not count as its own


def test_what_a_client_is_refused_does_not_count_for_its_site() -> None:
    admission = an_admission(connections_per_minute=3)
    for _ in range(3):
        entered(admission, "2001:db8:1::1")
    for _ in range(20):
        assert refused(admission, "2001:db8:1::1") == "too many new connections in a minute (3)"
    for number in range(1, 10):
        entered(admission, f"2001:db8:1:{number}::1")
    refused(admission, "2001:db8:1:99::1")


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
    reason = refused(admission, "192.0.2.1")
    assert reason == "too many new connections in a minute (3)"
    assert reason.startswith(TOO_MANY_NEW) and not reason.startswith(TOO_MANY)
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
    for client in ("192.0.2.1", "2001:db8::1", "local"):
        for _ in range(CONNECTIONS + 1):
            entered(admission, client, "smtp")
    assert (admission.refused, admission.most) == (0, 0)


def test_the_defaults() -> None:
    admission = an_admission()
    for _ in range(CONNECTIONS_PER_CLIENT):
        entered(admission, "192.0.2.1")
    refused(admission, "192.0.2.1")
    for _ in range(CONNECTIONS_PER_MINUTE):
        entered(admission, "192.0.2.2")()
    refused(admission, "192.0.2.2")
    for number in range(CONNECTIONS - CONNECTIONS_PER_CLIENT):
        entered(admission, stranger(number))
    refused(admission, "203.0.113.1")
    with pytest.raises(TypeError):
        admission.clients["192.0.2.1"] = 0  # type: ignore[index]


CLIENTS = st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "127.0.0.1", "local"])
LISTENERS = st.sampled_from(["smtp", "submission", "pop3"])


@given(st.lists(st.one_of(st.tuples(CLIENTS, LISTENERS), st.integers(0, 20)), max_size=100))
def test_the_counts_are_those_of_who_is_in(steps: list[tuple[str, str] | int]) -> None:
    admission = an_admission(connections=6, connections_per_client=2, connections_per_minute=20, exempt=NOBODY)
    inside: list[Callable[[], None]] = []
    for step in steps:
        if isinstance(step, tuple):
            leave = admission.enter(*step)
            if not isinstance(leave, str):
                inside.append(leave)
        elif step < len(inside):
            inside.pop(step)()
        assert admission.total == len(inside) == sum(admission.clients.values()) <= 6
        assert all(1 <= count <= 2 for count in admission.clients.values())
    for leave in inside:
        leave()
    assert (admission.total, dict(admission.clients)) == (0, {})


@given(st.lists(st.one_of(st.tuples(CLIENTS, LISTENERS), st.integers(0, 60)), max_size=200))
def test_there_are_never_more_than_the_most_and_the_exempt_always_find_their_room(
    steps: list[tuple[str, str] | int],
) -> None:
    admission = an_admission(connections=6, connections_per_client=0, connections_per_minute=0)
    inside: list[tuple[str, Callable[[], None]]] = []
    for step in steps:
        if isinstance(step, tuple):
            client, listener = step
            leave = admission.enter(client, listener)
            if not isinstance(leave, str):
                inside.append((client, leave))
            elif client in ("127.0.0.1", "local"):
                assert sum(who in ("127.0.0.1", "local") for who, _ in inside) >= MIN_RESERVED
        elif step < len(inside):
            inside.pop(step)[1]()
        assert admission.total == len(inside) <= admission.most
        assert sum(who not in ("127.0.0.1", "local") for who, _ in inside) <= 6
    for _, leave in inside:
        leave()
    assert crowd(admission, "smtp") == 5
