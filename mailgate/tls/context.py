"""How TLS is spoken: which versions and ciphers, and that sessions are resumed by tickets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from OpenSSL import SSL

PrivateKey = (
    ec.EllipticCurvePrivateKey
    | rsa.RSAPrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | dsa.DSAPrivateKey
)

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
_OPTIONS: Final = SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION
_SESSIONS: Final = b"mailgate"  # the same in all contexts: who gets another one by its name may resume all the same


class CannotUse(Exception):
    """OpenSSL does not take this certificate or key; the message has its reasons."""


def make_context(chain: Sequence[x509.Certificate], key: PrivateKey) -> SSL.Context:
    """A context that shows `chain`, with fresh keys for its tickets. Raises `CannotUse`.

    Session tickets are on, as they are unless they are turned off: a mail client that polls shall not shake hands in
    full each time.
    """
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(_OPTIONS)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    context.set_session_id(_SESSIONS)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)  # what a session needs is in its ticket, not in our memory
    context.set_cipher_list(CIPHERS.encode())
    try:
        context.use_certificate(chain[0])
        context.use_privatekey(key)
        for certificate in chain[1:]:
            context.add_extra_chain_cert(certificate)
        context.check_privatekey()
    except SSL.Error as error:
        raise CannotUse(", ".join(reason for *_, reason in error.args[0])) from None
    return context
