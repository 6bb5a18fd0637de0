"""A certificate with its chain and its key, as they were read; that they can be used together is sure."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from attrs import field, frozen
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from mailgate.faults import Fault
from mailgate.tls.context import CannotUse, PrivateKey, make_context
from mailgate.tls.files import BadCertificate, Contents, Files
from mailgate.tls.names import dns_names, names_of

_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"


@frozen
class Pair:
    """What `read_pair` gives."""

    files: Files
    chain: tuple[x509.Certificate, ...]  # its own certificate first
    key: PrivateKey = field(repr=False)
    digest: bytes = field(repr=False)  # of both files
    key_mode: int  # of the key's file

    @property
    def certificate(self) -> x509.Certificate:
        """Its own."""
        return self.chain[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Whose certificate it is, for people."""
        return names_of(self.certificate)

    @property
    def dns_names(self) -> tuple[str, ...]:
        """The names that clients may ask for, `*.` included."""
        return dns_names(self.certificate)

    @property
    def serial(self) -> str:
        """Hexadecimal, as openssl shows it."""
        return serial_of(self.certificate)

    @property
    def not_before(self) -> float:
        """Unix time."""
        return self.certificate.not_valid_before_utc.timestamp()

    @property
    def not_after(self) -> float:
        """Unix time."""
        return self.certificate.not_valid_after_utc.timestamp()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, hexadecimal."""
        return fingerprint_of(self.certificate)


def read_pair(files: Files) -> Pair:
    """Read both files. Raises `BadCertificate` if they cannot be used, with the faults of both files."""
    return understand(files, files.read())


def understand(files: Files, contents: Contents) -> Pair:
    """The pair that these octets are. Raises `BadCertificate`."""
    faults = list(contents.faults)
    chain = _chain(files.certificate, contents.certificate, faults) if contents.certificate is not None else ()
    key = _key(files.key, contents.key, faults) if contents.key is not None else None
    if faults or key is None:
        raise BadCertificate(*faults)
    if not _belong_together(chain[0], key, files):
        raise BadCertificate(Fault(files.key, f"is not the key of {files.certificate}", "were both renewed?"))
    try:
        make_context(chain, key)
    except CannotUse as error:
        raise BadCertificate(Fault(files.certificate, f"cannot be used: {error}")) from None
    return Pair(files, chain, key, contents.digest, contents.key_mode)


def serial_of(certificate: x509.Certificate) -> str:
    """The serial number, hexadecimal, in whole octets."""
    return certificate.serial_number.to_bytes((certificate.serial_number.bit_length() + 7) // 8).hex().upper()


def fingerprint_of(certificate: x509.Certificate) -> str:
    """SHA-256 of the whole certificate, hexadecimal."""
    return sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def _chain(file: str, pem: bytes, faults: list[Fault]) -> tuple[x509.Certificate, ...]:
    # Cut here, because a last one that was cut short would be taken for a comment.
    parts = pem.split(_BEGIN)[1:]
    if not parts:
        faults.append(Fault(file, "has no PEM certificate"))
    try:
        return tuple(x509.load_pem_x509_certificate(_BEGIN + part) for part in parts)
    except ValueError:
        faults.append(Fault(file, "has a PEM certificate that cannot be read"))
        return ()


def _key(file: str, pem: bytes, faults: list[Fault]) -> PrivateKey | None:
    try:
        key: Any = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        faults.append(Fault(file, "has no PEM key that can be read", "keys with a passphrase are not taken"))
        return None
    return key  # type: ignore[no-any-return]


def _belong_together(certificate: x509.Certificate, key: PrivateKey, files: Files) -> bool:
    try:
        shown = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadCertificate(Fault(files.certificate, f"has a key that cannot be used: {error}")) from None
    return _public(shown) == _public(key.public_key())


def _public(key: Any) -> bytes:
    return bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
