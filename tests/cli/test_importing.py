"""`mailgate store import`: as an administrator uses it, on real files."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from mailgate.store.maildir import importing
from tests.archive.test_uidlist import RECORDED
from tests.cli.accounts_support import unfolded
from tests.cli.support import ALICE, contents, deliver, entries, maildir, rows, store


@pytest.fixture
def dovecots(gateway: Path) -> str:
    """A Maildir that Dovecot served, with its list."""
    source = gateway / "dovecot"
    for folder in ("new", "cur", "tmp", ".Sent/cur"):
        (source / folder).mkdir(parents=True)
    (source / "dovecot-uidlist").write_bytes(RECORDED)
    (source / "cur" / "1700000000.M0P77.host:2,RS").write_bytes(b"Subject: 0\r\n\r\n0\r\n")
    (source / "cur" / "1700000600.M10P77.host:2,").write_bytes(b"10\n")
    (source / "new" / "1800000000.M12P77.host").write_bytes(b"12\n")
    return str(source)


def test_dovecots(gateway: Path, dovecots: str) -> None:
    result = store(gateway, "import", "Alice@example.test", dovecots)
    assert (result.exit_code, result.output) == (
        0,
        "not taken, a folder, which POP3 does not have: .Sent\n3 messages taken, 0 there already, 0 not taken.\n",
    )
    assert [entry.uid for entry in entries(gateway)] == [
        "000000016b043f4c",
        "0000000b6b043f4c",
        "1800000000.M12P77.host",
    ]
    assert contents(gateway) == [b"Subject: 0\n\n0\n", b"10\n", b"12\n"]
    again = store(gateway, "import", ALICE, dovecots)
    assert again.output.endswith("0 messages taken, 3 there already, 0 not taken.\n")
    assert len(entries(gateway)) == 3


def test_another_uidl_format(gateway: Path, dovecots: str) -> None:
    assert store(gateway, "import", ALICE, dovecots, "--pop3-uidl-format", "%v.%u").exit_code == 0
    assert entries(gateway)[0].uid == "1795440460.1"
    result = store(gateway, "import", ALICE, dovecots, "--pop3-uidl-format", "%m")
    assert (result.exit_code, "pop3_uidl_format" in result.output) == (1, True)


def test_for_programs(gateway: Path, dovecots: str) -> None:
    first, *_ = rows(store(gateway, "import", ALICE, dovecots, "--json"))
    assert first == {
        "where": "cur/1700000000.M0P77.host:2,RS",
        "uid": "000000016b043f4c",
        "was_there": False,
        "clashed": "",
        "trouble": "",
    }


def test_what_cannot_be_taken_is_told(gateway: Path, dovecots: str) -> None:
    (Path(dovecots) / "cur" / "1.\x1bgz").write_bytes(b"\x1f\x8b")
    result = store(gateway, "import", ALICE, dovecots)
    assert result.exit_code == 2
    assert "not taken: cur/1.\\x1bgz: it cannot be read" in result.output
    assert result.output.endswith("3 messages taken, 0 there already, 1 not taken.\n")


def test_a_clash_is_told(gateway: Path) -> None:
    (gateway / "mbox").write_text("From a Tue Nov 14 22:13:20 2023\nX-UIDL: one\n\n1\n")
    store(gateway, "import", ALICE, str(gateway / "mbox"), "--reuse-x-uidl")
    (gateway / "mbox").write_text("From a Tue Nov 14 22:13:20 2023\nX-UIDL: one\n\n2\n")
    result = store(gateway, "import", ALICE, str(gateway / "mbox"), "--reuse-x-uidl", "--format", "mboxo")
    given = entries(gateway)[0].uid if entries(gateway)[0].uid != "one" else entries(gateway)[1].uid
    assert result.exit_code == 0
    assert f"message 1: another message has the UID one; it was given {given}\n" in result.output


def test_a_session_is_waited_for_and_then_told_of(
    gateway: Path, dovecots: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "WAIT_SECONDS", 0.0)
    deliver(gateway)
    descriptor = os.open(maildir(gateway), os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    result = store(gateway, "import", ALICE, dovecots)
    os.close(descriptor)
    assert (result.exit_code, "another process has alice@example.test open" in result.output) == (1, True)


def test_the_maildrop_itself(gateway: Path) -> None:
    deliver(gateway)
    result = store(gateway, "import", ALICE, str(maildir(gateway)))
    assert (result.exit_code, "is the maildrop of alice@example.test" in result.output) == (1, True)
    assert len(entries(gateway)) == 1


def test_somebody_who_has_no_account(gateway: Path, dovecots: str) -> None:
    result = store(gateway, "import", "alcie@example.test", dovecots)
    assert (result.exit_code, result.stdout) == (1, "")
    said = unfolded(result.stderr)
    assert "there is no account alcie@example.test: did you mean 'alice@example.test'?" in said
    assert "--without-account imports it all the same" in said
    assert not (gateway / "mail").exists()
    result = store(gateway, "import", "alcie@example.test", dovecots, "--without-account")
    assert (result.exit_code, len(entries(gateway, "alcie@example.test"))) == (0, 3)


def test_whoever_foreign_checkers_know_has_an_account_too(gateway: Path, dovecots: str) -> None:
    with (gateway / "mailgate.toml").open("a") as config:
        config.write('[accounts]\ncheckers = ["twisted.cred.checkers:AllowAnonymousAccess"]\n')
    (gateway / "domains" / "example.test" / "users").write_text("alice:{EXTERNAL}\n")
    assert store(gateway, "import", "bob@example.test", dovecots).exit_code == 1
    assert store(gateway, "import", ALICE, dovecots).exit_code == 0


def test_accounts_that_cannot_be_read(gateway: Path, dovecots: str) -> None:
    (gateway / "domains" / "example.test" / "users").write_text("alice\n")
    result = store(gateway, "import", ALICE, dovecots)
    assert (result.exit_code, (gateway / "mail").exists()) == (1, False)
    assert "whether there is an account alice@example.test cannot be told" in unfolded(result.stderr)
    assert store(gateway, "import", ALICE, dovecots, "--without-account").exit_code == 0


@pytest.mark.parametrize(
    ("user", "source", "said"),
    [
        ("alice@", ".", "is not local-part@domain"),
        ("Alice", ".", "neither new or cur"),  # the local part will do where there is one domain
        (ALICE, "nowhere", "No such file or directory"),
        (ALICE, ".", "neither new or cur"),
    ],
)
def test_what_cannot_be(gateway: Path, user: str, source: str, said: str) -> None:
    result = store(gateway, "import", user, str(gateway / source))
    assert (result.exit_code, said in result.output) == (1, True)
