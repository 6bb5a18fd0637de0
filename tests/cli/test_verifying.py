"""`mailgate store verify`: what it says, and how it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from tests.cli.support import ALICE, deliver, maildir, rows, store


def test_all_is_well(gateway: Path) -> None:
    deliver(gateway)
    deliver(gateway, user="bob@example.test")
    for arguments, said in (((), "2 files in 2 maildrops"), ((ALICE,), "1 files in 1 maildrops")):
        result = store(gateway, "verify", *arguments)
        assert (result.exit_code, result.output) == (0, f"{said}: 0 found, 0 repaired.\n")


def test_a_truncated_message(gateway: Path) -> None:
    deliver(gateway)
    (maildir(gateway) / "new" / "1700000001.a.b,S=9,W=10").write_bytes(b"x\n")
    (maildir(gateway) / "new" / "1700000001.a.b,S=9,W=10").chmod(0o600)
    result = store(gateway, "verify", ALICE)
    assert (result.exit_code, result.output) == (
        2,
        "alice@example.test/new/1700000001.a.b,S=9,W=10: its name says S=9 W=10, but it has S=2 W=3\n"
        "    fetch it from a backup, or correct its name: mailgate store verify --repair alice@example.test\n"
        "2 files in 1 maildrops: 1 found, 0 repaired.\n",
    )
    (row,) = rows(store(gateway, "verify", "--json"))
    assert (row["maildrop"], row["kind"], row["place"]) == (ALICE, "truncated", "new/1700000001.a.b,S=9,W=10")
    result = store(gateway, "verify", "--repair")
    assert (result.exit_code, "\n    repaired\n" in result.output) == (0, True)
    assert (maildir(gateway) / "new" / "1700000001.a.b,S=2,W=3").exists()
    assert store(gateway, "verify").exit_code == 0


def test_the_maildrop_as_a_whole(gateway: Path) -> None:
    deliver(gateway)
    maildir(gateway).chmod(0o755)
    result = store(gateway, "verify")
    assert "alice@example.test: others may use it (mode 755)\n    take that away: chmod 700\n" in result.output


def test_one_that_is_open_does_not_hide_the_others(gateway: Path) -> None:
    deliver(gateway)
    deliver(gateway, user="bob@example.test")
    (maildir(gateway, "bob") / "new" / ".odd").write_bytes(b"")
    descriptor = os.open(maildir(gateway), os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    found = rows(store(gateway, "verify", "--repair", "--json"))
    os.close(descriptor)
    assert [(row["maildrop"], row["kind"]) for row in found] == [(ALICE, "trouble"), ("bob@example.test", "hidden")]


def test_one_that_cannot_be_looked_through_does_not_either(gateway: Path) -> None:
    deliver(gateway)
    deliver(gateway, user="bob@example.test")
    path = maildir(gateway, "bob") / "cur"
    path.rmdir()
    path.symlink_to("/tmp")
    (row,) = rows(store(gateway, "verify", "--json"))
    assert (row["maildrop"], row["kind"]) == ("bob@example.test", "trouble")


def test_nobody(gateway: Path) -> None:
    assert store(gateway, "verify", "nobody@example.test").exit_code == 1
