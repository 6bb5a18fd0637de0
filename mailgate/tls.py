"""The certificate that the listeners show, for implicit TLS and for STARTTLS alike."""

from __future__ import annotations

from typing import Final

from OpenSSL import SSL, crypto
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.ssl import AcceptableCiphers, CertificateOptions, TLSVersion
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from mailgate.faults import Fault

# Mozilla's "intermediate" list for TLS 1.2; TLS 1.3 has good ones only.
CIPHERS: Final = ":".join(
    (
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
    )
)
_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"


class BadCertificate(Exception):
    """Certificate and key cannot be used; `faults` say which files and why, `fault` is the first."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults
        self.fault = faults[0]


@implementer(IOpenSSLServerConnectionCreator)
class ServerCertificate:
    """A key and its chain; every new connection shows those which were loaded last."""

    def __init__(self, certificate_file: str, key_file: str) -> None:
        """Both files are PEM; the certificate's has the full chain, its own certificate first."""
        self._certificate_file = certificate_file
        self._key_file = key_file
        self._context: SSL.Context | None = None

    def load(self) -> None:
        """Read the files and show them from now on. Raises `BadCertificate`, and shows on what it showed before."""
        chain, key = _read_both(self._certificate_file, self._key_file)
        if _public(key) != _public(chain[0].get_pubkey()):
            raise BadCertificate(
                Fault(self._key_file, f"is not the key of {self._certificate_file}", "were both renewed?")
            )
        options = CertificateOptions(
            privateKey=key,
            certificate=chain[0],
            extraCertChain=chain[1:],
            insecurelyLowerMinimumTo=TLSVersion.TLSv1_2,
            acceptableCiphers=AcceptableCiphers.fromOpenSSLCipherString(CIPHERS),
            enableSessionTickets=True,  # a mail client that polls shall not shake hands in full each time
        )
        try:
            self._context = options.getContext()
        except SSL.Error as error:
            reasons = ", ".join(reason for *_, reason in error.args[0])
            raise BadCertificate(Fault(self._certificate_file, f"cannot be used: {reasons}")) from None

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        assert self._context is not None, "load() comes first"
        return SSL.Connection(self._context, None)


def _read_both(certificate_file: str, key_file: str) -> tuple[list[crypto.X509], crypto.PKey]:
    try:
        chain = _read_chain(certificate_file)
    except BadCertificate as error:
        try:
            _read_key(key_file)
        except BadCertificate as other:
            raise BadCertificate(error.fault, other.fault) from None
        raise
    return chain, _read_key(key_file)


def _read_chain(file: str) -> list[crypto.X509]:
    parts = _read(file).split(_BEGIN)[1:]
    if not parts:
        raise BadCertificate(Fault(file, "has no PEM certificate"))
    try:
        return [crypto.load_certificate(crypto.FILETYPE_PEM, _BEGIN + part) for part in parts]
    except crypto.Error:
        raise BadCertificate(Fault(file, "has a PEM certificate that cannot be read")) from None


def _read_key(file: str) -> crypto.PKey:
    pem = _read(file)
    try:
        # Without the empty passphrase OpenSSL would ask for one on the terminal.
        return crypto.load_privatekey(crypto.FILETYPE_PEM, pem, b"")
    except crypto.Error:
        raise BadCertificate(
            Fault(file, "has no PEM key that can be read", "keys with a passphrase are not taken")
        ) from None


def _public(key: crypto.PKey) -> bytes:
    return crypto.dump_publickey(crypto.FILETYPE_PEM, key)


def _read(file: str) -> bytes:
    try:
        with open(file, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise BadCertificate(Fault(file, f"cannot be read: {error.strerror}")) from None
