"""Which aliases lead astray, and which names differ in dots alone."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.judging import MAX_GUESSES, alike, astray
from mailgate.accounts.register import OutOfService, Register
from mailgate.accounts.spelling import DEFAULT_SPELLING, Spelling
from tests.accounts.support import domain, names

DOTLESS = Spelling(ignore_dots=frozenset({"d"}))


def broken(
    users: str, aliases: str, *, likely: tuple[str, ...] = (), spelling: Spelling = DEFAULT_SPELLING
) -> dict[str, str]:
    known = names(domain("d", users, aliases), spelling=spelling, likely=likely, opaque=["dark"])
    return {name: str(fault) for name, fault in astray(known).items()}


def test_good_aliases_are_in_service() -> None:
    assert broken("alice bob", "info: alice, team\nteam: alice, bob") == {}


def test_an_account_comes_before_an_alias_of_its_name() -> None:
    assert broken("alice", "alice: nobody") == {}
    assert broken("al.ice", "alice: nobody", spelling=DOTLESS) == {}


def test_an_alias_to_nobody() -> None:
    assert broken("alice", "info: alice, alcie\nsales: info") == {
        "info@d": "aliases:1: alias to nobody: info@d leads to alcie@d (did you mean 'alice@d'?)"
    }
    assert broken("alice", "info: xyz")["info@d"].endswith("leads to xyz@d")


def test_targets_are_looked_up_as_recipients_are() -> None:
    assert broken("alice", "info: alice+x, team+y\nteam: alice\nroot: postmaster\nabuse: postmaster") == {}
    assert broken("al.ice", "info: alice+x", spelling=DOTLESS) == {}
    assert "did you mean 'alice@d'?" in broken("alice", "info: alcie+shop")["info@d"]
    assert "leads to alice+x@d" in broken("alice", "info: alice+x", spelling=Spelling(""))["info@d"]


def test_hints_name_people_of_the_domain() -> None:
    known = names(domain("d", "alice", "info: alcie@e"), domain("e", "bob"))
    assert [fault.hint for fault in astray(known).values()] == [""]


def test_who_may_be_somebody_is_not_nobody() -> None:
    assert broken("", "info: bob, bob+x\nsales: anyone@dark", likely=("bob@d",)) == {}


def test_a_foreign_target() -> None:
    (fault,) = broken("alice", "info: alice@elsewhere").values()
    assert fault.startswith("aliases:1: info@d leads to alice@elsewhere, and elsewhere is not ours")
    (fault,) = broken("alice", "*: alice@elsewhere").values()
    assert fault.startswith("aliases:1: *@d leads to alice@elsewhere, and elsewhere is not ours")


def test_loops() -> None:
    assert broken("alice", "a: b\nb: c, alice\nc: a\nown: own\ninto: a\nok: alice") == {
        "a@d": "aliases:1: a@d leads to itself through c@d",
        "b@d": "aliases:2: b@d leads to itself through a@d",
        "c@d": "aliases:3: c@d leads to itself through b@d",
        "own@d": "aliases:4: own@d leads to itself",
    }


def test_loops_in_another_spelling() -> None:
    assert list(broken("alice", "a: a+x")) == ["a@d"]
    assert list(broken("alice", "a.b: ab", spelling=DOTLESS)) == ["a.b@d"]


def test_loops_through_who_is_on_duty() -> None:
    assert list(broken("alice", "postmaster: abuse")) == ["postmaster@d"]


def test_a_target_that_only_the_catch_all_takes_is_somebody() -> None:
    assert broken("alice", "info: anybody\n*: alice") == {}


def test_a_catch_all_to_nobody() -> None:
    fault = "aliases:1: alias to nobody: *@d leads to alcie@d (did you mean 'alice@d'?)"
    assert broken("alice", "*: alice, alcie") == {"*@d": fault}
    assert list(broken("* alice", "*: x@elsewhere")) == ["*@d"]  # a user of that name is not what it catches
    assert "leads to postmaster@d" in broken("alice", "*: postmaster")["*@d"]


def test_a_loop_through_the_catch_all() -> None:
    assert broken("alice", "*: info\ninfo: alice, anybody") == {
        "*@d": "aliases:1: *@d leads to itself through info@d",
        "info@d": "aliases:2: info@d leads to itself through *@d",
    }


def test_who_may_be_somebody_is_not_caught() -> None:
    assert broken("alice", "*: alice, bob", likely=("bob@d",)) == {}


def test_hints_are_few() -> None:
    lines = "\n".join(f"a{number}: alcie" for number in range(2 * MAX_GUESSES))
    faults = broken("alice", lines)
    assert len(faults) == 2 * MAX_GUESSES
    assert sum("did you mean" in fault for fault in faults.values()) == MAX_GUESSES


def test_many_aliases_take_no_long_time() -> None:
    count = 10_000
    chain = "\n".join(f"a{number}: a{number + 1}" for number in range(count))
    ring = "\n".join(f"r{number}: r{(number + 1) % count}" for number in range(count))
    known = names(domain("d", f"a{count}", f"{chain}\n{ring}\nlost: a, a{count}"))
    began = time.process_time()
    assert len(astray(known)) == count + 1
    assert time.process_time() - began < 5


def test_names_that_differ_in_dots_alone() -> None:
    here = domain("d", "j.d bob jd b.ob", 'in.fo: bob\ninfo: bob\ni.nfo: jd\nb.o.b: jd\n*: bob\n"*.": jd')
    assert [str(fault) for fault in alike(names(here, domain("e", "x.y xy"), spelling=DOTLESS))] == [
        "users:3: jd@d differs from j.d@d on line 1 in dots alone, which mean nothing in d",
        "users:4: b.ob@d differs from bob@d on line 2 in dots alone, which mean nothing in d",
        "aliases:3: i.nfo@d differs from in.fo@d on line 1 in dots alone, which mean nothing in d",
    ]
    assert alike(names(here)) == ()
    asked_never = domain("d", "info bob", "in.fo: bob\ni.nfo: info")  # the user comes first
    assert alike(names(asked_never, spelling=DOTLESS)) == ()


WORDS = st.sampled_from("abcdef*")
FILES = st.dictionaries(WORDS, st.lists(WORDS, min_size=1, max_size=4).map(", ".join))


@given(FILES, st.sets(WORDS), WORDS)
def test_in_service_is_what_leads_to_accounts_by_every_way(
    targets: dict[str, str], people: set[str], name: str
) -> None:
    register = Register.of([domain("d", sorted(people), "\n".join(f"{each}: {to}" for each, to in targets.items()))])

    def leads(name: str, way: tuple[str, ...]) -> bool:
        if name in people:
            return True
        alias = name if name in targets and name != "*" else "*"
        if alias not in targets or alias in way:
            return False
        return all(leads(target, (*way, alias)) for target in targets[alias].split(", "))

    try:
        reached = register.maildrops(name, "d")
    except OutOfService:
        assert not leads(name, ())
    else:
        assert len(reached) == len(set(reached))
        assert {account.removesuffix("@d") for account in reached} <= people
        assert bool(reached) is leads(name, ())
        assert reached or not {name, "*"} & targets.keys()
