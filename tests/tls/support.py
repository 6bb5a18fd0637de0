"""What the tests of certificates share: certificates of all kinds, files of them, and a handshake over memory."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.protocols.tls import TLSMemoryBIOProtocol

from mailgate.tls.files import Files
from mailgate.tls.pair import Pair, read_pair

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PEM: Final = serialization.Encoding.PEM
KEY: Final = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY: Final = ec.generate_private_key(ec.SECP256R1())
RSA_KEY: Final = rsa.generate_private_key(65537, 2048)
NOW: Final = 1_790_000_000.0
DAY: Final = 86_400.0
_UNUSED: Final = TLSMemoryBIOProtocol.__new__(TLSMemoryBIOProtocol)  # the creators have no use for it


def certificate(
    name: str,
    key: Key = KEY,
    issuer: str = "",
    issuer_key: Key | None = None,
    *,
    dns: Sequence[str] | None = None,
    addresses: Sequence[str] = (),
    serial: int = 0,
    begins: float = NOW - DAY,
    ends: float = NOW + 90 * DAY,
    authority: bool = False,
) -> bytes:
    """One in PEM; self-signed unless there is an issuer. `dns`: its names, by default the common name; times are Unix
    times. `authority`: clients let it sign others.
    """
    names = [name] if dns is None else dns
    alternatives = [
        *map(x509.DNSName, names),
        *(x509.IPAddress(ipaddress.ip_address(each)) for each in addresses),
    ]
    builder = (
        x509.CertificateBuilder()
        .subject_name(_common(name))
        .issuer_name(_common(issuer or name))
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(datetime.datetime.fromtimestamp(begins, datetime.UTC))
        .not_valid_after(datetime.datetime.fromtimestamp(ends, datetime.UTC))
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    if authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_may_sign(), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    elif issuer_key is not None:  # clients that are strict (RFC 5280 4.2.1.1) want to know by which key
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    return builder.sign(issuer_key or key, hashes.SHA256()).public_bytes(PEM)


def _may_sign() -> x509.KeyUsage:
    return x509.KeyUsage(False, False, False, False, False, True, True, False, False)


def _common(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def pem(key: Key = KEY, passphrase: bytes | None = None, *, traditional: bool = False) -> bytes:
    """A key in PEM."""
    kind = serialization.PrivateFormat.TraditionalOpenSSL if traditional else serialization.PrivateFormat.PKCS8
    encryption = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )  # fmt: skip
    return key.private_bytes(PEM, kind, encryption)


class Disk:
    """A certificate's and a key's file."""

    def __init__(self, directory: Path, name: str = "mx") -> None:
        self.certificate = directory / f"{name}.pem"
        self.key = directory / f"{name}-key.pem"
        self.files = Files(str(self.certificate), str(self.key))

    def write(self, chain: bytes, key: bytes | None = None) -> Disk:
        """Both, or the certificate alone if there is no key."""
        self.certificate.write_bytes(chain)
        if key is not None:
            self.key.write_bytes(key)
            self.key.chmod(0o600)
        return self

    def pair(self, chain: bytes, key: Key = KEY) -> Pair:
        """Written and read."""
        return read_pair(self.write(chain, pem(key)).files)


@dataclass
class Client:
    """What a client saw."""

    names: list[str]  # the common names of the chain
    serial: int
    version: str


def shake_hands(
    creator: IOpenSSLServerConnectionCreator,
    sni: str = "",
    *,
    versions: Sequence[int] = (),
    ciphers: bytes = b"",
) -> Client:
    """What a client sees; over memory, no network."""
    context = SSL.Context(SSL.TLS_METHOD)
    for version in versions:
        context.set_max_proto_version(version)
    if ciphers:
        context.set_cipher_list(ciphers)
    client, server = SSL.Connection(context, None), creator.serverConnectionForTLS(_UNUSED)
    if sni:
        client.set_tlsext_host_name(sni.encode())
    client.set_connect_state()
    server.set_accept_state()
    pump(client, server)
    chain = client.get_peer_cert_chain() or []
    leaf = client.get_peer_certificate()
    assert leaf is not None, "no handshake"
    return Client(
        [shown.to_cryptography().subject.rfc4514_string().removeprefix("CN=") for shown in chain],
        leaf.to_cryptography().serial_number,
        client.get_protocol_version_name(),
    )


def pump(client: SSL.Connection, server: SSL.Connection) -> None:
    """Carry to and fro what they have to say."""
    for _ in range(8):
        for here, there in ((client, server), (server, client)):
            with contextlib.suppress(SSL.WantReadError):
                here.do_handshake()
            with contextlib.suppress(SSL.WantReadError):
                there.bio_write(here.bio_read(65_536))


def shown(creator: IOpenSSLServerConnectionCreator, sni: str = "") -> str:
    """The common name of the certificate that a client sees."""
    return shake_hands(creator, sni).names[0]
