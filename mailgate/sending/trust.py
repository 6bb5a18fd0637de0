"""Whom we believe to be the smarthost: a certificate with its name, from an authority that we know."""

from __future__ import annotations

from typing import Final

from OpenSSL import SSL, crypto
from service_identity import VerificationError
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates

_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"


def verified(host: str, ca_file: str | None) -> IOpenSSLClientConnectionCreator:
    """Client's TLS, 1.2 or later, with a host whose certificate has this name or IP address (RFC 9525), and a chain
    that ends at the system's authorities, or, if there is a `ca_file` (PEM), at one of those in it alone.

    Raises OSError and ValueError for a file that cannot be used.
    """
    if ca_file is None:
        return optionsForClientTLS(host)
    return optionsForClientTLS(host, trustRootFromCertificates(_authorities(ca_file)))


def explain(error: BaseException, host: str) -> str:
    """Why a handshake did not come about, for who has to see to it."""
    if isinstance(error, VerificationError):
        return f"the smarthost's certificate is not for {host}"
    if isinstance(error, SSL.Error) and error.args and error.args[0]:
        reasons = ", ".join(str(reason) for *_, reason in error.args[0])
        if "certificate verify failed" in reasons:
            return (
                "the smarthost's certificate is not to be trusted: it has run out, or nobody that we know has issued"
                " it; smarthost_ca names a file with the authority, if it is one of your own"
            )
        return f"no TLS with the smarthost: {reasons}"
    return f"the connection broke in the TLS handshake: {error}"


def _authorities(file: str) -> list[Certificate]:
    with open(file, "rb") as stream:
        parts = stream.read().split(_BEGIN)[1:]
    if not parts:
        raise ValueError(f"{file} has no PEM certificate")
    try:
        return [Certificate.loadPEM(_BEGIN + part) for part in parts]
    except crypto.Error:
        raise ValueError(f"{file} has a PEM certificate that cannot be read") from None
