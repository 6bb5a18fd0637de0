"""The certificate that nobody vouches for."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mailgate.cli.init.certificate import certify, ends_at, is_for, is_key, is_self_signed, make_key

NOW = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)


def test_it_is_for_one_host_and_thirteen_months() -> None:
    key = make_key()
    pem = certify(key, "mx.example.test", NOW)
    certificate = x509.load_pem_x509_certificate(pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mx.example.test"]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert certificate.not_valid_before_utc < NOW
    assert ends_at(pem) - NOW == datetime.timedelta(days=397)
    assert is_self_signed(pem) and is_key(key)
    certificate.verify_directly_issued_by(certificate)


def test_a_name_too_long_for_a_common_name() -> None:
    name = ".".join(["a" * 60] * 3)
    key = make_key()
    assert is_for(certify(key, name, NOW), key, name)


def test_whose_and_for_whom_it_is() -> None:
    key = make_key()
    pem = certify(key, "mx.example.test", NOW)
    assert is_for(pem, key, "mx.example.test")
    assert not is_for(pem, key, "mail.example.test")
    assert not is_for(pem, make_key(), "mx.example.test")
    assert not is_for(pem, b"nothing", "mx.example.test")
    assert not is_for(b"nothing", key, "mx.example.test")
    wild = certify(key, "*.example.test", NOW)
    assert is_for(wild, key, "mx.example.test")
    assert not is_for(wild, key, "a.mx.example.test") and not is_for(wild, key, "example.test")


def test_what_is_no_key_of_ours() -> None:
    private = rsa.generate_private_key(65537, 2048)
    form = serialization.PrivateFormat.PKCS8
    plain = private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    locked = private.private_bytes(serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(b"x"))
    assert is_key(plain) and not is_key(locked) and not is_key(b"")
    with pytest.raises(ValueError, match="expected a key"):
        certify(plain, "mx.example.test", NOW)
