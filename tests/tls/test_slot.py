"""One pair's place: when its files are read, what is shown, and what is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.facts import CertificateChanged, CertificateRefused
from mailgate.tls.slot import PATIENCE_SECONDS, RETRY_SECONDS, SETTLED_SECONDS, Slot, examine
from tests.tls.support import DAY, KEY, NOW, OTHER_KEY, RSA_KEY, Disk, certificate, pem

Told = CertificateChanged | CertificateRefused | None


class Bench:
    """A slot, its files, and a clock."""

    def __init__(self, directory: Path) -> None:
        self.disk = Disk(directory).write(certificate("old", serial=1), pem())
        found = examine(self.disk.files)
        assert found.pair is not None and found.faults == ()
        self.slot = Slot(found.pair, found.marks, NOW)
        self.seconds = 1000.0
        self.now = NOW

    def is_due(self, after: float = 0.0) -> bool:
        self.seconds += after
        return self.slot.is_due(self.disk.files.marks(), self.seconds)

    def take(self, *, at_once: bool = False) -> Told:
        return self.slot.take(examine(self.disk.files), self.seconds, self.now, at_once=at_once)

    def settle(self) -> Told:
        """What comes of files that have just changed, once they have rested."""
        assert not self.is_due()
        assert self.is_due(SETTLED_SECONDS)
        return self.take()

    @property
    def serial(self) -> int:
        return self.slot.shown.certificate.serial_number

    @property
    def what(self) -> list[str]:
        return [fault.what for fault in self.slot.refused]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_files_that_do_not_change_are_left_alone(bench: Bench) -> None:
    assert not any(bench.is_due(seconds) for seconds in (0, SETTLED_SECONDS, 1000))


def test_files_are_read_when_they_have_rested(bench: Bench) -> None:
    bench.disk.write(certificate("new", serial=2))
    assert not bench.is_due()
    assert not bench.is_due(SETTLED_SECONDS / 2)
    bench.disk.key.write_bytes(pem() + b"\n")  # another change: the rest begins anew
    assert not bench.is_due(SETTLED_SECONDS / 2)
    assert bench.is_due(SETTLED_SECONDS)
    assert bench.serial == 1
    told = bench.take()
    assert told == CertificateChanged(
        certificate=str(bench.disk.certificate), names=("new",), serial="02", not_after=NOW + 90 * DAY
    )
    assert (bench.serial, bench.slot.since, bench.is_due(1000)) == (2, NOW, False)


def test_a_key_that_comes_late_is_no_fault(bench: Bench) -> None:
    bench.disk.write(certificate("new", OTHER_KEY, serial=2))
    assert bench.settle() is None
    assert bench.what == [f"is not the key of {bench.disk.certificate}"]
    bench.seconds += PATIENCE_SECONDS / 2
    bench.disk.write(bench.disk.certificate.read_bytes(), pem(OTHER_KEY))
    assert isinstance(bench.settle(), CertificateChanged)
    assert (bench.serial, bench.what) == (2, [])


def test_what_stays_wrong_is_told_once(bench: Bench) -> None:
    bench.disk.write(certificate("new", OTHER_KEY, serial=2))
    assert bench.settle() is None
    assert not bench.is_due(SETTLED_SECONDS)
    assert bench.is_due(PATIENCE_SECONDS)
    told = bench.take()
    assert isinstance(told, CertificateRefused)
    assert told.reason == (f"{bench.disk.key}: is not the key of {bench.disk.certificate} (were both renewed?)")
    assert not bench.is_due(RETRY_SECONDS - 1)
    assert bench.is_due(1)
    assert (bench.take(), bench.serial) == (None, 1)
    bench.disk.write(certificate("newer", OTHER_KEY, serial=3))  # another content is told of again
    assert bench.settle() is None
    assert bench.is_due(PATIENCE_SECONDS)
    assert isinstance(bench.take(), CertificateRefused)


def test_an_administrator_is_told_at_once(bench: Bench) -> None:
    bench.disk.write(b"nonsense")
    assert isinstance(bench.take(at_once=True), CertificateRefused)
    assert (bench.take(at_once=True), bench.what) == (None, ["has no PEM certificate"])
    assert not bench.is_due()
    assert not bench.is_due(PATIENCE_SECONDS)  # the watch has nothing to add
    assert bench.serial == 1


def test_files_that_go_and_come_again(bench: Bench) -> None:
    chain = bench.disk.certificate.read_bytes()
    bench.disk.certificate.unlink()
    assert bench.settle() is None
    assert bench.what == ["cannot be read: No such file or directory"]
    bench.disk.write(chain)
    assert bench.settle() is None
    assert (bench.what, bench.serial, bench.is_due(1000)) == ([], 1, False)


def test_the_same_content_is_no_change_and_forgives(bench: Bench) -> None:
    good = bench.disk.certificate.read_bytes()
    for _ in range(2):  # so that the second time it is told of as if it were the first
        bench.disk.write(b"nonsense")
        assert isinstance(bench.take(at_once=True), CertificateRefused)
        bench.disk.write(good)
        assert bench.take() is None


@pytest.mark.parametrize(
    ("chain", "what"),
    [
        (certificate("new", serial=2, ends=NOW - 1), "has expired: it was valid until 2026-09-21 14:13 UTC"),
        (certificate("new", serial=2, begins=NOW + 1), "is not valid before 2026-09-21 14:13 UTC"),
        (
            certificate("new", KEY, "middle", OTHER_KEY) + certificate("root", RSA_KEY),
            "certificate 2 (CN=root) has not signed certificate 1 (CN=new)",
        ),
    ],
)
def test_what_clients_refuse_does_not_replace_what_they_take(bench: Bench, chain: bytes, what: str) -> None:
    bench.disk.write(chain)
    assert isinstance(bench.take(at_once=True), CertificateRefused)
    assert (bench.serial, bench.what) == (1, [what])


def test_what_clients_refuse_replaces_what_they_refuse_as_well(bench: Bench) -> None:
    bench.now = NOW + 100 * DAY
    bench.disk.write(certificate("new", serial=2, ends=NOW + 99 * DAY))
    assert isinstance(bench.settle(), CertificateChanged)
    assert bench.serial == 2


def test_what_was_too_early_is_shown_when_its_time_has_come(bench: Bench) -> None:
    bench.disk.write(certificate("new", serial=2, begins=NOW + RETRY_SECONDS))
    assert bench.settle() is None
    bench.now += RETRY_SECONDS
    assert bench.is_due(RETRY_SECONDS)
    assert isinstance(bench.take(), CertificateChanged)


def test_a_change_while_the_files_are_read_is_seen_the_next_time(bench: Bench) -> None:
    bench.disk.write(certificate("new", OTHER_KEY, serial=2))
    assert not bench.is_due()
    assert bench.is_due(SETTLED_SECONDS)
    found = examine(bench.disk.files)
    bench.disk.write(bench.disk.certificate.read_bytes(), pem(OTHER_KEY))
    assert bench.slot.take(found, bench.seconds, NOW) is None
    assert isinstance(bench.settle(), CertificateChanged)
