"""What systemd is told, and when."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from mailgate.service.notify import STATUS_SECONDS, Notifier, send_datagram
from tests.support import logged

PID = 4711


class Systemd:
    """Its environment, and what it hears."""

    def __init__(self, **environment: str) -> None:
        self.environment = {"NOTIFY_SOCKET": "/run/systemd/notify", **environment}
        self.heard: list[list[str]] = []
        self.clock = Clock()
        self.status = "all is\nwell"
        self.trouble: OSError | None = None
        self.notifier = Notifier(
            self.environment,
            self.clock,
            lambda: self.status,
            send=self._hear,
            pid=lambda: PID,
            monotonic=lambda: 12.5,
        )

    def _hear(self, address: str, content: bytes) -> None:
        assert address == "/run/systemd/notify"
        if self.trouble is not None:
            raise self.trouble
        self.heard.append(content.decode().split("\n"))

    def hears(self) -> list[list[str]]:
        """What it heard since it was asked last."""
        heard, self.heard = self.heard, []
        return heard


def test_a_life() -> None:
    systemd = Systemd()
    systemd.notifier.ready()
    assert systemd.hears() == [["READY=1", "STATUS=all is well"]]
    systemd.status = "the disk is full"
    systemd.clock.advance(STATUS_SECONDS)
    assert systemd.hears() == [["STATUS=the disk is full"]]
    systemd.notifier.reloading()
    assert systemd.hears() == [["RELOADING=1", "MONOTONIC_USEC=12500000", "STATUS=Reading the configuration again."]]
    systemd.notifier.ready()
    assert systemd.hears() == [["READY=1", "STATUS=the disk is full"]]
    systemd.clock.advance(STATUS_SECONDS)
    assert len(systemd.hears()) == 1  # not twice as often as before
    systemd.notifier.stopping(30)
    assert systemd.hears() == [["STOPPING=1", "EXTEND_TIMEOUT_USEC=40000000", "STATUS=Ending sessions."]]
    systemd.clock.advance(STATUS_SECONDS)
    systemd.notifier.stopped()
    assert systemd.hears() == [] and systemd.clock.getDelayedCalls() == []


def test_signs_of_life() -> None:
    systemd = Systemd(WATCHDOG_USEC="3000000", WATCHDOG_PID=str(PID))
    systemd.notifier.ready()
    systemd.notifier.ready()
    systemd.hears()
    systemd.clock.pump([0.5] * 4)
    assert systemd.hears() == [["WATCHDOG=1"]] * 2
    systemd.notifier.stopping(30)
    systemd.clock.advance(1)
    assert systemd.hears()[-1] == ["WATCHDOG=1"]  # it may hang while it ends, too
    systemd.notifier.stopped()
    assert systemd.clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "\u00b2"},
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
    ],
)
def test_no_signs_of_life_where_none_are_wanted(environment: dict[str, str]) -> None:
    systemd = Systemd(**environment)
    systemd.notifier.ready()
    systemd.clock.pump([0.5] * 20)
    assert ["WATCHDOG=1"] not in systemd.hears()


def test_no_program_that_we_start_speaks_in_our_name() -> None:
    systemd = Systemd(WATCHDOG_USEC="1", WATCHDOG_PID="2", HOME="/")
    assert systemd.environment == {"HOME": "/"}


def test_without_systemd_nothing_is_told() -> None:
    def send(address: str, content: bytes) -> None:
        raise AssertionError(content)

    clock = Clock()
    notifier = Notifier({"WATCHDOG_USEC": "1000000"}, clock, lambda: "", send=send)
    notifier.ready()
    notifier.reloading()
    notifier.stopping(1)
    notifier.stopped()
    assert clock.getDelayedCalls() == []


def test_a_systemd_that_does_not_listen_is_told_of_once() -> None:
    systemd = Systemd()
    systemd.trouble = ConnectionRefusedError(111, "Connection refused")
    with logged() as events:
        systemd.notifier.ready()
        systemd.notifier.reloading()
    assert [event["log_format"] for event in events] == ["systemd cannot be told at {address}: {error}"]
    systemd.trouble = None
    systemd.notifier.ready()
    assert systemd.hears()


def test_datagrams(tmp_path: Path) -> None:
    place = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(place)
        systemd.settimeout(5)
        send_datagram(place, b"READY=1\nSTATUS=x")
        assert systemd.recv(1024) == b"READY=1\nSTATUS=x"


def test_names_without_a_file() -> None:
    name = f"mailgate-test-{os.getpid()}-{os.urandom(8).hex()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{name}")
        systemd.settimeout(5)
        send_datagram(f"@{name}", b"READY=1")
        assert systemd.recv(1024) == b"READY=1"


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        send_datagram(str(tmp_path / "notify"), b"READY=1")


def test_a_full_queue_is_not_waited_for(tmp_path: Path) -> None:
    place = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(place)
        with pytest.raises(BlockingIOError):
            for _ in range(100_000):
                send_datagram(place, b"WATCHDOG=1")
