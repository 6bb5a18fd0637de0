"""All certificates of a gateway: loaded, watched, swapped; and what is told of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from OpenSSL import SSL
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from zope.interface.verify import verifyObject

from mailgate.facts import CertificateChanged, CertificateExpires, CertificateRefused
from mailgate.faults import Fault
from mailgate.tls import BadCertificate, Certificates
from tests.support import Facts, outcome_of, result_of, started
from tests.tls.support import DAY, NOW, OTHER_KEY, Disk, certificate, pem, shake_hands, shown

T = TypeVar("T")


class Bench:
    """A main pair, another one, and what is told."""

    def __init__(self, directory: Path, hostname: str = "mx.test") -> None:
        self.main = Disk(directory, "main").write(certificate("mx.test", serial=1), pem())
        self.also = Disk(directory, "also").write(certificate("other.test", OTHER_KEY), pem(OTHER_KEY))
        self.facts = Facts()
        self.warnings: list[Fault] = []
        self.seconds = 0.0
        self.now = NOW
        self.waiting: list[tuple[Deferred[None], Callable[[], object]]] | None = None
        self.certificates = Certificates(
            [(str(disk.certificate), str(disk.key)) for disk in (self.main, self.also)],
            hostname=hostname,
            offload=self.offload,
            tell=self.facts.tell,
            warn=self.warnings.append,
            seconds=lambda: self.seconds,
            now=lambda: self.now,
        )

    async def offload(self, work: Callable[[], T]) -> T:
        if self.waiting is not None:
            turn: Deferred[None] = Deferred()
            self.waiting.append((turn, work))
            await turn
        return work()

    def look(self, after: float = 2.0) -> None:
        self.seconds += after
        result_of(self.certificates.look())

    def settle(self) -> None:
        """Looks enough for any change to be read, and for what is wrong to be told."""
        for _ in range(10):
            self.look()

    @property
    def serial(self) -> int:
        return shake_hands(self.certificates).serial


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    bench.certificates.load()
    return bench


def test_shows_each_to_those_who_ask_for_it(bench: Bench) -> None:
    assert verifyObject(IOpenSSLServerConnectionCreator, bench.certificates)
    assert [shown(bench.certificates, sni) for sni in ("", "mx.test", "other.test", "unknown.test")] == [
        "mx.test", "mx.test", "other.test", "mx.test",
    ]  # fmt: skip
    assert (bench.facts.told, bench.warnings) == ([], [])


def test_before_loading_there_is_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="load"):
        shake_hands(Bench(tmp_path).certificates)


def test_every_fault_of_a_start_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.main.certificate.write_bytes(b"nonsense")
    bench.also.key.unlink()
    with pytest.raises(BadCertificate) as error:
        bench.certificates.load()
    assert [Path(fault.where).name for fault in error.value.faults] == ["main.pem", "also-key.pem"]


def test_a_start_with_an_expired_one_is_warned_of(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "elsewhere.test")
    bench.main.write(certificate("mx.test", serial=1, ends=NOW - 1))
    bench.also.key.chmod(0o644)
    bench.certificates.load()
    assert bench.serial == 1
    assert [fault.what.partition(":")[0] for fault in bench.warnings] == [
        "has expired",
        "can be read by everybody on this machine",
        "is not for the hostname elsewhere.test, but for mx.test",
    ]
    bench.look()
    assert bench.facts.one(CertificateExpires).days == -1


def test_a_renewal_is_seen_and_told_and_old_handshakes_go_on(bench: Bench) -> None:
    old = bench.certificates.serverConnectionForTLS(None)  # type: ignore[arg-type]
    bench.main.write(certificate("mx.test", serial=2))
    bench.settle()
    assert (bench.serial, bench.facts.one(CertificateChanged).serial) == (2, "02")
    assert old.get_context() is not bench.certificates.serverConnectionForTLS(None).get_context()  # type: ignore[arg-type]
    assert isinstance(old, SSL.Connection)
    assert shown(bench.certificates, "other.test") == "other.test"


def test_a_broken_one_changes_nothing_and_keeps_no_other_one_back(bench: Bench) -> None:
    bench.main.write(b"nonsense")
    bench.also.write(certificate("other.test", OTHER_KEY, serial=7))
    bench.settle()
    assert (bench.serial, shake_hands(bench.certificates, "other.test").serial) == (1, 7)
    assert bench.facts.one(CertificateRefused).reason == f"{bench.main.certificate}: has no PEM certificate"
    assert len(bench.facts.of(CertificateChanged)) == 1
    main, also = bench.certificates.slots
    assert ([fault.what for fault in main.refused], also.refused) == (["has no PEM certificate"], ())


def test_reload_reads_at_once_and_says_what_is_refused(bench: Bench) -> None:
    bench.main.write(certificate("mx.test", serial=2))
    assert result_of(bench.certificates.reload()) == []
    assert bench.serial == 2
    bench.main.write(certificate("mx.test", OTHER_KEY))
    for _ in range(2):
        (fault,) = result_of(bench.certificates.reload())
        assert fault.what == f"is not the key of {bench.main.certificate}"
    bench.settle()
    assert len(bench.facts.of(CertificateRefused)) == 1
    assert bench.serial == 2


def test_one_for_another_name_does_not_take_the_place_of_one_for_the_hostname(bench: Bench) -> None:
    bench.main.write(certificate("else.test", serial=2))
    bench.settle()
    bench.settle()
    assert (bench.serial, bench.certificates.misnamed()) == (1, "")
    (fault,) = bench.certificates.slots[0].refused
    assert fault.what == "is not for the hostname mx.test, but for else.test"


def test_until_when(bench: Bench) -> None:
    assert bench.certificates.expiry() == [(("mx.test",), NOW + 90 * DAY), (("other.test",), NOW + 90 * DAY)]


def test_reminders(bench: Bench) -> None:
    bench.look()
    assert bench.facts.of(CertificateExpires) == []
    for days, told in ((14, 2), (13, 2), (7, 4)):
        bench.now = NOW + (90 - days) * DAY
        bench.look()
        bench.look()
        assert len(bench.facts.of(CertificateExpires)) == told


def test_a_look_and_a_reload_do_not_cross(bench: Bench) -> None:
    bench.main.write(certificate("mx.test", serial=2))
    bench.look()
    bench.waiting = []
    bench.seconds += 2
    look, reload = started(bench.certificates.look()), started(bench.certificates.reload())
    order: list[int] = []
    look.addCallback(lambda _: order.append(1))
    reload.addCallback(lambda _: order.append(2))
    for done in ([1], [1, 2]):
        assert len(bench.waiting) == 1  # the other one has not begun
        bench.waiting.pop()[0].callback(None)
        assert order == done
    outcome_of(look)
    assert bench.serial == 2


def test_what_the_user_can_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.certificates.check_readable()
    real = os.open

    def deny(path: str, flags: int) -> int:
        if path.endswith("main-key.pem"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, flags)

    monkeypatch.setattr("mailgate.tls.files.os.open", deny)
    monkeypatch.setattr("mailgate.tls.certificates.pwd.getpwuid", _nobody)
    monkeypatch.setattr("mailgate.tls.certificates.os.geteuid", lambda: 4711)
    with pytest.raises(BadCertificate) as error:
        bench.certificates.check_readable()
    (fault,) = error.value.faults
    assert (fault.where, fault.what) == (str(bench.main.key), "cannot be read: Permission denied")
    assert fault.hint.startswith("let the user 4711 read it")


def _nobody(uid: int) -> object:
    raise KeyError(uid)
