"""What every command begins with."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from mailgate.archive.message import ArchiveError
from mailgate.cli.house import (
    accounts_of,
    blocks_of,
    check_may_make,
    domain_of,
    entry_of,
    maildrop_of,
    named,
    only_domain,
    open_house,
    readable_errors,
)
from mailgate.failures import Gone
from mailgate.rules import Quota
from tests.cli.support import ALICE, CONTENT, deliver, entries, maildir


def test_a_message(gateway: Path) -> None:
    deliver(gateway, CONTENT * 5000)  # more than one trip reads
    house = open_house(str(gateway / "mailgate.toml"))
    (entry,) = entries(gateway)
    assert maildrop_of(house, "Alice@EXAMPLE.test") == ALICE
    assert entry_of(house, ALICE, entry.uid) == entry
    assert b"".join(blocks_of(house, ALICE, entry)) == CONTENT * 5000
    for path in (maildir(gateway) / "new").iterdir():
        path.unlink()
    with pytest.raises(Gone):
        list(blocks_of(house, ALICE, entry))


def test_what_is_not_there(gateway: Path) -> None:
    house = open_house(str(gateway / "mailgate.toml"))
    with pytest.raises(click.ClickException, match="there is no maildrop of bob@"):
        maildrop_of(house, "bob@example.test")
    deliver(gateway)
    with pytest.raises(click.ClickException, match="no message with the UID x"):
        entry_of(house, ALICE, "x")


@pytest.mark.parametrize("user", ["alice", "@example.test", "alice@", ""])
def test_what_is_no_maildrop(user: str) -> None:
    with pytest.raises(click.ClickException, match="is not local-part@domain"):
        named(user)


def test_a_local_part_is_completed() -> None:
    assert named("Alice", "example.test") == ALICE
    assert named("alice@other.test", "example.test") == "alice@other.test"
    with pytest.raises(click.ClickException, match="'alice@' is not local-part@domain"):
        named("alice@", "example.test")


def test_a_maildrop_by_its_local_part(gateway: Path) -> None:
    house = open_house(str(gateway / "mailgate.toml"))
    deliver(gateway)
    assert maildrop_of(house, "Alice") == ALICE
    deliver(gateway, user="zoe@other.test")
    with pytest.raises(click.ClickException, match="'alice' is not local-part@domain"):
        maildrop_of(house, "alice")


def test_the_only_domain(gateway: Path) -> None:
    assert only_domain(accounts_of(str(gateway / "mailgate.toml"))) == "example.test"
    (gateway / "domains" / "other.test").mkdir()
    (gateway / "domains" / "other.test" / "users").write_text("")
    assert only_domain(accounts_of(str(gateway / "mailgate.toml"))) == ""
    assert domain_of(["a@example.test", "b@example.test"]) == "example.test"
    assert domain_of(["a@example.test", "b@other.test"]) == domain_of([]) == ""


def test_accounts(gateway: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (gateway / "mailgate.toml").open("a") as config:
        config.write("[maildrops]\nquota_messages = 5\n")
    domain = gateway / "domains" / "example.test"
    (domain / "rules").write_text("quota = 9\n")
    (domain / "aliases").write_text("info: nobody@example.test\n")
    accounts = accounts_of(str(gateway / "mailgate.toml"))
    assert accounts.quota(ALICE) == Quota(octets=9, messages=5)
    assert accounts.quota("bob@example.test") == Quota()
    assert capsys.readouterr() == ("", "")  # others tell of that alias


def test_another_users_mail(gateway: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_may_make(str(gateway / "a" / "b"))
    deliver(gateway)
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)
    with pytest.raises(click.ClickException, match="belongs to somebody else"):
        check_may_make(str(gateway / "a" / "b"))
    with pytest.raises(click.ClickException, match="run this as that user"):
        open_house(str(gateway / "mailgate.toml"))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (FileNotFoundError(2, "No such file or directory", "x"), "x: No such file or directory"),
        (OSError("odd"), "odd"),
        (Gone("gone"), "gone"),
        (ArchiveError("bad"), "bad"),
    ],
)
def test_errors_in_words(error: Exception, text: str) -> None:
    with pytest.raises(click.ClickException) as caught, readable_errors():
        raise error
    assert caught.value.message == text


def test_a_pipe_that_nobody_reads() -> None:
    with pytest.raises(BrokenPipeError), readable_errors():
        raise BrokenPipeError
