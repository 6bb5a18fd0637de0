"""Which aliases lead astray."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.aliases import Alias, expand
from mailgate.accounts.judging import Names, astray


def made(**targets: str) -> dict[str, Alias]:
    return {
        f"{name}@d": Alias(f"{name}@d", tuple(t if "@" in t else f"{t}@d" for t in words.split()), f"aliases:{number}")
        for number, (name, words) in enumerate(targets.items(), 1)
    }


def broken(aliases: dict[str, Alias], *accounts: str, likely: tuple[str, ...] = ()) -> dict[str, str]:
    names = Names(["d", "dark"], [f"{account}@d" for account in accounts], aliases, likely, ["dark"])
    return {name: str(fault) for name, fault in astray(names).items()}


def test_good_aliases_are_in_service() -> None:
    assert broken(made(info="alice team", team="alice bob"), "alice", "bob") == {}


def test_an_account_comes_before_an_alias_of_its_name() -> None:
    assert broken(made(alice="nobody"), "alice") == {}


def test_an_alias_to_nobody() -> None:
    assert broken(made(info="alice alcie", sales="info"), "alice") == {
        "info@d": "aliases:1: alias to nobody: info@d leads to alcie@d (did you mean 'alice@d'?)"
    }


def test_who_may_be_somebody_is_not_nobody() -> None:
    assert broken(made(info="bob", sales="anyone@dark"), likely=("bob@d",)) == {}


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


WORDS = st.sampled_from("abcdef")


@given(st.dictionaries(WORDS, st.lists(WORDS, min_size=1, max_size=4).map(" ".join)), st.sets(WORDS))
def test_what_is_in_service_reaches_accounts_only(targets: dict[str, str], people: set[str]) -> None:
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
