"""Whom a self-test believes: authorities, and the certificate that is configured, whatever they say of it."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from mailgate.cli.tls_naming import expected_for, misnaming, remedy

if TYPE_CHECKING:
    from mailgate.tls.pair import Pair

NOT_VERIFIED: Final = "not verified: self-signed; it is the certificate that is configured"
_NOT_FOR_THAT_NAME: Final = (62, 64)  # OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH


class Stranger(Exception):
    """Nobody vouches for this certificate; the message says why, for people, and what to do."""


@frozen
class Trust:
    """Whom a client believes."""

    name: str  # that it asks for
    careful: ssl.SSLContext = field(repr=False)
    # The certificate (DER) that is configured for that name, or is the main one, if it is in force; or empty. It is
    # known to be that of our gateway, even where mail programs would not take it.
    configured: bytes = field(repr=False, default=b"")
    needed: bool = True  # is there a certificate, so that every port can be expected to show one?


@frozen
class Doubt:
    """What there is to say of a certificate that is taken although it could not be verified."""

    wrong: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


NO_DOUBT: Final = Doubt()


def make_trust(hostname: str, pairs: Sequence[Pair | None], ca_file: str, needed: bool, now: float) -> Trust:
    """`pairs`: those of the configuration, None for what cannot be read. `ca_file`: instead of the system's
    authorities. Raises OSError if it cannot be used.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    context = ssl.create_default_context(cafile=ca_file or None)
    pair = expected_for(hostname, pairs)
    if pair is None or not pair.not_before <= now <= pair.not_after:
        return Trust(hostname, context, b"", needed)
    return Trust(hostname, context, pair.certificate.public_bytes(Encoding.DER), needed)


def judge(trust: Trust, shown: bytes, error: ssl.SSLCertVerificationError) -> Doubt:
    """Is what was `shown` (DER) the gateway's, although it could not be verified? Raises `Stranger` if not.

    A self-signed certificate is taken if it is the configured one, which is no fault; so is one for other names if an
    authority vouches for it, which is one: no mail program would go on.
    """
    from cryptography.x509 import load_der_x509_certificate

    from mailgate.tls.judging import is_self_signed

    certificate = load_der_x509_certificate(shown)
    misnamed = misnaming(certificate, trust.name)
    is_vouched_for = error.verify_code in _NOT_FOR_THAT_NAME
    is_known = misnamed if is_vouched_for else is_self_signed(certificate)
    what_to_do = f": {remedy(certificate, trust.name, trust.name)}" if misnamed else ""
    if shown == trust.configured and is_known:
        wrong = (f"its certificate is {misnamed}{what_to_do}",) if misnamed else ()
        return Doubt(wrong, () if is_vouched_for else (NOT_VERIFIED,))
    why = [] if is_vouched_for and misnamed else [f"not trusted: {error.verify_message}"]
    faults = f"its certificate is {'; and it is '.join([*why, misnamed] if misnamed else why)}"
    if trust.configured and shown != trust.configured:
        raise Stranger(f"{faults}; and it is not the one that is configured: see mailgate tls status")
    raise Stranger(f"{faults}{what_to_do}")
