"""The aliases file: its form, and where aliases lead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.aliases import Alias, expand, parse_aliases

FILE = """\
# functions
info: alice, BOB   # both of them
Sales:carol@Other.Test,info\r

"front desk": alice
c#: alice
"""


def test_a_good_file() -> None:
    aliases, found = parse_aliases(FILE, "example.test", "d/aliases")
    assert found == ()
    assert aliases == {
        "info@example.test": Alias("info@example.test", ("alice@example.test", "bob@example.test"), "d/aliases:2"),
        "sales@example.test": Alias("sales@example.test", ("carol@other.test", "info@example.test"), "d/aliases:3"),
        "front desk@example.test": Alias("front desk@example.test", ("alice@example.test",), "d/aliases:5"),
        "c#@example.test": Alias("c#@example.test", ("alice@example.test",), "d/aliases:6"),
    }


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("info alice", "no colon"),
        ("info:", "'info' leads nowhere"),
        ("info: alice,, bob", "empty target of 'info'"),
        ("info@example.test: alice", "the directory names the domain"),
        ("in fo: alice", "'in fo' is not an address"),
        (": alice", "'' is not an address"),
        ("info: alice@", "'alice@' is not an address"),
        ("info: a..b", "'a..b' is not an address"),
        ("INFO: bob", "info@example.test is already on line 1"),
    ],
)
def test_syntax(line: str, what: str) -> None:
    aliases, (fault,) = parse_aliases(f"info: alice\n{line}\nsales: bob\n", "example.test", "d/aliases")
    assert fault.where == "d/aliases:2"
    assert what in fault.what
    assert list(aliases) == ["info@example.test", "sales@example.test"]


@given(st.text(max_size=200))
def test_any_text_gives_aliases_and_faults(text: str) -> None:
    aliases, found = parse_aliases(text, "example.test", "aliases")
    assert all(alias.name == name and alias.targets for name, alias in aliases.items())
    assert all(fault.where.startswith("aliases:") for fault in found)


def made(**targets: str) -> dict[str, Alias]:
    return {
        f"{name}@d": Alias(f"{name}@d", tuple(t if "@" in t else f"{t}@d" for t in words.split()), f"aliases:{number}")
        for number, (name, words) in enumerate(targets.items(), 1)
    }


def test_expansion_is_in_order_and_each_once() -> None:
    aliases = made(all="staff bob info", staff="alice bob", info="carol alice")
    accounts = {"alice@d", "bob@d", "carol@d"}
    reached = [name for name in expand("all@d", aliases, accounts.__contains__) if name in accounts]
    assert reached == ["alice@d", "bob@d", "carol@d"]


def test_an_account_comes_before_an_alias_of_its_name() -> None:
    aliases = made(alice="bob", info="alice")
    assert list(expand("info@d", aliases, {"alice@d", "bob@d"}.__contains__)) == ["info@d", "alice@d"]


def test_a_loop_ends() -> None:
    assert list(expand("a@d", made(a="b", b="c", c="a"), set[str]().__contains__)) == ["a@d", "b@d", "c@d"]


def test_a_long_chain_does_not_recurse() -> None:
    aliases = made(**{f"a{number}": f"a{number + 1}" for number in range(5_000)})
    assert len(list(expand("a0@d", aliases, lambda name: name == "a5000@d"))) == 5_001
