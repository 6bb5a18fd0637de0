"""`mailgate user`: accounts come, change, and go."""

from __future__ import annotations

from pathlib import Path

import argon2
import pytest

from tests.cli.accounts_support import done, read, refused, register, rows, run, unfolded, write

ALICE, BOB = "alice@example.test", "bob@example.test"


@pytest.fixture
def house(gateway: Path) -> Path:
    with (gateway / "mailgate.toml").open("a") as config:
        config.write('[accounts]\nhash_memory = "8 MiB"\nhash_passes = 1\n')
    return gateway


def is_right(house: Path, name: str, password: str) -> bool:
    return register(house).names.accounts[name].password.verify(password.encode())


def test_add_asks_twice_and_hides(house: Path) -> None:
    result = run(house, "user", "add", "bob", typed="wonder land\nwander land\n" + "short\n" * 2 + "wonder land\n" * 2)
    assert result.exit_code == 0, result.output
    assert result.stdout == "bob@example.test has mail now.\n"
    assert "wonder" not in result.output
    assert result.stderr.count("a password has at least 8 characters") == 1
    assert is_right(house, BOB, "wonder land")
    assert read(house, "users").startswith("alice:{PLAIN}x\nbob:{ARGON2ID}$argon2id$")


def test_the_hash_costs_what_the_configuration_says(house: Path) -> None:
    done(house, "user", "add", BOB, "--stdin", typed="wonder land\n")
    found = argon2.extract_parameters(register(house).names.accounts[BOB].password.value)
    assert (found.memory_cost, found.time_cost) == (8192, 1)


def test_a_password_that_is_made_is_shown_once(house: Path) -> None:
    told = done(house, "user", "add", "bob", "--generate")
    assert is_right(house, BOB, told.split()[-1])
    (row,) = rows(done(house, "user", "passwd", "bob", "--generate", "--json"))
    assert row["user"] == BOB and is_right(house, BOB, row["password"])
    assert not is_right(house, BOB, told.split()[-1])


def test_for_scripts(house: Path) -> None:
    assert rows(done(house, "user", "add", "bob", "--stdin", "--json", typed="wonder land\r\n")) == [{"user": BOB}]
    assert is_right(house, BOB, "wonder land")
    result = run(house, "user", "add", "carl", "--stdin", "--generate", typed="x\n")
    assert result.exit_code == 2 and "not both" in result.stderr


def test_mail_of_an_earlier_user_is_told(house: Path) -> None:
    (house / "mail" / "example.test" / "bob" / "cur").mkdir(parents=True)
    result = run(house, "user", "add", "bob", "--stdin", typed="wonder land\n")
    assert result.exit_code == 0
    assert f"there is mail of an earlier {BOB}, which it will have: {house}/mail/example.test/bob" in unfolded(
        result.stderr
    )


@pytest.mark.parametrize(
    ("arguments", "typed", "words"),
    [
        (("add", "alice", "--stdin"), "long enough\n", "alice@example.test is there already: /"),
        (("add", "info", "--stdin"), "long enough\n", "info@example.test is an alias"),
        (("add", "bob", "--stdin"), "\n", "a password has at least 8 characters, as shorter ones are soon guessed"),
        (("add", "bob", "--stdin"), "1234567\n", "at least 8 characters"),
        (("passwd", "alice", "--stdin"), "1234567\n", "at least 8 characters"),
        (("add", "bob", "--stdin"), "x" * 1025 + "\n", "a password has 1 to 1024 octets"),
        (("add", "bob", "--stdin"), "nul\0\n", "no control characters"),
        (("add", "bob@other.test", "--stdin"), "long enough\n", "'mailgate domain add other.test' makes it one"),
        (("add", "a b@@", "--stdin"), "long enough\n", "is no account: expected local-part@domain"),
        (
            ("passwd", "bob", "--stdin"),
            "long enough\n",
            "no account bob@example.test: 'mailgate user list' names all",
        ),
        (("disable", "bob"), "", "there is no account bob@example.test"),
        (("enable", "bob"), "", "there is no account bob@example.test"),
        (("remove", "bob", "--yes"), "", "there is no account bob@example.test"),
        (("remove", "alice", "--yes"), "", "aliases lead to alice@example.test: info@example.test; --aliases takes"),
        (("remove", "alice"), "y\n", "Error: aliases lead to alice@example.test: info@example.test; --aliases takes"),
        (("remove", "alice", "--aliases"), "n\n", "Aborted!"),
        (("remove", "alice", "--aliases"), "", "Aborted!"),
        (("add", "a:b"), "", "Error: 'a:b' cannot be a user name: it has a colon; take letters, digits, dots"),
        (("add", "a{b"), "", "Error: 'a{b' cannot be a user name: it has a brace; take letters"),
        (("passwd", "alcie", "--stdin"), "", "no account alcie@example.test: did you mean 'alice@example.test'?"),
        (("disable", "info"), "", "no account info@example.test: mail for it goes to alice@example.test."),
    ],
)
def test_what_cannot_be_done(house: Path, arguments: tuple[str, ...], typed: str, words: str) -> None:
    write(house, "aliases", "info: alice\n")
    before = read(house, "users")
    assert words in refused(house, "user", *arguments, typed=typed)
    assert read(house, "users") == before


def test_a_user_without_a_domain_where_there_are_two(house: Path) -> None:
    write(house, "users", "", "other.test")
    assert "'alice' is no account: say local-part@domain" in refused(house, "user", "passwd", "alice", "--stdin")


def test_passwd_says_that_programs_go_on(house: Path) -> None:
    done(house, "user", "app-password", "add", "alice", "phone")
    told = done(house, "user", "passwd", "alice", "--stdin", typed="another one\n")
    assert told == ("alice@example.test has another password now.\nIts application passwords are as before: phone.\n")
    assert is_right(house, ALICE, "another one")


def test_disable_and_enable(house: Path) -> None:
    write(house, "users", "alice:{PLAIN}x:1000::::: nice\n")
    assert "and its mail is still taken" in done(house, "user", "disable", "alice")
    account = register(house).names.accounts[ALICE]
    assert account.disabled and not account.closed
    assert "mail for it is refused" in done(house, "user", "disable", "alice", "--refuse-mail")
    assert register(house).names.accounts[ALICE].closed
    assert done(house, "user", "enable", "alice") == "alice@example.test can log in.\n"
    assert read(house, "users") == "alice:{PLAIN}x:1000::::: nice\n"


def test_remove_asks_and_says_where_the_mail_is(house: Path) -> None:
    (house / "mail" / "example.test" / "alice").mkdir(parents=True)
    result = run(house, "user", "remove", "alice", typed="y\n")
    assert result.exit_code == 0
    assert "Remove alice@example.test? The mail stays in" in unfolded(result.stderr)
    assert unfolded(result.stdout) == (
        f"alice@example.test is removed. The mail stays in {house}/mail/example.test/alice until somebody removes it."
    )
    assert read(house, "users") == "\n"


def test_remove_with_all_that_leads_there(house: Path) -> None:
    write(house, "users", "alice:{PLAIN}x\nbob:{PLAIN}x\n")
    write(house, "aliases", "info: alice, bob\nsales: bob\n")
    done(house, "user", "app-password", "add", "bob", "phone")
    told = done(house, "user", "remove", "bob", "--yes", "--aliases")
    assert "It is in these aliases no more: info@example.test, sales@example.test.\n" in told
    assert "Its application passwords went with it: phone.\n" in told
    assert f"No mail is kept in {house}/mail/example.test/bob." in unfolded(told)
    assert read(house, "aliases") == "info: alice\n"


def test_remove_tells_what_it_broke(house: Path) -> None:
    write(house, "aliases", "*: alice\nsales: somebody\nold: gone@elsewhere.test\n")
    result = run(house, "user", "remove", "alice", "--yes", "--aliases")
    assert result.exit_code == 2
    assert "alice@example.test is removed." in result.stdout
    assert "sales@example.test leads to somebody@example.test" in result.stderr
    assert "old@" not in result.stderr


def test_a_file_that_is_broken_is_not_edited(house: Path) -> None:
    write(house, "users", "alice:{PLAIN}x\nbob\n")
    for command in ("passwd", "disable", "remove"):
        told = refused(house, "user", command, "alice", typed="long enough\nlong enough\n")
        assert "users:2" in told and "cannot be told" in told
    assert "users:2" in refused(house, "user", "add", "carl", "--stdin", typed="long enough\n")
