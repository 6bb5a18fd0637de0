"""`mailgate alias`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.accounts_support import done, read, refused, rows, run, write


@pytest.fixture
def house(gateway: Path) -> Path:
    write(gateway, "users", "zoe:{PLAIN}x\n", "other.test")
    return gateway


def test_an_alias_comes_and_goes(house: Path) -> None:
    told = done(house, "alias", "add", "info@example.test", "Alice", "zoe@other.test")
    assert told == "info@example.test leads to alice@example.test, zoe@other.test.\n"
    assert read(house, "aliases") == "info: alice, zoe@other.test\n"
    told = done(house, "alias", "remove", "info@example.test", "alice", "--yes")
    assert told == "info@example.test leads to alice@example.test no more.\n"
    assert read(house, "aliases") == "info: zoe@other.test\n"
    result = run(house, "alias", "remove", "info@example.test", typed="y\n")
    assert "Remove the alias info@example.test?" in result.stderr
    assert result.stdout == "info@example.test is removed.\n"
    assert read(house, "aliases") == "\n"  # a gateway waits before it believes an empty file


def test_all_that_it_leads_to_is_told(house: Path) -> None:
    write(house, "aliases", "info: alice\n")
    told = done(house, "alias", "add", "info@example.test", "zoe@other.test")
    assert told == "info@example.test leads to alice@example.test, zoe@other.test.\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nope@example.test",), "there is no alias nope@example.test"),
        (("info@example.test", "zoe@other.test"), "info@example.test does not lead to zoe@other.test"),
        (("info@example.test",), "that would not serve:"),
    ],
)
def test_nobody_is_asked_about_what_cannot_be(house: Path, arguments: tuple[str, ...], words: str) -> None:
    write(house, "aliases", "info: alice\nsales: info\n")
    told = refused(house, "alias", "remove", *arguments, typed="y\n")
    assert words in told and "?" not in told
    assert read(house, "aliases") == "info: alice\nsales: info\n"


def test_the_catch_all_and_one_domain(gateway: Path) -> None:
    done(gateway, "alias", "add", "*", "alice")
    assert read(gateway, "aliases") == "*: alice\n"


def test_list(house: Path) -> None:
    write(house, "aliases", "info: alice\n*: alice, zoe@other.test\n")
    write(house, "aliases", "far: alice@example.test\n", "other.test")
    assert done(house, "alias", "list") == (
        "ALIAS              LEADS TO\n"
        "info@example.test  alice@example.test\n"
        "*@example.test     alice@example.test, zoe@other.test\n"
        "far@other.test     alice@example.test\n"
    )
    assert rows(done(house, "alias", "list", "other.test", "--json")) == [
        {"alias": "far@other.test", "targets": ["alice@example.test"], "in_service": True}
    ]
    write(house, "aliases", "far: nobody\n", "other.test")
    result = run(house, "alias", "list", "other.test")
    assert result.exit_code == 2
    assert result.stdout.endswith("far@other.test  nobody@other.test  out of service\n")
    assert "alias to nobody" in result.stderr


def test_list_of_a_file_with_a_fault(house: Path) -> None:
    write(house, "aliases", "info: alice\nnonsense\n")
    result = run(house, "alias", "list", "example.test")
    assert result.exit_code == 2
    assert result.stdout == ("ALIAS              LEADS TO\ninfo@example.test  alice@example.test  in doubt\n")
    assert "aliases:2" in result.stderr
    (row,) = rows(run(house, "alias", "list", "--json").stdout)
    assert row == {"alias": "info@example.test", "targets": ["alice@example.test"], "in_service": None}


def test_a_list_with_many_members_fits(house: Path) -> None:
    people = [f"somebody-{number}" for number in range(9)]
    write(house, "users", "".join(f"{each}:{{PLAIN}}x\n" for each in people))
    write(house, "aliases", f"info: {', '.join(people)}\n*: nobody-at-all\n")
    told = run(house, "alias", "list").stdout
    assert all(len(line) <= 80 for line in told.splitlines())
    assert all(f"{each}@example.test" in told for each in people) and "service" in told
    told = done(house, "alias", "add", "sales@example.test", *people)
    assert all(len(line) <= 80 for line in told.splitlines())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "x@example.test", "carl"), "that would not serve:"),
        (("add", "alice@example.test", "zoe@other.test"), "alice@example.test is an account"),
        (
            ("add", "a:b@example.test", "alice"),
            "'a:b' cannot be an alias: it has a colon; take letters",
        ),
        (("add", "x", "alice"), "'x' is no account: say local-part@domain"),
        (("add", "x@example.test", "a b@c d"), "expected local-part@domain"),
        (("remove", "x@example.test", "--yes"), "there is no alias x@example.test"),
        (("remove", "info@example.test"), "Aborted!"),
        (("remove", "info@example.test", "zoe@other.test", "--yes"), "does not lead to zoe@other.test"),
        (("list", "c.test"), "c.test is no domain"),
    ],
)
def test_what_cannot_be_done(house: Path, arguments: tuple[str, ...], words: str) -> None:
    write(house, "aliases", "info: alice\n")
    assert words in refused(house, "alias", *arguments)
    assert read(house, "aliases") == "info: alice\n"


def test_an_alias_needs_a_target(house: Path) -> None:
    assert run(house, "alias", "add", "x@example.test").exit_code == 2
