"""Names: those in a certificate, and which thing is for one."""

from __future__ import annotations

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from mailgate.tls.names import ByName, dns_names, names_of
from tests.tls.support import certificate

LABEL = st.text("abcXYZ09-", min_size=1, max_size=5)
NAME = st.lists(LABEL, min_size=2, max_size=4).map(".".join)


def one(**options: object) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificate("Common.test", **options))  # type: ignore[arg-type]


def test_names_of_a_certificate() -> None:
    full = one(dns=["A.test", "*.b.test"], addresses=["192.0.2.1", "2001:db8::1"])
    assert dns_names(full) == ("a.test", "*.b.test")
    assert names_of(full) == ("a.test", "*.b.test", "192.0.2.1", "2001:db8::1")
    assert (dns_names(one(dns=[], addresses=["192.0.2.1"])), names_of(one(dns=[]))) == ((), ("CN=Common.test",))
    assert dns_names(one(dns=[])) == ()  # the common name is none


def test_names_that_nobody_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Strange:
        @property
        def extensions(self) -> x509.Extensions:
            raise ValueError("strange")

    assert dns_names(Strange()) == ()  # type: ignore[arg-type]


CHOICE = ByName([(("mx.test", "*.first.test"), 1), (("a.first.test", "mx.test", "*.second.test"), 2), ((), 3)])


@pytest.mark.parametrize(
    ("name", "thing"),
    [
        ("", 1),
        ("unknown.test", 1),
        ("mx.test", 1),  # the first that has it
        ("MX.Test.", 1),
        ("a.first.test", 2),  # a name goes before a wildcard
        ("b.first.test", 1),
        ("b.second.test", 2),
        ("B.SECOND.test", 2),
        ("second.test", 1),  # a wildcard stands for one label,
        ("a.b.second.test", 1),  # and for no more than one
        ("*.second.test", 2),
    ],
)
def test_what_is_chosen(name: str, thing: int) -> None:
    assert CHOICE.choose(name) == thing


def test_what_is_there() -> None:
    assert [CHOICE.has(name) for name in ("mx.test", "x.first.test", "first.test", "unknown.test", "")] == [
        True, True, False, False, False,
    ]  # fmt: skip


@given(NAME, NAME, LABEL)
def test_a_wildcard_is_for_each_name_one_label_below_and_no_other(name: str, parent: str, label: str) -> None:
    choice = ByName([(("first.invalid",), "first"), ((f"*.{parent}",), "wild")])
    assert choice.choose(f"{label}.{parent}") == "wild"
    expected = name.partition(".")[2].lower() == parent.lower()
    assert (choice.choose(name) == "wild") is expected
