"""Certificates for other names than clients ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificate

from mailgate.cli.tls_naming import expected_for, misnaming, remedy
from tests.tls.support import Disk, certificate

ONE = load_pem_x509_certificate(certificate("one", dns=["b.test", "*.c.test"], addresses=["192.0.2.1"]))
NONE = load_pem_x509_certificate(certificate("nobody", dns=[]))


@pytest.mark.parametrize("asked", ["", "b.test", "B.TEST", "a.c.test", "192.0.2.1"])
def test_names_that_are_its_own(asked: str) -> None:
    assert misnaming(ONE, asked) == ""


def test_names_that_are_not() -> None:
    assert misnaming(ONE, "a.test") == "not for a.test, but for b.test, *.c.test, 192.0.2.1"
    assert misnaming(ONE, "a.b.c.test").startswith("not for a.b.c.test, ")
    assert misnaming(NONE, "a.test") == "not for a.test, but for CN=nobody"
    many = load_pem_x509_certificate(certificate("x", dns=[f"{number}.test" for number in range(1, 101)]))
    assert misnaming(many, "a.test") == "not for a.test, but for 1.test, 2.test, 3.test, 4.test and 96 more"


def test_what_to_do() -> None:
    assert remedy(ONE, "a.test", "a.test") == "get one for that name, or set hostname to a name that it has"
    assert remedy(NONE, "a.test", "a.test") == "get one for that name"
    assert remedy(ONE, "localhost", "localhost") == "set hostname, which is that by default, to a name that it has"
    assert remedy(ONE, "z.test", "a.test") == "get one for that name, or have clients ask for a name that it has"


def test_what_should_be_shown(tmp_path: Path) -> None:
    main = Disk(tmp_path, "main").pair(certificate("main.test"))
    other = Disk(tmp_path, "other").pair(certificate("other.test"))
    assert expected_for("other.test", [main, other]) is other
    assert expected_for("a.test", [main, other]) is expected_for("", [main, None]) is main
    assert expected_for("a.test", [None, other]) is expected_for("a.test", []) is None
