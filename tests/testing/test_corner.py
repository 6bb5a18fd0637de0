"""Where a test is on the server."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Any

import pytest

from mailgate.development import write_certificate
from mailgate.testing.corner import Corner, new_name
from mailgate.testing.places import Place
from mailgate.testing.ready import Ready
from tests.testing.fake_gateway import ready_line

NAMES = ("smtp", "submission", "submissions", "lmtp", "pop3", "pop3s", "http")


def a_corner(**told: Any) -> Corner:
    return Corner("t1", lambda: Ready.read({**ready_line("/nowhere"), **told}))


def test_addresses_are_in_its_domain() -> None:
    corner = a_corner()
    assert corner.address("alice") == "alice@t1.example.test"
    assert corner.address() == "user@t1.example.test"
    assert corner.domain == "t1.example.test"
    assert repr(corner) == "<Corner t1.example.test>"


def test_names_are_new_and_fit_a_domain() -> None:
    names = {new_name() for _ in range(100)}
    assert len(names) == 100
    assert all(re.fullmatch(r"[a-z][a-z0-9]{5,30}", name) for name in names)


def test_the_places() -> None:
    corner = a_corner(ports={name: {"host": "127.0.0.1", "port": 2000 + at} for at, name in enumerate(NAMES)})
    assert corner.smtp == Place("127.0.0.1", 2000)
    assert corner.submission.port == 2001
    assert corner.submissions.port == 2002
    assert corner.lmtp.port == 2003
    assert (corner.pop3.port, corner.pop3.ssl_context) == (2004, None)
    assert (corner.pop3s.port, corner.pop3s.ssl_context) == (2005, corner.ssl_context)
    assert corner.http == "http://127.0.0.1:2006/api/v1"


def test_a_place_that_is_not_there() -> None:
    with pytest.raises(LookupError, match="no port 'http'"):
        a_corner().http  # noqa: B018


def test_the_password_of_an_address_is_the_one_that_was_set() -> None:
    corner = a_corner()
    assert corner.pop3.password_of("a@b") == corner.password != a_corner().password
    corner.remember_password("a@b", "new")
    assert corner.pop3.password_of("a@b") == corner.pop3.password_of("A@B") == "new"
    corner.remember_password("A@b", "")
    assert corner.pop3.password_of("a@b") == corner.password
    assert corner.pop3.password_of("c@d") == corner.password


def test_its_certificate_is_trusted_and_verified(tmp_path: Path) -> None:
    certificate, _ = write_certificate(str(tmp_path))
    corner = a_corner(ca_file=certificate)
    context = corner.ssl_context()
    assert corner.ca_file == certificate
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert len(context.get_ca_certs()) == 1
