"""All domains at one moment."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve

from mailgate.accounts.aliases import parse_aliases
from mailgate.accounts.register import Domain, OutOfService, Register
from mailgate.accounts.users import parse_users
from mailgate.faults import Fault


def domain(name: str, users: str = "", aliases: str = "") -> Domain:
    lines = "".join(f"{user}:{{PLAIN}}x\n" for user in users.split())
    return Domain(name, parse_users(lines, name, "users")[0], parse_aliases(aliases, name, "aliases")[0])


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
    assert REGISTER.maildrops("abuse", "a.test") == ()
    assert REGISTER.maildrops("alice", "c.test") == ()


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
    for name in ("info", "postmaster"):
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


STALE = Fault("users:2", "broken")


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
