"""Corners of one server: which address belongs to which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.namespaces import DOMAIN, SHARED, domain_of, namespace_of


@pytest.mark.parametrize(
    ("address", "namespace"),
    [
        ("alice@t1.example.test", "t1"),
        ("Alice@T1.Example.TEST", "t1"),
        ('"a@b"@t1.example.test', "t1"),
        ("alice@deep.er.t1.example.test", "t1"),
        ("t1.example.test", "t1"),
        ("alice@example.test", SHARED),
        ("alice@corp.test", SHARED),
        ("alice@notexample.test", SHARED),
        ("postmaster", SHARED),
        ("", SHARED),
    ],
)
def test_the_namespace_of_an_address(address: str, namespace: str) -> None:
    assert namespace_of(address) == namespace


def test_the_domain_of_a_namespace() -> None:
    assert domain_of("t1") == "t1.example.test"
    assert domain_of(SHARED) == DOMAIN


@pytest.mark.parametrize("namespace", ["T1", "a.b", "-a", "a-", "a" * 64, "ä", " ", "a\n"])
def test_what_can_be_no_namespace(namespace: str) -> None:
    with pytest.raises(ValueError, match="letters, digits and hyphens"):
        domain_of(namespace)


@given(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True))
def test_a_namespace_has_the_addresses_of_its_domain(namespace: str) -> None:
    assert namespace_of(f"alice@{domain_of(namespace)}") == namespace
