"""Lines of accounts, made and changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mailgate.accounts.aliases import parse_aliases
from mailgate.accounts.editing import CannotEdit, entries
from mailgate.accounts.names import account_name
from mailgate.accounts.users import parse_users
from mailgate.wire import address

NAMES = st.text(st.sampled_from('abé "\\:,#@{}*.'), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("name", "domain", "text"),
    [
        ("alice@a.test", "", "alice"),
        ("alice@a.test", "a.test", "alice"),
        ("alice@a.test", "b.test", "alice@a.test"),
        ("front desk@a.test", "a.test", '"front desk"'),
        ("front desk@a.test", "b.test", '"front desk"@a.test'),
        ("zoë@a.test", "a.test", "zoë"),
    ],
)
def test_how_a_name_is_written(name: str, domain: str, text: str) -> None:
    assert entries.written(name, domain) == text


@given(NAMES, NAMES)
def test_a_name_is_refused_if_the_parsers_would_read_another(local_part: str, other: str) -> None:
    name, target = account_name(local_part, "a.test"), account_name(other, "b.test")
    assume(all(_is_mailbox(each) for each in (name, target)))
    users, _ = parse_users(entries.user_line(name, "{PLAIN}x"), "a.test", "users")
    assert (list(users) == [name]) == _passes(entries.check_user, name)
    aliases, _ = parse_aliases(entries.alias_line(name, [target]), "a.test", "aliases")
    is_read = [(alias.name, alias.targets) for alias in aliases.values()] == [(name, (target,))]
    assert is_read == (_passes(entries.check_alias, name) and _passes(entries.check_target, target))


def _is_mailbox(name: str) -> bool:
    local_part, _, domain = name.rpartition("@")
    try:
        return account_name(*address.parse_mailbox(address.format_mailbox(local_part, domain))) == name
    except address.AddressError:
        return False


def _passes(check: Callable[[str], None], name: str) -> bool:
    try:
        check(name)
    except CannotEdit:
        return False
    return True


@pytest.mark.parametrize(
    ("check", "name", "words"),
    [
        (entries.check_user, "a:b@a.test", "^'a:b' cannot be a user name: it has a colon; take letters, digits, dots"),
        (entries.check_user, "a{b@a.test", "it has a brace"),
        (entries.check_alias, "a:b@a.test", "'a:b' cannot be an alias: it has a colon"),
        (entries.check_alias, "a #b@a.test", "it has a # behind a blank"),
        (entries.check_target, "a,b@a.test", "'a,b' cannot be the target of an alias: it has a comma"),
        (entries.check_target, "a #b@a.test", "it has a # behind a blank"),
    ],
)
def test_why_a_name_is_refused(check: Callable[[str], None], name: str, words: str) -> None:
    with pytest.raises(CannotEdit, match=words):
        check(name)


def test_new_lines() -> None:
    assert entries.user_line("alice@a.test", "{X}h") == "alice:{X}h"
    assert entries.alias_line("info@a.test", ["alice@a.test", "zoe@b.test"]) == "info: alice, zoe@b.test"
    assert entries.app_password_line("alice@a.test", "phone", "{X}h") == "alice:phone:{X}h"


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("alice:{X}old", "alice:{Y}new"),
        ("alice:", "alice:{Y}new"),
        ("Alice:{X}old:1000:1000::/home/a:: nice=yes  k=v ", "Alice:{Y}new:1000:1000::/home/a:: nice=yes  k=v "),
    ],
)
def test_another_password(line: str, after: str) -> None:
    assert entries.with_password(line, "{Y}new") == after


@pytest.mark.parametrize(
    ("line", "value", "after"),
    [
        ("a:{X}h", "yes", "a:{X}h::::::k=yes"),
        ("a:{X}h:1:2", "yes", "a:{X}h:1:2::::k=yes"),
        ("a:{X}h::::::", "yes", "a:{X}h::::::k=yes"),
        ("a:{X}h::::::x=1:2", "yes", "a:{X}h::::::x=1:2 k=yes"),
        ("a:{X}h::::::x=1 ", "yes", "a:{X}h::::::x=1 k=yes"),
        ("a:{X}h::::::k x=1", "all", "a:{X}h::::::k=all x=1"),
        ("a:{X}h::::::y=1 k=no  x=1", "all", "a:{X}h::::::y=1 k=all  x=1"),
        ("a:{X}h::::::kk=1 xk=2", "all", "a:{X}h::::::kk=1 xk=2 k=all"),
        ("a:{X}h", None, "a:{X}h"),
        ("a:{X}h:1:2", None, "a:{X}h:1:2"),
        ("a:{X}h::::::k", None, "a:{X}h::::::"),
        ("a:{X}h::::::k=yes  x=1", None, "a:{X}h::::::x=1"),
        ("a:{X}h::::::y=1  k=yes  x=1", None, "a:{X}h::::::y=1  x=1"),
        ("a:{X}h::::::y=1 k=yes", None, "a:{X}h::::::y=1"),
        ("a:{X}h::::::kk=1", None, "a:{X}h::::::kk=1"),
    ],
)
def test_a_setting(line: str, value: str | None, after: str) -> None:
    assert entries.with_setting(line, "k", value) == after


@given(
    st.lists(st.text(st.sampled_from("ab=/ "), max_size=6), max_size=6),
    st.lists(st.sampled_from(["x=1", "y", "mailgate_quota=5", "z=a:b"]), unique=True),
)
def test_a_setting_that_comes_and_goes_leaves_all_others(fields: list[str], extra: list[str]) -> None:
    line = ":".join(["alice", "{X}h", *fields] + ([""] * (5 - len(fields)) + [" ".join(extra)] if extra else []))
    there = entries.with_setting(line, "mailgate_disabled", "yes")
    if len(fields) < 6:
        assert there.split(":")[:2] == ["alice", "{X}h"] and there.startswith(line.rstrip(":"))
    gone = entries.with_setting(there, "mailgate_disabled", None)
    assert gone.rstrip(": ") == line.rstrip(": ")


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("info: alice", "info: alice, bob, zoe@b.test"),
        ("info :alice ,carl   # both", "info :alice ,carl, bob, zoe@b.test   # both"),
        ("info: a#b", "info: a#b, bob, zoe@b.test"),
    ],
)
def test_more_targets(line: str, after: str) -> None:
    assert entries.with_targets(line, ["bob@a.test", "zoe@b.test"], "a.test") == after


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("info: bob, alice", "info: alice"),
        ("info:   alice,BOB ,  carl # x", "info:   alice,  carl # x"),
        ('info: bob@a.test, "bob", alice, zoe@b.test', "info: alice, zoe@b.test"),
    ],
)
def test_fewer_targets(line: str, after: str) -> None:
    assert entries.without_targets(line, {"bob@a.test"}, "a.test") == after


def is_mailbox(local_part: str) -> bool:
    try:
        return address.parse_mailbox(address.format_mailbox(local_part, "a.test"))[0] == local_part
    except address.AddressError:
        return False


@given(NAMES.filter(is_mailbox), NAMES.filter(is_mailbox))
def test_a_line_says_what_was_meant_or_is_a_fault(name: str, target: str) -> None:
    alias, account = account_name(name, "a.test"), account_name(target, "a.test")
    aliases, faults = parse_aliases(entries.alias_line(alias, [account]), "a.test", "aliases")
    assert faults or [(each.name, each.targets) for each in aliases.values()] == [(alias, (account,))]
    accounts, faults = parse_users(entries.user_line(account, "{PLAIN}x"), "a.test", "users")
    assert faults or list(accounts) == [account]


def test_a_name_that_begins_a_comment_is_quoted() -> None:
    assert entries.user_line("#a@a.test", "{X}h") == '"#a":{X}h'
    assert entries.alias_line("#a@a.test", ["#b@a.test"]) == '"#a": "#b"'
