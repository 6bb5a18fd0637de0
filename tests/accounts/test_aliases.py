"""The aliases file: its form, where aliases lead, and which are out of service."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.aliases import Alias, expand, out_of_service, parse_aliases

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


def broken(aliases: dict[str, Alias], *accounts: str) -> dict[str, str]:
    names = {f"{account}@d" for account in accounts}
    faults = out_of_service(aliases, names.__contains__, {"d"}, [*sorted(names), *aliases])
    return {name: str(fault) for name, fault in faults.items()}


def test_expansion_is_in_order_and_each_once() -> None:
    aliases = made(all="staff bob info", staff="alice bob", info="carol alice")
    accounts = {"alice@d", "bob@d", "carol@d"}
    reached = [name for name in expand("all@d", aliases, accounts.__contains__) if name in accounts]
    assert reached == ["alice@d", "bob@d", "carol@d"]


def test_an_account_comes_before_an_alias_of_its_name() -> None:
    aliases = made(alice="bob", info="alice")
    assert list(expand("info@d", aliases, {"alice@d", "bob@d"}.__contains__)) == ["info@d", "alice@d"]
    assert broken(made(alice="nobody"), "alice") == {}


def test_good_aliases_are_in_service() -> None:
    assert broken(made(info="alice team", team="alice bob"), "alice", "bob") == {}


def test_an_alias_to_nobody() -> None:
    assert broken(made(info="alice alcie", sales="info"), "alice") == {
        "info@d": "aliases:1: alias to nobody: info@d leads to alcie@d (did you mean 'alice@d'?)"
    }


def test_a_foreign_target() -> None:
    (fault,) = broken(made(info="alice@elsewhere"), "alice").values()
    assert fault.startswith("aliases:1: info@d leads to alice@elsewhere, and elsewhere is not ours")


def test_loops() -> None:
    assert broken(made(a="b", b="c alice", c="a", own="own", into="a", ok="alice"), "alice") == {
        "a@d": "aliases:1: a@d leads to itself through c@d",
        "b@d": "aliases:2: b@d leads to itself through a@d",
        "c@d": "aliases:3: c@d leads to itself through b@d",
        "own@d": "aliases:4: own@d leads to itself",
    }


def test_a_long_chain_does_not_recurse() -> None:
    aliases = made(**{f"a{number}": f"a{number + 1}" for number in range(5_000)})
    assert len(list(expand("a0@d", aliases, lambda name: name == "a5000@d"))) == 5_001


WORDS = st.sampled_from("abcdef")


@given(st.dictionaries(WORDS, st.lists(WORDS, min_size=1, max_size=4).map(" ".join)), st.sets(WORDS))
def test_expansion_ends_and_what_is_in_service_reaches_accounts_only(targets: dict[str, str], people: set[str]) -> None:
    aliases = made(**targets)
    accounts = {f"{person}@d" for person in people}
    bad = broken(aliases, *people)
    for name in aliases:
        reached = list(expand(name, aliases, accounts.__contains__))
        assert len(reached) == len(set(reached))
        if not bad.keys() & set(reached):
            ends = [here for here in reached if here in accounts or here not in aliases]
            assert ends
            assert set(ends) <= accounts
