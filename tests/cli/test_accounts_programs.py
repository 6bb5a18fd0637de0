"""`mailgate user app-password`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.accounts.app_passwords import matching
from tests.cli.accounts_support import done, read, refused, register, rows, run, write

ALICE = "alice@example.test"


def name_of(house: Path, password: str) -> str | None:
    found = matching(register(house).app_passwords(ALICE), password.encode())
    return found.name if found is not None else None


def test_they_are_made_and_shown_once_and_taken_away(gateway: Path) -> None:
    phone = done(gateway, "user", "app-password", "add", "alice", "phone").split()[-1]
    (row,) = rows(done(gateway, "user", "app-password", "add", "alice", "lap-top_2", "--json"))
    assert (row["user"], row["name"]) == (ALICE, "lap-top_2")
    assert (name_of(gateway, phone), name_of(gateway, row["password"])) == ("phone", "lap-top_2")
    assert phone not in read(gateway, "app-passwords")
    told = run(gateway, "user", "app-password", "list", "alice")
    assert told.stdout == "phone\nlap-top_2\n"
    assert told.stderr == "alice@example.test has 2 application passwords.\n"
    assert rows(done(gateway, "user", "app-password", "list", "alice", "--json")) == [
        {"user": ALICE, "name": "phone"},
        {"user": ALICE, "name": "lap-top_2"},
    ]
    assert "has no application password phone any more" in done(
        gateway, "user", "app-password", "remove", "alice", "phone", typed="y\n"
    )
    assert (name_of(gateway, phone), name_of(gateway, row["password"])) == (None, "lap-top_2")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "bob", "phone"), "there is no account bob@example.test"),
        (("add", "alice", "my phone"), "'my phone' cannot be its name: letters, digits, - and _"),
        (("add", "alice", "pad"), "has an application password pad: remove it first"),
        (("list", "bob"), "there is no account bob@example.test"),
        (("remove", "alice", "phone", "--yes"), "has no application password phone"),
        (("remove", "alice", "phone"), "Error: alice@example.test has no application password phone"),  # is not asked
        (("remove", "alice", "pad"), "Aborted!"),
    ],
)
def test_what_cannot_be_done(gateway: Path, arguments: tuple[str, ...], words: str) -> None:
    done(gateway, "user", "app-password", "add", "alice", "pad")
    before = read(gateway, "app-passwords")
    assert words in refused(gateway, "user", "app-password", *arguments)
    assert read(gateway, "app-passwords") == before


def test_a_file_with_a_fault_is_told(gateway: Path) -> None:
    done(gateway, "user", "app-password", "add", "alice", "phone")
    write(gateway, "app-passwords", f"alice\n{read(gateway, 'app-passwords')}")
    result = run(gateway, "user", "app-password", "list", "alice")
    assert result.exit_code == 2
    assert result.stdout == "phone\n"
    assert "app-passwords:1" in result.stderr
