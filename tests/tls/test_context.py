"""Contexts: what OpenSSL says to certificates that it does not take."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from OpenSSL import SSL

from mailgate.tls.context import CIPHERS, CannotUse, make_context
from tests.tls.support import KEY, OTHER_KEY, certificate


def test_a_context() -> None:
    context = make_context([x509.load_pem_x509_certificate(certificate("mx"))], KEY)
    ciphers = SSL.Connection(context, None).get_cipher_list()
    assert set(ciphers) == set(CIPHERS.split(":"))


def test_reasons() -> None:
    with pytest.raises(CannotUse, match="mismatch"):
        make_context([x509.load_pem_x509_certificate(certificate("mx"))], OTHER_KEY)
    short = rsa.generate_private_key(65537, 1024)
    with pytest.raises(CannotUse, match="too small"):
        make_context([x509.load_pem_x509_certificate(certificate("mx", short))], short)
