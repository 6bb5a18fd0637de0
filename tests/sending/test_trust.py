"""Whom we believe; the handshakes themselves are in test_channel.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator

from mailgate.sending.trust import explain, verified
from tests.sending.support import HOST, Authority


def test_the_systems_authorities_or_ones_own(tmp_path: Path) -> None:
    for ca_file in (None, Authority.make(tmp_path).file):
        assert IOpenSSLClientConnectionCreator.providedBy(verified(HOST, ca_file))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no PEM certificate"),
        ("hello", "has no PEM certificate"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read"),
    ],
)
def test_what_is_no_authority(content: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(content)
    with pytest.raises(ValueError, match=f"{file} has .*{message}|{file} {message}"):
        verified(HOST, str(file))


def test_an_authority_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        verified(HOST, str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (VerificationError(errors=[]), f"the smarthost's certificate is not for {HOST}"),
        (SSL.Error([("SSL routines", "", "certificate verify failed")]), "smarthost_ca"),
        (SSL.Error([("SSL routines", "", "wrong version number")]), "no TLS with the smarthost: wrong version number"),
        (SSL.Error(), "broke in the TLS handshake"),
        (ConnectionLost(), "broke in the TLS handshake: Connection to the other side was lost"),
    ],
)
def test_reasons(error: Exception, reason: str) -> None:
    assert reason in explain(error, HOST)
