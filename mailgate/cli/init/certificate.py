"""A self-signed certificate for the host, until there is a real one. Mail servers take it for STARTTLS: they look for
secrecy from who listens in, and not for proof (RFC 7435). Mail programs do not.
"""

from __future__ import annotations

import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID

DAYS: Final = 397  # as long as public authorities may make theirs last, so that mail programs do not balk at it
MAX_COMMON_NAME: Final = 64  # RFC 5280 appendix A.1, ub-common-name


def make_key() -> bytes:
    """A fresh private key, in PEM."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def certify(key_pem: bytes, hostname: str, now: datetime.datetime) -> bytes:
    """A certificate by that key for that name, in PEM. It vouches for this host alone: who trusts it trusts in no
    other. Raises ValueError for what is no key.
    """
    key = serialization.load_pem_private_key(key_pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("expected a key as make_key() makes it")
    name = _name(hostname)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))  # clocks differ
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hostname)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def is_key(octets: bytes) -> bool:
    """Is it a private key in PEM, without a passphrase?"""
    return _load_key(octets) is not None


def is_for(certificate_pem: bytes, key_pem: bytes, hostname: str) -> bool:
    """Is it a certificate by that key, and is the host among its names?"""
    key = _load_key(key_pem)
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    return (
        key is not None
        and certificate.public_key() == key.public_key()
        and any(_means(name.lower(), hostname) for name in names.get_values_for_type(x509.DNSName))
    )


def is_self_signed(certificate_pem: bytes) -> bool:
    """Does nobody else vouch for it?"""
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    return certificate.issuer == certificate.subject


def ends_at(certificate_pem: bytes) -> datetime.datetime:
    """Until when it is valid."""
    return x509.load_pem_x509_certificate(certificate_pem).not_valid_after_utc


def _load_key(octets: bytes) -> PrivateKeyTypes | None:
    try:
        return serialization.load_pem_private_key(octets, None)
    except (ValueError, TypeError):  # TypeError: it wants a passphrase
        return None


def _means(name: str, hostname: str) -> bool:
    # A star stands for the whole first label, and for nothing else (RFC 9525 6.3).
    return name == hostname or (name.startswith("*.") and name[1:] == f".{hostname.partition('.')[2]}")


def _name(hostname: str) -> x509.Name:
    shown = hostname if len(hostname) <= MAX_COMMON_NAME else "mailgate"
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, shown)])
