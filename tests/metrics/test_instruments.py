"""All that can be read of one gateway."""

from __future__ import annotations

from mailgate import facts
from mailgate.metrics.instruments import Certificate
from tests.metrics.gateway import STARTED, State
from tests.metrics.samples import a


def test_gauges() -> None:
    state = State()
    state.clock.advance(90)
    state.certificates = [Certificate("mx.example.org", 5.0), Certificate("mx.example.org", 4.0)]
    state.last_sweep = STARTED
    state.not_ready = "full"
    gauges = state.gauges()
    assert gauges["mailgate_info"] == {("1.2", "n1"): 1}
    assert gauges["mailgate_uptime_seconds"] == {(): 90}
    assert gauges["mailgate_store_free_bytes"] == {(): 1_000}
    assert gauges["mailgate_store_size_bytes"] == {(): 5_000}
    assert gauges["mailgate_store_free_inodes"] == {(): 9}
    assert gauges["mailgate_store_inodes"] == {(): 10}
    assert gauges["mailgate_certificate_expiry_timestamp_seconds"] == {("mx.example.org",): 4.0}  # the one that ends
    assert gauges["mailgate_last_sweep_timestamp_seconds"] == {(): STARTED}
    assert gauges["mailgate_sweep_held"] == {(): 0}
    assert gauges["mailgate_check_failed"] == {("store",): 1, ("ports",): 0}


def test_what_cannot_be_found_out_is_not_told() -> None:
    state = State()
    state.disk = PermissionError()
    gauges = state.gauges()
    assert gauges["mailgate_store_free_bytes"] == gauges["mailgate_last_sweep_timestamp_seconds"] == {}
    assert state.instruments.disk_now() is None


def test_a_sweep_is_held_until_there_is_one() -> None:
    state = State()
    state.tell(a(facts.SweepHeld, reason="the clock", at=STARTED + 10))
    state.last_sweep = STARTED
    assert state.instruments.held() == "the clock" and state.gauges()["mailgate_sweep_held"] == {(): 1}
    state.last_sweep = STARTED + 20  # it found nothing to do, and told nothing
    assert state.instruments.held() == ""
    state.tell(a(facts.SweepHeld, reason="the clock", at=STARTED + 30))
    assert state.instruments.held() == "the clock"
    state.tell(a(facts.SweepEnded))
    assert state.instruments.held() == ""


def test_checks() -> None:
    state = State()
    assert state.instruments.failing() == {}
    state.not_ready = "the disk is full"
    assert state.instruments.failing() == {"store": "the disk is full"}


def test_names_are_there_once() -> None:
    names = [family.name for family in State().instruments.families()]
    assert len(set(names)) == len(names) > 40
