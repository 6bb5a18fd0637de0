"""Files that can be used together, and what is wrong with those that cannot."""

from __future__ import annotations

import datetime
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from mailgate.tls.files import BadCertificate
from mailgate.tls.pair import read_pair
from tests.tls.support import DAY, KEY, NOW, OTHER_KEY, PEM, RSA_KEY, Disk, Key, certificate, pem


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


def faults(disk: Disk) -> list[tuple[str, str]]:
    """(file, what is wrong) with all that there is."""
    with pytest.raises(BadCertificate) as error:
        read_pair(disk.files)
    return [(Path(fault.where).name, fault.what) for fault in error.value.faults]


def test_what_is_known_of_a_pair(disk: Disk) -> None:
    chain = certificate(
        "MX.test", KEY, "ca", OTHER_KEY, dns=["MX.test", "*.Mail.test"], addresses=["192.0.2.1"], serial=0x3AB
    )
    pair = disk.pair(chain + certificate("ca", OTHER_KEY))
    assert pair.names == ("mx.test", "*.mail.test", "192.0.2.1")
    assert pair.dns_names == ("mx.test", "*.mail.test")
    assert (pair.serial, pair.not_before, pair.not_after) == ("03AB", NOW - DAY, NOW + 90 * DAY)
    assert [each.subject.rfc4514_string() for each in pair.chain] == ["CN=MX.test", "CN=ca"]
    assert pair.certificate is pair.chain[0] and pair.key_mode & 0o777 == 0o600
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", disk.certificate],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert shown.strip().partition("=")[2].replace(":", "").lower() == pair.fingerprint
    assert "PrivateKey" not in repr(pair)


def test_a_key_beside_other_things_is_found(disk: Disk) -> None:
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    both = pem() + certificate("mx.test") + pem()
    assert read_pair(disk.write(both, parameters + pem(traditional=True)).files).names == ("mx.test",)
    assert read_pair(disk.write(both, certificate("mx.test") + pem()).files).names == ("mx.test",)


def test_an_edwards_key(disk: Disk) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mx.test")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, None)
    )
    from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat

    disk.write(signed.public_bytes(PEM), key.private_bytes(PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert read_pair(disk.files).names == ("CN=mx.test",)


def test_files_that_cannot_be_read(disk: Disk) -> None:
    missing = "cannot be read: No such file or directory"
    assert faults(disk) == [("mx.pem", missing), ("mx-key.pem", missing)]


def test_both_files_are_judged(disk: Disk) -> None:
    disk.key.write_bytes(b"nonsense")
    assert [what for _, what in faults(disk)] == [
        "cannot be read: No such file or directory",
        "has no PEM key that can be read",
    ]
    disk.write(b"nonsense", b"nonsense")
    assert faults(disk) == [("mx.pem", "has no PEM certificate"), ("mx-key.pem", "has no PEM key that can be read")]


@pytest.mark.parametrize("chain", [b"", b"nonsense", pem()])
def test_no_certificate(disk: Disk, chain: bytes) -> None:
    disk.write(chain, pem())
    assert faults(disk) == [("mx.pem", "has no PEM certificate")]


@pytest.mark.parametrize("rest", [b"", b"AAAA\n-----END CERTIFICATE-----\n", b"\xff\n-----END CERTIFICATE-----\n"])
@pytest.mark.parametrize("before", [b"", certificate("mx")])
def test_a_broken_certificate(disk: Disk, before: bytes, rest: bytes) -> None:
    disk.write(before + b"-----BEGIN CERTIFICATE-----\n" + rest, pem())
    assert faults(disk) == [("mx.pem", "has a PEM certificate that cannot be read")]


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"nonsense",
        certificate("mx"),
        pem(KEY, b"passphrase"),
        pem(KEY, b"passphrase", traditional=True),
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        pem()[:-40],
    ],
)
def test_no_key(disk: Disk, key: bytes) -> None:
    disk.write(certificate("mx"), key)
    assert faults(disk) == [("mx-key.pem", "has no PEM key that can be read")]


@pytest.mark.parametrize("key", [OTHER_KEY, RSA_KEY])
def test_the_key_of_another_certificate(disk: Disk, key: Key) -> None:
    disk.write(certificate("mx"), pem(key))
    assert faults(disk) == [("mx-key.pem", f"is not the key of {disk.certificate}")]


def test_a_key_that_is_too_short_is_not_called_a_mismatch(disk: Disk) -> None:
    short = rsa.generate_private_key(65537, 1024)
    disk.write(certificate("mx", short), pem(short))
    ((name, what),) = faults(disk)
    assert name == "mx.pem" and what.startswith("cannot be used: ") and "small" in what


def test_a_certificate_for_a_kind_of_key_that_nobody_knows(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    disk.write(certificate("mx"), pem())

    class Strange:
        def public_key(self) -> ec.EllipticCurvePublicKey:
            raise UnsupportedAlgorithm("strange")

    monkeypatch.setattr(x509, "load_pem_x509_certificate", lambda _: Strange())
    assert faults(disk) == [("mx.pem", "has a key that cannot be used: strange")]
