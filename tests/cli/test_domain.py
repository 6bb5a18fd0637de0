"""`mailgate domain`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.accounts_support import done, refused, register, rows, run, unfolded, write


def test_a_domain_comes_and_goes(gateway: Path) -> None:
    assert done(gateway, "domain", "add", "Other.TEST") == (
        "other.test is a domain of this gateway now. Add its users:\n"
        "  mailgate user add somebody@other.test\n"
        "Mail to postmaster@other.test and abuse@other.test goes to alice@example.test\n"
        "until other.test has a user of its own, and then there.\n"
        "To name somebody for it, in place of ACCOUNT:\n"
        "  mailgate alias add postmaster@other.test ACCOUNT\n"
    )
    assert list(register(gateway).domains) == ["example.test", "other.test"]
    told = run(gateway, "domain", "remove", "other.test", typed="y\n")
    assert f"Remove other.test? No mail is kept in {gateway}/mail/other.test. [y/N]:" in unfolded(told.stderr)
    assert told.stdout.startswith("other.test is no domain of this gateway any more.\n")
    assert list(register(gateway).domains) == ["example.test"]


def test_who_is_postmaster_is_as_it_says(gateway: Path) -> None:
    done(gateway, "domain", "add", "other.test")
    assert register(gateway).maildrops("postmaster", "other.test") == ("alice@example.test",)
    done(gateway, "alias", "add", "postmaster@other.test", "alice@example.test")
    done(gateway, "user", "add", "bob@other.test", "--generate")
    assert register(gateway).maildrops("abuse", "other.test") == ("alice@example.test",)


def test_added_while_it_cannot_be_told_who_is_postmaster(gateway: Path) -> None:
    write(gateway, "users", "alice\n")
    result = run(gateway, "domain", "add", "other.test")
    assert result.exit_code == 2
    assert result.stdout.startswith("other.test is a domain of this gateway now.")
    assert "abuse@other.test cannot be told: " in unfolded(result.stderr) and "users:1" in result.stderr


def test_domains_with_faults_are_counted_as_far_as_they_can_be_read(gateway: Path) -> None:
    write(gateway, "users", "alice:{PLAIN}x\nbob:{PLAIN}x::::::mailgate_disable\n")
    write(gateway, "aliases", "info: alice\n")
    result = run(gateway, "domain", "list", "--json")
    assert result.exit_code == 2
    assert rows(result.stdout) == [
        {"domain": "example.test", "users": 1, "disabled": 0, "aliases": 1, "understood": False}
    ]
    assert "users:2" in result.stderr and "the lines without one are shown" in unfolded(result.stderr)
    write(gateway, "users", "alice:{PLAIN}x\n")
    write(gateway, "app-passwords", "alice\n")
    assert rows(run(gateway, "domain", "list", "--json").stdout)[0]["understood"] is False


def test_with_users(gateway: Path) -> None:
    (gateway / "mail" / "example.test").mkdir(parents=True)
    assert "example.test has 1 user: --with-users removes them, too" in refused(
        gateway, "domain", "remove", "example.test", "--yes"
    )
    result = run(gateway, "domain", "remove", "example.test", "--with-users", typed="y\n")
    assert "Remove example.test with 1 user? The mail stays in" in unfolded(result.stderr)
    assert f"The mail stays in {gateway}/mail/example.test until somebody removes it." in unfolded(result.stdout)
    assert register(gateway).domains == {}


def test_nobody_is_asked_about_what_cannot_be(gateway: Path) -> None:
    write(gateway, "users", "bob:{PLAIN}x\n", "other.test")
    write(gateway, "aliases", "info: bob@other.test\n")
    told = refused(gateway, "domain", "remove", "other.test", "--with-users", typed="y\n")
    assert told == "Error: aliases of other domains lead to other.test: info@example.test"


def test_list(gateway: Path) -> None:
    write(gateway, "users", "bob:{PLAIN}x\ncarl:{PLAIN}x::::::mailgate_disabled\n", "other.test")
    write(gateway, "aliases", "info: bob\n", "other.test")
    assert done(gateway, "domain", "list") == (
        "DOMAIN        USERS  DISABLED  ALIASES\nexample.test  1      0         0\nother.test    2      1         1\n"
    )
    assert rows(done(gateway, "domain", "list", "--json"))[1] == {
        "domain": "other.test",
        "users": 2,
        "disabled": 1,
        "aliases": 1,
        "understood": True,
    }
    write(gateway, "rules", "x = 1\n", "other.test")
    result = run(gateway, "domain", "list")
    assert result.exit_code == 2
    assert result.stdout.endswith("other.test    2      1         1        has faults\n")
    assert "other.test/rules:1" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "example.test"), "example.test is there already"),
        (("add", "under_score"), "'under_score' is no domain"),
        (("remove", "other.test", "--yes"), "other.test is no domain of this gateway: 'mailgate domain list'"),
        (("remove", "example.test", "--with-users"), "Aborted!"),
    ],
)
def test_what_cannot_be_done(gateway: Path, arguments: tuple[str, ...], words: str) -> None:
    assert words in refused(gateway, "domain", *arguments)
    assert list(register(gateway).domains) == ["example.test"]
