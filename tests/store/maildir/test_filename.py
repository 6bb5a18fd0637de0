from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailgate.failures import StoreError
from mailgate.mail import make_id
from mailgate.store.maildir.filename import (
    UNIQUE_OCTETS,
    Filename,
    base_of,
    compose,
    compose_unique,
    octets_of,
    parse,
    parse_composed,
)

ID = make_id(1_700_000_000_000, 1)


@given(
    st.integers(0, 99_999_999_999),
    st.integers(0, (1 << 48) - 1),
    st.integers(0, (1 << 80) - 1),
    st.integers(0, 1 << 40),
    st.integers(0, 1 << 40),
    st.booleans(),
    st.sampled_from(["", ":2,", ":2,FRS", ":1,x"]),
)
def test_what_is_composed_is_read_back(
    seconds: int, milliseconds: int, entropy: int, octets: int, wire_octets: int, smtputf8: bool, info: str
) -> None:
    identity = make_id(milliseconds, entropy)
    unique = compose_unique(seconds, identity, "node0001")
    name = compose(unique, octets, wire_octets, smtputf8)
    assert len(unique) <= UNIQUE_OCTETS and f",S={octets},W={wire_octets}" in name
    assert parse(name + info) == Filename(name, unique, seconds, wire_octets, identity, smtputf8)
    assert parse_composed(name) == (unique, seconds, identity, wire_octets, smtputf8)


@pytest.mark.parametrize(
    ("name", "seconds", "wire_octets", "identity", "smtputf8"),
    [
        ("1491941793.M41850P8566.mx1,S=10956:2,STln", 1491941793, None, "", False),
        ("1491941793.M1P2.mx1,S=10,W=12:2,S", 1491941793, 12, "", False),
        ("1491941793.M1P2.mx1,W=12x", 1491941793, None, "", False),
        ("1491941793", 1491941793, None, "", False),
        ("hello", None, None, "", False),
        ("123456789012.x", None, None, "", False),
        ("١٢.x", None, None, "", False),
        ("12x.y", None, None, "", False),
        ("", None, None, "", False),
        (":2,S", None, None, "", False),
        ("x,U=1", None, None, "", True),
        ("1.eml", None, None, "", False),
        ("2", None, None, "", False),
        ("20261123.x", None, None, "", False),
        ("00000000001.x", None, None, "", False),
        ("99999999.x", None, None, "", False),
        ("100000000.x", 100_000_000, None, "", False),
        ("1491941793.x,S=8,W=99999", 1491941793, None, "", False),
        ("1491941793.x,S=8,W=7", 1491941793, None, "", False),
        ("1491941793.x,W=19,S=8", 1491941793, None, "", False),
        ("1491941793.x,S=8,W=18", 1491941793, 18, "", False),
        ("1491941793.x,S=8,W=8", 1491941793, 8, "", False),
        ("1491941793.x,S=8x,W=99", 1491941793, 99, "", False),
        (f"1.{ID}", None, None, "", False),
        (f"1.{ID}.n", 1, None, ID, False),
    ],
)
def test_names_of_other_programs(
    name: str, seconds: int | None, wire_octets: int | None, identity: str, smtputf8: bool
) -> None:
    base = name.partition(":")[0]
    assert base_of(name) == base
    assert parse(name) == Filename(base, base.partition(",")[0], seconds, wire_octets, identity, smtputf8)


@given(st.text())
def test_any_name_can_be_read(name: str) -> None:
    parsed = parse(name)
    assert name.startswith(parsed.base) and parsed.base.startswith(parsed.unique)


@pytest.mark.parametrize(
    ("identity", "node"),
    [("", "n"), ("../x", "n"), ("a.b", "n"), ("a", ""), ("a", "n,S=1"), ("a" * 60, "n"), ("a", "/")],
)
def test_what_does_not_belong_in_a_name(identity: str, node: str) -> None:
    with pytest.raises(StoreError):
        compose_unique(1, identity, node)


def test_a_clock_before_1970_makes_no_odd_name() -> None:
    assert compose_unique(-5, ID, "n") == f"0.{ID}.n"


_PIECES = st.sampled_from(
    ["1", "99999999999", ".", f"{ID}", "node0001", ",S=1", ",W=2", ",W=2x", ",U=1", ",", "ü", "x" * 32]
)


@given(st.lists(_PIECES).map("".join))
@example(f"1.{ID}.n,S=1,W=2")
@example(f"1.{ID}.n,S=1,W=2,U=1")
@example(f"1.{ID}.n,S=1,W=2,U=1,W=3")
def test_the_quick_way_says_the_same_or_nothing(base: str) -> None:
    composed = parse_composed(base)
    if composed is not None:
        unique, seconds, identity, wire_octets, smtputf8 = composed
        assert parse(base) == Filename(base, unique, seconds, wire_octets, identity, smtputf8)
        assert 0 < len(unique) <= 70 and unique.isascii() and unique.isprintable()  # RFC 1939 section 7


@pytest.mark.parametrize("base", [f"1.{ID}.{'n' * 32},S=1,W=2", f"1.{ID}.n,W=2,S=1", f"1.{ID}.n,S=1", "1.a.n,S=1,W=2"])
def test_other_forms_go_the_long_way(base: str) -> None:
    assert parse_composed(base) is None


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("a,S=5", 5),
        ("a,W=6,S=5", 5),
        ("a,S=5,W=6:2,FS", 5),
        ("new/a,S=5:2,S=7", 5),
        ("a,S=5,S=7", 5),
        ("a\n,S=5", 5),
        (",,S=5,", 5),
        ("a,S=999999999999999999", 999_999_999_999_999_999),
        ("a", None),
        ("", None),
        ("S=5", None),
        ("a,S=", None),
        ("a,S=x", None),
        ("a,S=5x", None),
        ("a,S=5\n", None),
        ("a,S=٥", None),
        ("a,S=x,S=5", None),
        ("a,s=5", None),
        ("a:2,S=5", None),
        ("a,S=9999999999999999999", None),
    ],
)
def test_the_size_in_a_name(name: str, octets: int | None) -> None:
    assert octets_of(name) == octets


@given(st.lists(st.sampled_from(["a", ",", ":", "S=", "W=", "7", "\n", "S=5"])).map("".join))
def test_the_size_is_the_first_in_the_base(name: str) -> None:
    sizes = [extra[2:] for extra in base_of(name).split(",")[1:] if extra.startswith("S=")]
    assert octets_of(name) == (int(sizes[0]) if sizes and sizes[0].isdecimal() and len(sizes[0]) <= 18 else None)
