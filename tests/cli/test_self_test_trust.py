"""Whom a self-test believes."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from mailgate.cli.self_test_trust import NOT_VERIFIED, Doubt, Stranger, Trust, judge, make_trust
from tests.tls.support import DAY, KEY, NOW, OTHER_KEY, Disk, certificate

MISMATCH, SELF_SIGNED, NO_ISSUER = 62, 18, 20
REMEDY = "get one for that name, or set hostname to a name that it has"


def der(chain: bytes) -> bytes:
    return ssl.PEM_cert_to_DER_cert(chain.decode())


SELF = der(certificate("mx.test"))
SIGNED = der(certificate("mx.test", KEY, "ca", OTHER_KEY))
OTHER_SELF = der(certificate("b.test"))
OTHER_SIGNED = der(certificate("b.test", KEY, "ca", OTHER_KEY))


def doubted(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, f"reason {code}"
    return error


def judged(shown: bytes, code: int, configured: bytes) -> Doubt:
    return judge(Trust("mx.test", ssl.create_default_context(), configured), shown, doubted(code))


def refusal(shown: bytes, code: int, configured: bytes = b"") -> str:
    with pytest.raises(Stranger) as caught:
        judged(shown, code, configured)
    return str(caught.value)


def test_it_asks_for_the_hostname_whatever_the_certificates_are_for(tmp_path: Path) -> None:
    main = certificate("mail.test", dns=["*.mail.test", "mail.test"])
    one = Disk(tmp_path, "one").pair(main)
    two = Disk(tmp_path, "two").pair(certificate("mx.test"))
    assert make_trust("mx.test", [one], "", True, NOW).name == "mx.test"
    assert make_trust("mx.test", [one], "", True, NOW).configured == der(main)
    assert make_trust("mx.test", [one, None, two], "", True, NOW).configured != der(main)


def test_what_is_known(tmp_path: Path) -> None:
    pem = certificate("mx.test")
    own = Disk(tmp_path, "own").pair(pem)
    assert make_trust("mx.test", [own], "", True, NOW).configured == der(pem)
    assert make_trust("mx.test", [own], "", True, NOW + 91 * DAY).configured == b""
    assert make_trust("mx.test", [own], "", True, NOW - 2 * DAY).configured == b""
    assert make_trust("mx.test", [None], "", True, NOW).configured == b""
    assert make_trust("mx.test", [], "", False, NOW).needed is False


def test_authorities_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        make_trust("mx.test", [], str(tmp_path / "none"), True, NOW)


def test_self_signed_as_configured_is_remarked() -> None:
    assert judged(SELF, SELF_SIGNED, SELF) == Doubt((), (NOT_VERIFIED,))


def test_as_configured_and_for_another_name_is_wrong() -> None:
    wrong = (f"its certificate is not for mx.test, but for b.test: {REMEDY}",)
    assert judged(OTHER_SELF, SELF_SIGNED, OTHER_SELF) == Doubt(wrong, (NOT_VERIFIED,))
    # An authority vouches for both.
    assert judged(OTHER_SELF, MISMATCH, OTHER_SELF) == judged(OTHER_SIGNED, MISMATCH, OTHER_SIGNED) == Doubt(wrong)


def test_strangers() -> None:
    assert refusal(SIGNED, NO_ISSUER) == refusal(SIGNED, NO_ISSUER, SIGNED)
    assert refusal(SIGNED, NO_ISSUER) == "its certificate is not trusted: reason 20"
    assert refusal(SELF, SELF_SIGNED) == "its certificate is not trusted: reason 18"
    assert refusal(OTHER_SIGNED, NO_ISSUER) == (
        f"its certificate is not trusted: reason 20; and it is not for mx.test, but for b.test: {REMEDY}"
    )
    assert refusal(OTHER_SIGNED, MISMATCH) == f"its certificate is not for mx.test, but for b.test: {REMEDY}"
    # OpenSSL minds a name that we take for right: its word counts.
    assert refusal(SIGNED, MISMATCH, SIGNED) == "its certificate is not trusted: reason 62"


def test_another_one_than_the_configured() -> None:
    ending = "; and it is not the one that is configured: see mailgate tls status"
    assert refusal(SELF, SELF_SIGNED, SIGNED) == f"its certificate is not trusted: reason 18{ending}"
    assert refusal(OTHER_SIGNED, MISMATCH, SIGNED) == f"its certificate is not for mx.test, but for b.test{ending}"
