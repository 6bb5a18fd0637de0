"""Certificates: loaded, shown, swapped; and what is wrong with those that cannot be."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface.verify import verifyObject

from mailgate.tls import CIPHERS, BadCertificate, ServerCertificate

# Twisted still takes them so.
pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PEM = serialization.Encoding.PEM
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
UNUSED = TLSMemoryBIOProtocol.__new__(TLSMemoryBIOProtocol)  # the creator has no use for it


def certificate(name: str, key: PrivateKey, issuer: str | None = None, issuer_key: PrivateKey | None = None) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]) if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(issuer_key or key, hashes.SHA256())
        .public_bytes(PEM)
    )


def pem(key: PrivateKey, passphrase: bytes | None = None, *, traditional: bool = False) -> bytes:
    kind = serialization.PrivateFormat.TraditionalOpenSSL if traditional else serialization.PrivateFormat.PKCS8
    encryption = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )  # fmt: skip
    return key.private_bytes(PEM, kind, encryption)


class Files:
    """A certificate's and a key's file."""

    def __init__(self, directory: Path) -> None:
        self.certificate = directory / "cert.pem"
        self.key = directory / "key.pem"
        self.server = ServerCertificate(str(self.certificate), str(self.key))

    def write(self, chain: bytes, key: bytes) -> None:
        self.certificate.write_bytes(chain)
        self.key.write_bytes(key)

    def faults(self) -> list[tuple[str, str]]:
        """(file, what is wrong) with all that `load` finds."""
        with pytest.raises(BadCertificate) as error:
            self.server.load()
        assert str(error.value) == "; ".join(map(str, error.value.faults))
        assert error.value.fault is error.value.faults[0]
        return [(Path(fault.where).name, fault.what) for fault in error.value.faults]

    def fault(self) -> tuple[str, str]:
        """The same where there is one."""
        (fault,) = self.faults()
        return fault


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def shake_hands(
    server_side: ServerCertificate, versions: Sequence[int] = (), ciphers: bytes = b""
) -> tuple[list[str], str]:
    """The common names that a client is shown, and the version of TLS; over memory, no network."""
    context = SSL.Context(SSL.TLS_METHOD)
    for version in versions:
        context.set_max_proto_version(version)
    if ciphers:
        context.set_cipher_list(ciphers)
    client, server = SSL.Connection(context, None), server_side.serverConnectionForTLS(UNUSED)
    client.set_connect_state()
    server.set_accept_state()
    for _ in range(8):
        for here, there in ((client, server), (server, client)):
            with contextlib.suppress(SSL.WantReadError):
                here.do_handshake()
            with contextlib.suppress(SSL.WantReadError):
                there.bio_write(here.bio_read(65_536))
    chain = client.get_peer_cert_chain()
    assert chain is not None
    names = [shown.to_cryptography().subject.rfc4514_string().removeprefix("CN=") for shown in chain]
    return names, client.get_protocol_version_name()


def test_shows_what_was_loaded(files: Files) -> None:
    files.write(certificate("mx.example.test", KEY), pem(KEY))
    files.server.load()
    assert verifyObject(IOpenSSLServerConnectionCreator, files.server)
    assert shake_hands(files.server) == (["mx.example.test"], "TLSv1.3")


@pytest.mark.parametrize("traditional", [False, True])
@pytest.mark.parametrize("key", [KEY, RSA_KEY])
def test_takes_keys_of_any_kind(files: Files, key: PrivateKey, traditional: bool) -> None:
    files.write(b"# a comment\n" + certificate("mx.example.test", key), pem(key, traditional=traditional))
    files.server.load()
    assert shake_hands(files.server)[0] == ["mx.example.test"]


def test_shows_the_whole_chain(files: Files) -> None:
    chain = (
        certificate("mx.example.test", KEY, "intermediate", OTHER_KEY) + b"\n" + certificate("intermediate", OTHER_KEY)
    )
    files.write(chain, pem(KEY))
    files.server.load()
    assert shake_hands(files.server)[0] == ["mx.example.test", "intermediate"]


def test_a_key_in_the_certificates_file_does_no_harm(files: Files) -> None:
    files.write(pem(KEY) + certificate("mx.example.test", KEY) + pem(KEY), pem(KEY))
    files.server.load()
    assert shake_hands(files.server)[0] == ["mx.example.test"]


def test_new_files_are_shown_to_new_connections(files: Files) -> None:
    files.write(certificate("old", KEY), pem(KEY))
    files.server.load()
    files.write(certificate("new", OTHER_KEY), pem(OTHER_KEY))
    assert shake_hands(files.server)[0] == ["old"]
    files.server.load()
    assert shake_hands(files.server)[0] == ["new"]


def test_what_cannot_be_loaded_is_not_shown(files: Files) -> None:
    files.write(certificate("old", KEY), pem(KEY))
    files.server.load()
    files.write(certificate("new", OTHER_KEY), pem(KEY))
    files.fault()
    assert shake_hands(files.server)[0] == ["old"]


def test_before_loading_there_is_nothing_to_show(files: Files) -> None:
    with pytest.raises(AssertionError, match="load"):
        files.server.serverConnectionForTLS(UNUSED)


def test_tls_1_2_is_spoken_and_nothing_older(files: Files) -> None:
    files.write(certificate("mx.example.test", KEY), pem(KEY))
    files.server.load()
    assert shake_hands(files.server, [SSL.TLS1_2_VERSION])[1] == "TLSv1.2"
    with pytest.raises(SSL.Error):
        shake_hands(files.server, [SSL.TLS1_1_VERSION])


@pytest.mark.parametrize("ciphers", [b"ECDHE-ECDSA-AES128-SHA256", b"AES128-GCM-SHA256", b"ECDHE-ECDSA-AES256-SHA"])
def test_weak_ciphers_are_not_spoken(files: Files, ciphers: bytes) -> None:
    assert ciphers.decode() not in CIPHERS.split(":")
    files.write(certificate("mx.example.test", KEY), pem(KEY))
    files.server.load()
    with pytest.raises(SSL.Error):
        shake_hands(files.server, [SSL.TLS1_2_VERSION], ciphers)


# What can be wrong.


def test_a_file_that_is_not_there(files: Files) -> None:
    assert files.faults() == [
        ("cert.pem", "cannot be read: No such file or directory"),
        ("key.pem", "cannot be read: No such file or directory"),
    ]
    files.key.write_bytes(pem(KEY))
    assert files.fault() == ("cert.pem", "cannot be read: No such file or directory")
    files.key.unlink()
    files.certificate.write_bytes(certificate("mx", KEY))
    assert files.fault() == ("key.pem", "cannot be read: No such file or directory")
    files.key.mkdir()
    assert files.fault() == ("key.pem", "cannot be read: Is a directory")


@pytest.mark.parametrize("chain", [b"", b"nonsense", pem(KEY)])
def test_no_certificate(files: Files, chain: bytes) -> None:
    files.write(chain, pem(KEY))
    assert files.fault() == ("cert.pem", "has no PEM certificate")


@pytest.mark.parametrize("rest", [b"", b"AAAA\n-----END CERTIFICATE-----\n", b"\xff\n-----END CERTIFICATE-----\n"])
@pytest.mark.parametrize("before", [b"", certificate("mx", KEY)])
def test_a_broken_certificate(files: Files, before: bytes, rest: bytes) -> None:
    files.write(before + b"-----BEGIN CERTIFICATE-----\n" + rest, pem(KEY))
    assert files.fault() == ("cert.pem", "has a PEM certificate that cannot be read")


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"nonsense",
        certificate("mx", KEY),
        pem(KEY, b"passphrase"),
        pem(KEY, b"passphrase", traditional=True),
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ],
)
def test_no_key(files: Files, key: bytes) -> None:
    files.write(certificate("mx", KEY), key)
    assert files.fault() == ("key.pem", "has no PEM key that can be read")


@pytest.mark.parametrize("key", [OTHER_KEY, RSA_KEY])
def test_the_key_of_another_certificate(files: Files, key: PrivateKey) -> None:
    files.write(certificate("mx", KEY), pem(key))
    name, what = files.fault()
    assert name == "key.pem"
    assert what == f"is not the key of {files.certificate}"


def test_a_key_that_is_too_short_is_not_called_a_mismatch(files: Files) -> None:
    short = rsa.generate_private_key(65537, 1024)
    files.write(certificate("mx", short), pem(short))
    name, what = files.fault()
    assert name == "cert.pem"
    assert what.startswith("cannot be used: ") and "small" in what
