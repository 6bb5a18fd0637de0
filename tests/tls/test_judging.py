"""What clients will refuse, and what somebody should see to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from mailgate.faults import Fault
from mailgate.tls.judging import faults_of, is_self_signed, remarks_on, remarks_on_names
from tests.tls.support import DAY, KEY, NOW, OTHER_KEY, RSA_KEY, Disk, certificate

LEAF = certificate("mx", KEY, "middle", OTHER_KEY)
MIDDLE = certificate("middle", OTHER_KEY, "root", RSA_KEY)
ROOT = certificate("root", RSA_KEY)


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


def said(faults: Sequence[Fault]) -> list[tuple[str, str]]:
    return [(Path(fault.where).name, fault.what) for fault in faults]


@pytest.mark.parametrize("chain", [LEAF + MIDDLE, LEAF + MIDDLE + ROOT, certificate("mx")])
def test_nothing_is_wrong(disk: Disk, chain: bytes) -> None:
    pair = disk.pair(chain)
    assert (faults_of(pair, NOW), remarks_on(pair, NOW)) == ((), ())


def test_dates(disk: Disk) -> None:
    pair = disk.pair(certificate("mx"))
    assert said(faults_of(pair, NOW - 2 * DAY)) == [("mx.pem", "is not valid before 2026-09-20 14:13 UTC")]
    assert said(faults_of(pair, NOW + 91 * DAY)) == [("mx.pem", "has expired: it was valid until 2026-12-20 14:13 UTC")]
    assert faults_of(pair, pair.not_before) == faults_of(pair, pair.not_after) == ()


@pytest.mark.parametrize(
    ("chain", "what"),
    [
        (LEAF + ROOT + MIDDLE, "certificate 2 (CN=root) has not signed certificate 1 (CN=mx)"),
        (LEAF + MIDDLE + certificate("root", KEY), "certificate 3 (CN=root) has not signed certificate 2 (CN=middle)"),
        (LEAF + LEAF, "certificate 2 (CN=mx) has not signed certificate 1 (CN=mx)"),
    ],
)
def test_a_chain_out_of_order(disk: Disk, chain: bytes, what: str) -> None:
    assert said(faults_of(disk.pair(chain), NOW))[0] == ("mx.pem", what)


def test_a_signature_that_nobody_can_check_is_believed_by_its_names(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, odd = disk.pair(LEAF + MIDDLE), Disk(disk.certificate.parent, "odd").pair(LEAF + ROOT)

    class Strange:
        def __init__(self, certificate: x509.Certificate) -> None:
            self.issuer, self.subject = certificate.issuer, certificate.subject

        def verify_directly_issued_by(self, _: object) -> None:
            raise UnsupportedAlgorithm("strange")

    for each in (pair, odd):
        object.__setattr__(each, "chain", (Strange(each.chain[0]), each.chain[1]))
    monkeypatch.setattr("mailgate.tls.judging._dates", lambda *_: ())
    assert faults_of(pair, NOW) == ()
    assert len(faults_of(odd, NOW)) == 1


def test_who_is_self_signed() -> None:
    assert is_self_signed(x509.load_pem_x509_certificate(ROOT))
    assert not is_self_signed(x509.load_pem_x509_certificate(LEAF))
    assert not is_self_signed(x509.load_pem_x509_certificate(certificate("mx", KEY, "mx", OTHER_KEY)))


def test_a_chain_that_is_missing(disk: Disk) -> None:
    assert said(remarks_on(disk.pair(LEAF), NOW)) == [
        ("mx.pem", "has no chain: many clients do not know CN=middle, which signed it")
    ]


def test_an_intermediate_that_has_expired(disk: Disk) -> None:
    pair = disk.pair(LEAF + certificate("middle", OTHER_KEY, "root", RSA_KEY, ends=NOW))
    assert remarks_on(pair, NOW) == ()
    assert said(remarks_on(pair, NOW + 1)) == [("mx.pem", "certificate 2 of the chain (CN=middle) has expired")]
    assert faults_of(pair, NOW + 1) == ()


@pytest.mark.parametrize(
    ("mode", "what"),
    [
        (0o600, []),
        (0o640, []),
        (0o660, []),
        (0o644, [("mx-key.pem", "can be read by everybody on this machine")]),
        (0o602, [("mx-key.pem", "can be overwritten by everybody on this machine")]),
    ],
)
def test_a_key_that_is_not_private(disk: Disk, mode: int, what: list[tuple[str, str]]) -> None:
    disk.pair(certificate("mx"))
    disk.key.chmod(mode)
    from mailgate.tls.pair import read_pair

    assert said(remarks_on(read_pair(disk.files), NOW)) == what


def test_names(tmp_path: Path) -> None:
    main = Disk(tmp_path, "main").pair(certificate("main", dns=["mx.test", "*.mail.test"]))
    also = Disk(tmp_path, "also").pair(certificate("also", dns=["mx.other.test"]))
    nameless = Disk(tmp_path, "nameless").pair(certificate("nameless", dns=[], addresses=["192.0.2.1"]))
    for hostname in ("mx.test", "a.mail.test", "mx.OTHER.test", ""):
        assert remarks_on_names([main, also], hostname) == ()
    assert said(remarks_on_names([main, also], "elsewhere.test")) == [
        ("main.pem", "is not for the hostname elsewhere.test, but for mx.test, *.mail.test")
    ]
    assert remarks_on_names([nameless], "") == ()
    assert said(remarks_on_names([main, nameless], "")) == [
        ("nameless.pem", "has no DNS name, so no client can ask for it")
    ]
