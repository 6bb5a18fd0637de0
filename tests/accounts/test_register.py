"""All domains at one moment."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from timeit import repeat

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.app_passwords import AppPassword
from mailgate.accounts.decisions import Decisions
from mailgate.accounts.register import Domain, OutOfService, Reached, Register
from mailgate.accounts.spelling import Spelling
from mailgate.faults import Fault
from mailgate.rules import NO_QUOTA, NO_RULES, Promise, Quota, Retention, Rules
from tests.accounts.support import domain
from tests.accounts.test_decisions import DECISIONS

REGISTER = Register.of(
    [
        domain("b.test", "zoe", "info: zoe\nteam: info@a.test, zoe\nbad: nobody\nworse: zoe, bad"),
        domain("a.test", "alice bob", "info: alice, team@b.test, bob"),
        domain("empty.test"),
    ]
)


def test_domains_are_in_order() -> None:
    assert list(REGISTER.domains) == ["a.test", "b.test", "empty.test"]
    assert REGISTER.is_ours("A.Test")
    assert not REGISTER.is_ours("c.test")


def test_one_domain_goes_without_saying() -> None:
    assert REGISTER.only_domain() is None
    assert Register().only_domain() is None
    assert Register.of([domain("a.test")]).only_domain() == "a.test"


def test_accounts_by_name() -> None:
    account = REGISTER.account("alice@a.test")
    assert account is not None
    assert account.name == "alice@a.test"
    assert REGISTER.account("info@a.test") is None


def test_maildrops() -> None:
    assert REGISTER.maildrops("Alice", "A.TEST") == ("alice@a.test",)
    assert REGISTER.maildrops("info", "b.test") == ("zoe@b.test",)
    assert REGISTER.maildrops("nobody", "a.test") == ()
    assert REGISTER.maildrops("alice", "c.test") == ()
    assert REGISTER.maildrops("", "") == ()


def reached(register: Register, mailbox: str) -> list[str]:
    """Each account that is reached and the tag that goes along; "put off" if it is out of service."""
    try:
        return [f"{each.account} {each.tag}".strip() for each in register.reached(*mailbox.rsplit("@", 1))]
    except OutOfService:
        return ["put off"]


def test_tags_go_along() -> None:
    aliases = "info: alice, team\nteam: bob, alice+team\nshop: alice+shop\nmore: shop, bob\n*: bob, alice+any"
    register = Register.of([domain("a.test", "alice bob", aliases)])
    assert register.reached("Alice+News", "A.TEST") == (Reached("alice@a.test", "+news"),)
    assert reached(register, "info+x@a.test") == ["alice@a.test +x", "bob@a.test +x"]
    # The tag that stands in the file goes before that of the address; the first way to somebody counts.
    assert reached(register, "team+x@a.test") == ["bob@a.test +x", "alice@a.test +team"]
    assert reached(register, "more@a.test") == ["alice@a.test +shop", "bob@a.test"]
    assert reached(register, "more+x@a.test") == ["alice@a.test +shop", "bob@a.test +x"]
    assert reached(register, "nobody@a.test") == ["bob@a.test", "alice@a.test +any"]
    assert reached(register, "nobody+x@a.test") == ["bob@a.test +x", "alice@a.test +any"]
    assert register.maildrops("more+x", "a.test") == ("alice@a.test", "bob@a.test")


def test_the_rules_of_spelling_are_those_given() -> None:
    register = Register.of([domain("a.test", "j.doe"), domain("b.test", "j.doe")], Spelling("-", frozenset({"a.test"})))
    assert reached(register, "jdoe-x@a.test") == ["j.doe@a.test -x"]
    assert reached(register, "j.doe+x@a.test") == reached(register, "jdoe@b.test") == []
    assert register.account("jdoe@a.test") is None  # who logs in writes the name as the file has it
    assert register.account("j.doe-x@a.test") is None
    assert reached(Register.of([domain("a.test", "alice")], Spelling("")), "alice+x@a.test") == []


def test_a_catch_all_is_of_its_domain() -> None:
    register = Register.of([domain("a.test", "alice", "*: zoe@b.test"), domain("b.test", "zoe", "info: any@a.test")])
    assert reached(register, "any@a.test") == reached(register, "*@a.test") == ["zoe@b.test"]
    assert reached(register, "info@b.test") == ["zoe@b.test"]
    assert reached(register, "any@b.test") == []
    both = Register.of([domain("a.test", "alice", "*: x@b.test"), domain("b.test", "zoe", "*: x@a.test")])
    assert sorted(both.broken) == ["*@a.test", "*@b.test"]
    assert reached(both, "any@a.test") == ["put off"]


def test_the_catch_all_does_not_take_what_is_out_of_service() -> None:
    register = Register.of([domain("a.test", "alice", "bad: x@foreign.test\nworse: bad\n*: alice")])
    for name in ("bad", "bad+x", "worse"):
        assert reached(register, f"{name}@a.test") == ["put off"]
    assert reached(register, "any@a.test") == ["alice@a.test"]


def test_a_catch_all_that_is_broken_puts_off_nobody_but_its_own() -> None:
    register = Register.of([domain("a.test", "alice", "info: alice\n*: bob")])
    assert reached(register, "any@a.test") == reached(register, "any+x@a.test") == ["put off"]
    assert reached(register, "info+x@a.test") == ["alice@a.test +x"]
    # Somebody always answers to these.
    assert reached(register, "postmaster@a.test") == ["alice@a.test"]
    assert reached(register, "abuse+x@a.test") == ["alice@a.test +x"]


def test_a_postmaster_who_is_named_and_broken_is_put_off() -> None:
    register = Register.of([domain("a.test", "alice", "postmaster: bob\n")])
    for name in ("postmaster", "postmaster+x", "abuse"):
        assert reached(register, f"{name}@a.test") == ["put off"]


WORDS = st.sampled_from(["a", "b", "a.b", "ab", "a+b", "+a", "a+", "postmaster", "abuse", "postmaster+x"])
TARGETS = st.lists(WORDS, min_size=1, max_size=3).map(", ".join)


@given(
    st.lists(WORDS, unique=True, min_size=1, max_size=3),
    st.dictionaries(WORDS | st.just("*"), TARGETS, max_size=4),
    st.booleans(),
    WORDS,
)
def test_somebody_answers_to_duty_and_nobody_else_is_made_up(
    users: list[str], aliases: dict[str, str], ignore_dots: bool, name: str
) -> None:
    lines = "\n".join(f"{alias}: {targets}" for alias, targets in aliases.items())
    spelling = Spelling("+", frozenset({"a.test"} if ignore_dots else ()))
    register = Register.of([domain("a.test", users, lines)], spelling)
    for duty in ("postmaster", "abuse"):
        assert reached(register, f"{duty}@a.test")
        if not {"postmaster", "abuse"} & aliases.keys():
            assert reached(register, f"{duty}+y@a.test") != ["put off"]
    try:
        accounts = register.maildrops(name, "a.test")
    except OutOfService:
        assert register.broken
    else:
        assert len(set(accounts)) == len(accounts)
        assert {account.removesuffix("@a.test") for account in accounts} <= set(users)
        assert name not in users or accounts == (f"{name}@a.test",)


def test_a_user_is_found_in_microseconds_among_many() -> None:
    users = [f"user.{number}" for number in range(10_000)]
    aliases = "\n".join(f"alias{number}: user.{number}" for number in range(10_000))
    register = Register.of([domain("a.test", users, aliases + "\n*: user.0")], Spelling("+-", frozenset({"a.test"})))
    names = ["user.7000", "user7000+x", "alias7000", "alias7000+x", "nobody"]
    for name in names:
        took = min(repeat(partial(register.reached, name, "a.test"), number=100)) / 100
        assert took < 1e-3  # it takes some microseconds; a look at every name would take some milliseconds


def test_loops_over_domains_and_whatever_leads_to_what_is_broken_are_out_of_service() -> None:
    assert sorted(REGISTER.broken) == ["bad@b.test", "info@a.test", "team@b.test"]
    for local_part, name in (("info", "a.test"), ("worse", "b.test"), ("bad", "b.test")):
        with pytest.raises(OutOfService, match=r"aliases:\d"):
            REGISTER.maildrops(local_part, name)


def test_postmaster_is_the_first_account_of_the_domain_or_of_all() -> None:
    assert REGISTER.maildrops("Postmaster", "b.test") == ("zoe@b.test",)
    assert REGISTER.maildrops("postmaster", "empty.test") == ("alice@a.test",)
    assert REGISTER.maildrops("postmaster", "c.test") == ()
    assert Register.of([domain("empty.test")]).maildrops("postmaster", "empty.test") == ()


def test_abuse_is_the_postmaster_s_while_nobody_is_named() -> None:
    assert REGISTER.maildrops("Abuse", "b.test") == ("zoe@b.test",)
    named = Register.of([domain("a.test", "alice bob carol", "postmaster: bob\nabuse: carol\n*: alice")])
    assert reached(named, "abuse@a.test") == ["carol@a.test"]
    assert reached(named, "postmaster@a.test") == ["bob@a.test"]
    assert reached(Register.of([domain("a.test", "alice bob", "postmaster: bob\n*: alice")]), "abuse+x@a.test") == [
        "bob@a.test +x"
    ]
    assert reached(Register.of([domain("a.test", "alice bob", "*: bob")]), "abuse@a.test") == ["bob@a.test"]


def test_a_postmaster_who_is_named_goes_first() -> None:
    register = Register.of([domain("a.test", "alice bob", "postmaster: bob")])
    assert register.maildrops("postmaster", "a.test") == ("bob@a.test",)


DARK = Fault("dark.test/users", "cannot be read")


def test_of_a_domain_that_was_never_read_nothing_is_known() -> None:
    register = Register.of([domain("a.test", "alice", "info: zoe@dark.test"), Domain("dark.test", unread_users=DARK)])
    assert register.is_ours("Dark.Test") and not register.is_ours("c.test")
    for name in ("zoe@dark.test", "postmaster@dark.test", "info@a.test"):
        with pytest.raises(OutOfService):
            register.maildrops(*name.split("@"))
    with pytest.raises(OutOfService, match="dark"):
        register.account("zoe@dark.test")
    assert register.maildrops("alice", "a.test") == ("alice@a.test",)
    assert register.maildrops("nobody", "a.test") == ()
    assert register.account("nobody@a.test") is None
    assert register.only_domain() is None


def test_while_aliases_were_never_read_only_accounts_are_known() -> None:
    accounts = domain("a.test", "alice").accounts
    register = Register.of([Domain("a.test", accounts, unread_aliases=Fault("a.test/aliases", "cannot be read"))])
    assert register.maildrops("alice", "a.test") == ("alice@a.test",)
    assert register.account("bob@a.test") is None  # nobody logs in as an alias
    assert register.maildrops("alice+x", "a.test") == ("alice@a.test",)
    for name in ("info", "postmaster", "abuse"):
        with pytest.raises(OutOfService, match="aliases"):
            register.maildrops(name, "a.test")


def test_while_the_directory_was_never_read_nothing_is_known() -> None:
    register = Register(unread=Fault("domains", "cannot be listed"))
    assert register.is_ours("c.test")
    asked: list[Callable[[], object]] = [
        register.only_domain,
        lambda: register.account("a@b"),
        lambda: register.maildrops("a", "b"),
    ]
    for ask in asked:
        with pytest.raises(OutOfService, match="cannot be listed"):
            ask()


def test_while_aliases_were_never_read_abuse_may_be_one() -> None:
    accounts = domain("a.test", "postmaster").accounts
    register = Register.of([Domain("a.test", accounts, unread_aliases=Fault("a.test/aliases", "cannot be read"))])
    assert reached(register, "postmaster+x@a.test") == ["postmaster@a.test +x"]
    assert reached(register, "abuse@a.test") == ["put off"]


STALE = Fault("users:2", "broken")


HERE = domain("a.test", "alice bob", "info: alice, new\nteam: bob\n*: bob")


def test_while_a_file_is_broken_a_broken_catch_all_has_no_postmaster() -> None:
    here = domain("a.test", "alice", "*: zoe@elsewhere.test")
    assert reached(Register.of([evolve(here, stale_users=STALE)]), "postmaster@a.test") == ["alice@a.test"]


@pytest.mark.parametrize("here", [evolve(HERE, stale_users=STALE), evolve(HERE, stale_aliases=STALE)])
def test_a_catch_all_takes_nobody_who_may_be_new(here: Domain) -> None:
    whole, stale = Register.of([HERE]), Register.of([here])
    assert reached(whole, "info@a.test") == ["alice@a.test", "bob@a.test"]
    for name in ("new", "new+x", "*", "info"):
        assert reached(stale, f"{name}@a.test") == ["put off"]
    for name in ("alice+x", "team+x", "postmaster", "abuse"):
        assert reached(stale, f"{name}@a.test") == reached(whole, f"{name}@a.test")


def test_while_a_file_is_broken_names_that_it_does_not_have_may_be_new() -> None:
    register = Register.of([evolve(domain("a.test", "alice"), stale_users=STALE)])
    assert register.maildrops("alice", "a.test") == ("alice@a.test",)
    assert register.maildrops("postmaster", "a.test") == ("alice@a.test",)
    assert register.account("alice@a.test") is not None
    asks: list[Callable[[], object]] = [
        lambda: register.maildrops("new", "a.test"),
        lambda: register.account("new@a.test"),
    ]
    for ask in asks:
        with pytest.raises(OutOfService, match="users:2"):
            ask()


def test_a_broken_aliases_file_does_not_concern_logins() -> None:
    register = Register.of([evolve(domain("a.test", "alice"), stale_aliases=STALE)])
    assert register.account("new@a.test") is None
    with pytest.raises(OutOfService, match="users:2"):
        register.maildrops("new", "a.test")


def ruled(name: str, decisions: Decisions | None, **users: Decisions) -> Domain:
    """A domain of these users, with what was decided for it and for them."""
    whole = domain(name, list(users))
    accounts = {
        name: evolve(account, decisions=users[name.partition("@")[0]]) for name, account in whole.accounts.items()
    }
    return evolve(whole, accounts=accounts, decisions=decisions)


NOTHING = Decisions()
DEFAULT = Decisions(keep_days=90, login_delay=60)
RULED = [
    ruled("a.test", Decisions(keep_days=30, keep_messages=100), alice=NOTHING, bob=Decisions(keep_days=0)),
    ruled("b.test", NOTHING, carol=NOTHING, dave=Decisions(login_delay=5)),
    ruled("dark.test", None, zoe=Decisions(keep_days=1)),
]


def test_the_rules_of_each() -> None:
    register = Register.of(RULED, default=DEFAULT)
    assert register.rules("alice@a.test") == Rules(retention=Retention(days=30, messages=100), login_delay_seconds=60)
    assert register.rules("bob@a.test") == Rules(retention=Retention(messages=100), login_delay_seconds=60)
    assert register.rules("carol@b.test") == Rules(retention=Retention(days=90), login_delay_seconds=60)
    assert register.rules("dave@b.test") == Rules(retention=Retention(days=90), login_delay_seconds=5)
    assert register.rules("zoe@dark.test") == Rules(dele="trash", removed_days=30, login_delay_seconds=60)


def test_nobody_s_maildrop_has_no_rules_and_is_not_swept() -> None:
    register = Register.of([*RULED, Domain("lost.test", unread_users=DARK)], default=DEFAULT)
    for name in ("nobody@a.test", "alice@c.test", "zoe@lost.test", "", "@"):
        assert register.rules(name) == NO_RULES
        assert register.sweep_rules(name) is None
        assert Register(unread=DARK, default=DEFAULT).sweep_rules(name) is None


def test_rules_are_found_out_once_for_each_account() -> None:
    register = Register.of(RULED, default=evolve(DEFAULT, quota=1_000))
    assert register.rules("alice@a.test") is register.rules("alice@a.test")
    assert register.rules("alice@a.test").quota == Quota(octets=1_000)
    assert register.rules("zoe@dark.test").quota == NO_QUOTA
    assert Register.of(RULED).rules("alice@a.test").quota == NO_QUOTA  # another register, other rules


def test_a_sweep_passes_over_what_was_never_understood() -> None:
    register = Register.of(RULED, default=DEFAULT)
    assert register.sweep_rules("zoe@dark.test") is None
    assert register.sweep_rules("alice@a.test") == register.rules("alice@a.test")


def test_the_promise_is_true_for_everybody() -> None:
    assert Register().promise() == Register(default=DEFAULT).promise() == Promise()
    assert Register.of(RULED[1:2], default=DEFAULT).promise() == Promise(
        expire_days=90, login_delay_seconds=60, login_delay_differs=True
    )
    assert Register.of(RULED[1:], default=NOTHING).promise() == Promise(login_delay_seconds=5, login_delay_differs=True)
    assert Register.of(RULED, default=DEFAULT).promise() == Promise(
        expire_days=1, expire_differs=True, login_delay_seconds=60, login_delay_differs=True
    )


def test_who_is_disabled_has_no_part_in_the_promise_and_rules_all_the_same() -> None:
    whole = ruled("a.test", NOTHING, alice=NOTHING, bob=Decisions(keep_days=1))
    accounts = {name: evolve(account, disabled=name[0] == "b") for name, account in whole.accounts.items()}
    register = Register.of([evolve(whole, accounts=accounts)], default=DEFAULT)
    assert register.promise() == Promise(expire_days=90, login_delay_seconds=60)
    assert register.rules("bob@a.test").retention.days == 1


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans(), DECISIONS), max_size=5), DECISIONS, DECISIONS)
def test_nobody_is_promised_more_than_they_get(
    users: list[tuple[str, bool, Decisions]], decided: Decisions, default: Decisions
) -> None:
    names = [f"u{number}" for number in range(len(users))]
    domains = []
    for name in "ab":
        own = {key: said for key, (where, _, said) in zip(names, users, strict=True) if where == name}
        domains.append(ruled(f"{name}.test", decided if name == "a" else None, **own))
    register = Register.of(domains, default=default)
    promise = register.promise()
    everybody = [register.rules(name) for name in register.names.accounts]
    days = [rules.retention.expire_days for rules in everybody]
    assert promise.expire_days == min((each for each in days if each is not None), default=None)
    assert promise.expire_differs is (len(set(days)) > 1)
    assert promise.login_delay_seconds == max((rules.login_delay_seconds for rules in everybody), default=0)


def test_a_promise_is_found_out_once_and_soon() -> None:
    said = [Decisions(keep_days=days) for days in range(1, 11)]
    many = ruled("a.test", NOTHING, **{f"u{number}": said[number % 10] for number in range(10_000)})
    register = Register.of([many], default=DEFAULT)
    assert register.promise() is register.promise()
    took = min(repeat(lambda: Register.promise(evolve(register)), number=1, repeat=5))
    assert took < 1.0  # it takes some 30 milliseconds
    assert min(repeat(register.promise, number=1_000)) / 1_000 < 1e-4


def closed(register: Register, *who: str) -> Register:
    """The same, in which these accounts are closed."""
    return Register.of(
        evolve(
            each,
            accounts={
                name: evolve(account, disabled=name in who, closed=name in who)
                for name, account in each.accounts.items()
            },
        )
        for each in register.domains.values()
    )


def test_a_closed_account_is_as_nobody() -> None:
    whole = Register.of([domain("a.test", "alice bob", "info: alice, bob\nold: alice\n*: bob\n")])
    register = closed(whole, "alice@a.test")
    assert register.maildrops("alice", "a.test") == register.maildrops("alice+x", "a.test") == ()
    assert register.maildrops("info", "a.test") == ("bob@a.test",)
    assert register.maildrops("old", "a.test") == ()  # nor has the catch-all what was for somebody
    assert register.broken == {}
    assert register.account("alice@a.test") is not None


def test_postmaster_cannot_be_closed() -> None:
    whole = Register.of([domain("a.test", "alice bob", "postmaster: alice\n")])
    register = closed(whole, "alice@a.test")
    assert reached(register, "postmaster@a.test") == ["bob@a.test"]
    assert reached(register, "abuse+x@a.test") == ["bob@a.test +x"]
    assert reached(closed(whole, "alice@a.test", "bob@a.test"), "postmaster@a.test") == []


def test_application_passwords_by_account() -> None:
    own = AppPassword("phone", b"", b"")
    fault = Fault("app-passwords:2", "broken")
    register = Register.of(
        [evolve(domain("a.test", "alice"), app_passwords={"alice@a.test": [own]}, stale_app_passwords=fault)]
    )
    assert register.app_passwords("alice@a.test") == [own]
    assert register.app_passwords("bob@a.test") == register.app_passwords("alice@b.test") == ()
    assert register.doubt_of_app_passwords("bob@a.test") == fault
    assert register.doubt_of_app_passwords("bob@b.test") is None
