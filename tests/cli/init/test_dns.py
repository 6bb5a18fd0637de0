"""The records of the domain."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from attrs import evolve

from mailgate.cli.init.dns import public_addresses, records
from tests.cli.init.support import WISHES


def test_the_records() -> None:
    wishes = evolve(WISHES, endpoint="tcp6")
    assert [f"{record.name} {record.kind} {record.value}" for record in records(wishes, ["8.8.8.8", "2606::1"])] == [
        "example.test. MX 10 mx.example.test.",
        "mx.example.test. A 8.8.8.8",
        "mx.example.test. AAAA 2606::1",
        'example.test. TXT "v=spf1 mx -all"',
        "_submissions._tcp.example.test. SRV 0 1 2465 mx.example.test.",
        "_submission._tcp.example.test. SRV 10 1 2587 mx.example.test.",
        "_pop3s._tcp.example.test. SRV 0 1 2995 mx.example.test.",
        "_pop3._tcp.example.test. SRV 10 1 2110 mx.example.test.",
        "_imaps._tcp.example.test. SRV 0 0 0 .",
        "_imap._tcp.example.test. SRV 0 0 0 .",
    ]


def test_a_place_is_left_for_what_is_not_known() -> None:
    values = [record.value for record in records(evolve(WISHES, endpoint="tcp6"), [])]
    assert "<its IPv4 address>" in values and "<its IPv6 address, if it has one>" in values
    assert "AAAA" not in [record.kind for record in records(WISHES, ["2606::1"])]  # it does not listen there


class Routed:
    """A datagram socket of a machine with one public address, one private one, or none at all."""

    own: dict[int, str] = {}

    def __init__(self, family: int, kind: int) -> None:
        self._family = family

    def __enter__(self) -> Routed:
        return self

    def __exit__(self, *error: Any) -> None:
        """Nothing was opened."""

    def connect(self, place: tuple[str, int]) -> None:
        if self._family not in self.own:
            raise OSError("Network is unreachable")

    def getsockname(self) -> tuple[str, int]:
        return self.own[self._family], 4


def test_only_addresses_that_others_can_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", Routed)
    for own, public in (
        ({socket.AF_INET: "8.8.8.8", socket.AF_INET6: "2606:4700::1"}, ["8.8.8.8", "2606:4700::1"]),
        ({socket.AF_INET: "192.168.0.2", socket.AF_INET6: "fe80::1%eth0"}, []),
        ({}, []),
    ):
        monkeypatch.setattr(Routed, "own", own)
        assert public_addresses() == public
