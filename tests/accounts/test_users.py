"""The users file: its form, and every fault with file and line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts import users
from mailgate.accounts.decisions import NOTHING_SAID, Decisions
from mailgate.accounts.users import Account, UsersFile, parse_users
from mailgate.faults import Fault

# of "Hello world!"
SHA512 = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
FILE = f"""\
# our people
alice:{{PLAIN}}sesame
Bob:{{SHA512-CRYPT}}{SHA512}:1000:1000:Bob, # 1:/home/bob:/bin/sh:mailgate_quota=1GiB userdb_mail=maildir:~/M nologin

  # disabled
carol:{{PLAIN}}x::::::mailgate_disabled=yes mailgate_quota=1000
dave:{{PLAIN}}x::::::mailgate_disabled
"""


def faults(text: str) -> list[str]:
    return [str(fault) for fault in parse_users(text, "example.test", "users")[1]]


def test_a_good_file() -> None:
    accounts, found = parse_users(FILE, "example.test", "users")
    assert found == ()
    assert list(accounts) == [f"{user}@example.test" for user in ("alice", "bob", "carol", "dave")]
    alice, bob, carol, dave = accounts.values()
    assert (alice.name, alice.disabled, alice.decisions) == ("alice@example.test", False, NOTHING_SAID)
    assert alice.password.verify(b"sesame")
    assert bob.decisions == Decisions(quota=1 << 30)
    assert bob.password.verify(b"Hello world!")
    assert [account.where for account in accounts.values()] == ["users:2", "users:3", "users:6", "users:7"]
    assert (carol.disabled, carol.decisions.quota) == (True, 1000)
    assert dave.disabled


def test_windows_line_ends() -> None:
    accounts, found = parse_users("alice:{PLAIN}sesame\r\n\r\n", "example.test", "users")
    assert found == ()
    assert accounts["alice@example.test"].password.verify(b"sesame")


def test_names_are_folded() -> None:
    text = 'ZOË:{PLAIN}x\n"John Smith":{PLAIN}x\n'
    assert list(parse_users(text, "example.test", "users")[0]) == ["zoë@example.test", "john smith@example.test"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sesame", ["expected user:{SCHEME}password", "no colon"]),
        ("alice{PLAIN}sesame:", ["a brace", "colon"]),
        ("alice@example.test:{PLAIN}sesame", ["an @", "local part alone"]),
        ("a..b:{PLAIN}sesame", ["'a..b' cannot be a user name"]),
        ("a b:{PLAIN}sesame", ["'a b' cannot be a user name"]),
        ('"":{PLAIN}sesame', ["cannot be a user name", "empty"]),
        ("ŉ" * 32 + ":{PLAIN}sesame", ["cannot be a user name", "too long for the name of a directory"]),
        (":{PLAIN}sesame", ["'' cannot be a user name"]),
        ("x" * 65 + ":{PLAIN}sesame", ["cannot be a user name", "64 octets"]),
        ("alice:sesame", ["no scheme", "{ARGON2ID}"]),
        ("alice:{PLIAN}sesame", ["unknown password scheme {PLIAN}", "did you mean 'PLAIN'?"]),
        ("alice:{PLAIN}sesame:mailgate_disabled=yes", ["wrong field", "eighth"]),
        ("alice:{PLAIN}sesame::::::mailgate_disable=yes", ["unknown setting", "did you mean 'mailgate_disabled'?"]),
        ("alice:{PLAIN}sesame::::::mailgate-disabled=yes", ["unknown setting", "did you mean 'mailgate_disabled'?"]),
        ("alice:{PLAIN}sesame:::::::mailgate_disable=1", ["unknown setting", "did you mean 'mailgate_disabled'?"]),
        ("alice:{PLAIN}sesame:::::::mailgate_disabled", ["unknown setting ':mailgate_disabled'", "did you mean"]),
        (
            "alice:{PLAIN}sesame::::::nologin,mailgate_disabled",
            ["unknown setting", "did you mean 'mailgate_disabled'?"],
        ),
        ("alice:{PLAIN}sesame::::::MAILGATE_DISABLED=yes", ["unknown setting", "did you mean 'mailgate_disabled'?"]),
        ("alice:{PLAIN}sesame::::::mailgate_keepdays=5", ["unknown setting", "did you mean 'mailgate_keep_days'?"]),
        ("alice:{PLAIN}sesame:1:1:Alice mailgate_disabled:/", ["wrong field", "eighth"]),
        ("alice:{PLAIN}sesame::::::mailgate=1", ["unknown setting 'mailgate'", "known: mailgate_disabled, mailgate_"]),
        ("alice:{PLAIN}sesame::::::mailgate_xyzzy=1", ["unknown setting", "mailgate_disabled"]),
        ("alice:{PLAIN}sesame::::::mailgate_disabled=true", ["'true'", "expected yes, no, or all"]),
        ("alice:{PLAIN}sesame::::::mailgate_quota=much", ["mailgate_quota is 'much'", "25 MiB"]),
        ("alice:{PLAIN}sesame::::::mailgate_quota=" + "9" * 30, ["mailgate_quota is '9999", "a size"]),
        ("alice:{PLAIN}sesame::::::mailgate_quota_messages=1k", ["quota_messages is '1k'", "whole number"]),
        ("alice:{PLAIN}sesame::::::mailgate_quotas=1GiB", ["unknown setting", "did you mean 'mailgate_quota'?"]),
        ("alice:{PLAIN}sesame::::::mailgate_keep_days=30d", ["mailgate_keep_days is '30d'", "whole number"]),
        ("alice:{PLAIN}sesame::::::mailgate_keep_days", ["mailgate_keep_days is 'yes'", "whole number"]),
        ("alice:{PLAIN}sesame::::::mailgate_keep_day=3", ["unknown setting", "did you mean 'mailgate_keep_days'?"]),
        ("alice:{PLAIN}sesame::::::mailgate_dele=bin", ["mailgate_dele is 'bin'", "trash"]),
        ("alice:{PLAIN}sesame::::::mailgate_dele=trash mailgate_removed_days=0", ["a trash that keeps nothing"]),
        ("alice:{PLAIN}sesame::::::mailgate_quota=1kB mailgate_quota=2kB", ["mailgate_quota is there twice"]),
    ],
)
def test_faults(line: str, words: list[str]) -> None:
    (fault,) = faults(f"# comment\n{line}\nbob:{{PLAIN}}x\n")
    assert fault.startswith("users:2: ")
    for word in words:
        assert word in fault
    assert "sesame" not in fault


@pytest.mark.parametrize(
    "fields",
    [
        "::::::nologin userdb_mailgate_quota=1 proxy=y",
        "::::::userdb_groups=users,mailgate_admins",
        "::::::userdb_mail=maildir:/var/lib/mailgate_x/%u",
        ":mailgate:mailgate:Alice of mailgate:/home/mailgate_x:/usr/bin/mailgate_sh:nologin",
    ],
)
def test_what_is_for_others_is_left_to_them(fields: str) -> None:
    accounts, found = parse_users(f"alice:{{PLAIN}}x{fields}\n", "example.test", "users")
    assert found == ()
    (alice,) = accounts.values()
    assert (alice.disabled, alice.decisions) == (False, NOTHING_SAID)


def test_all_faults_are_told_at_once_and_the_good_lines_kept() -> None:
    text = "alice:{PLAIN}1\nALICE:{PLAIN}2\nnonsense\nbob:{PLAIN}3\nbob:{MD5}4\n"
    accounts, found = parse_users(text, "example.test", "d/users")
    assert [fault.where for fault in found] == ["d/users:2", "d/users:3", "d/users:5"]
    assert found[0].what == "alice@example.test is already on line 1"
    assert list(accounts) == ["alice@example.test", "bob@example.test"]
    assert accounts["alice@example.test"].password.verify(b"1")


def test_a_password_never_shows() -> None:
    accounts, _ = parse_users("alice:{PLAIN}sesame", "example.test", "users")
    assert "sesame" not in repr(accounts)


@given(st.text(max_size=200))
def test_any_text_gives_accounts_and_faults(text: str) -> None:
    accounts, found = parse_users(text, "example.test", "users")
    assert all(isinstance(account, Account) and account.name == name for name, account in accounts.items())
    assert all(isinstance(fault, Fault) and fault.where.startswith("users:") for fault in found)


@given(st.text('ab:{}PLAIN$=,@" #\nmailgate_quota', max_size=120))
def test_text_that_looks_like_it_does_too(text: str) -> None:
    accounts, found = parse_users(text, "example.test", "users")
    lines = [line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    assert len(accounts) + len({fault.where for fault in found}) == len(lines)


def test_every_fault_of_a_line_at_once() -> None:
    line = "d ave:{PLANE}q::::::mailgate_qota=1GiB mailgate_quota=lots mailgate_disabled=perhaps"
    accounts, found = parse_users(line, "example.test", "users")
    assert accounts == {}
    whats = ("user name", "PLANE", "mailgate_qota", "mailgate_quota", "mailgate_disabled")
    assert len(found) == len(whats) and all(what in fault.what for what, fault in zip(whats, found, strict=True))


def test_what_is_decided_for_a_maildrop() -> None:
    text = (
        "alice:{PLAIN}x::::::mailgate_keep_days=90 mailgate_keep_fetched_days=30 mailgate_keep_messages=1000 "
        "mailgate_keep_octets=1GiB mailgate_keep_min_days=7 mailgate_dele=trash mailgate_removed_days=14 "
        "mailgate_login_delay=15m mailgate_quota=1 mailgate_quota_messages=2\n"
        "bob:{PLAIN}x::::::mailgate_keep_days=0 mailgate_keep_octets=5000\n"
        "carol:{PLAIN}x::::::mailgate_disabled=no\n"
    )
    accounts, found = parse_users(text, "example.test", "users")
    assert found == ()
    alice, bob, carol = accounts.values()
    assert alice.decisions == Decisions(
        keep_days=90,
        keep_fetched_days=30,
        keep_messages=1_000,
        keep_octets=1 << 30,
        keep_min_days=7,
        dele="trash",
        removed_days=14,
        login_delay=900,
        quota=1,
        quota_messages=2,
    )
    assert bob.decisions == Decisions(keep_days=0, keep_octets=5_000)
    assert carol.decisions is NOTHING_SAID


@pytest.mark.parametrize(
    ("value", "disabled", "closed"),
    [("", True, False), ("=yes", True, False), ("=all", True, True), ("=no", False, False)],
)
def test_what_a_disabled_account_is_refused(value: str, disabled: bool, closed: bool) -> None:
    accounts, faults = parse_users(f"alice:{{PLAIN}}x::::::mailgate_disabled{value}", "example.test", "users")
    assert faults == ()
    (alice,) = accounts.values()
    assert (alice.disabled, alice.closed) == (disabled, closed)


LINES = st.sampled_from(
    [
        "alice:{PLAIN}x",
        "Alice:{PLAIN}y",
        "bob:{PLAIN}x::::::mailgate_quota=5",
        "bob",
        "carol:{PLAIN}",
        "# x",
        "",
        "zoë:{PLAIN}x\r",
    ]
)


@given(st.lists(st.lists(LINES, max_size=6), max_size=4))
def test_read_again_and_again_a_file_says_what_it_says_the_first_time(texts: list[list[str]]) -> None:
    file = UsersFile("example.test")
    for lines in texts:
        text = "\n".join(lines)
        assert file.parse(text, "users") == parse_users(text, "example.test", "users")


def test_a_line_that_was_there_is_not_taken_apart_again(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse_line = users._parse_line

    def noted(line: str, *others: Any) -> Any:
        parsed.append(line)
        return parse_line(line, *others)

    monkeypatch.setattr(users, "_parse_line", noted)
    file = UsersFile("example.test")
    for text in ("alice:{PLAIN}x\nbob:{PLAIN}x\n", "# new\ncarol:{PLAIN}x\nbob:{PLAIN}x\nalice:{PLAIN}x\n"):
        accounts, _ = file.parse(text, "users")
    assert parsed == ["alice:{PLAIN}x", "bob:{PLAIN}x", "carol:{PLAIN}x"]
    assert [account.where for account in accounts.values()] == ["users:2", "users:3", "users:4"]
