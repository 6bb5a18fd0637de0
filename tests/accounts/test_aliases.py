"""The aliases file: its form, and where aliases lead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.aliases import Alias, parse_aliases

FILE = """\
# functions
info: alice, BOB   # both of them
Sales:carol@Other.Test,info\r

"front desk": alice
c#: alice
*: alice+unknown, bob
"""


def test_a_good_file() -> None:
    aliases, found = parse_aliases(FILE, "example.test", "d/aliases")
    assert found == ()
    assert aliases == {
        "info@example.test": Alias("info@example.test", ("alice@example.test", "bob@example.test"), "d/aliases:2"),
        "sales@example.test": Alias("sales@example.test", ("carol@other.test", "info@example.test"), "d/aliases:3"),
        "front desk@example.test": Alias("front desk@example.test", ("alice@example.test",), "d/aliases:5"),
        "c#@example.test": Alias("c#@example.test", ("alice@example.test",), "d/aliases:6"),
        "*@example.test": Alias("*@example.test", ("alice+unknown@example.test", "bob@example.test"), "d/aliases:7"),
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
        ("*@example.test: alice", "the directory names the domain"),
        ("* alice", "no colon"),
        ("*:", "'*' leads nowhere"),
        ("INFO: bob", "info@example.test is already on line 1"),
    ],
)
def test_syntax(line: str, what: str) -> None:
    aliases, (fault,) = parse_aliases(f"info: alice\n{line}\nsales: bob\n", "example.test", "d/aliases")
    assert fault.where == "d/aliases:2"
    assert what in fault.what
    assert list(aliases) == ["info@example.test", "sales@example.test"]


def test_there_is_one_catch_all() -> None:
    _, (fault,) = parse_aliases('*: alice\n"*": bob\n', "example.test", "d/aliases")
    assert str(fault) == "d/aliases:2: *@example.test is already on line 1"


@given(st.text(max_size=200))
def test_any_text_gives_aliases_and_faults(text: str) -> None:
    aliases, found = parse_aliases(text, "example.test", "aliases")
    assert all(alias.name == name and alias.targets for name, alias in aliases.items())
    assert all(fault.where.startswith("aliases:") for fault in found)
