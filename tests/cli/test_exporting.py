"""`mailgate store export`: what it writes, `import` reads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from attrs import asdict

from mailgate.mail import Entry
from tests.cli.support import ALICE, CONTENT, contents, deliver, entries, maildir, rows, store


def known(entry: Entry) -> dict[str, object]:
    return {name: value for name, value in asdict(entry).items() if name not in ("key", "id")}


@pytest.mark.parametrize("form", ["maildir", "mbox", "eml"])
def test_there_and_back(gateway: Path, form: str) -> None:
    deliver(gateway)
    deliver(gateway, b"From here\n>From there\n\nno end")
    (maildir(gateway) / "cur" / "1000000000.a.b,S=2,W=3:2,FS").write_bytes(b"x\n")
    target = str(gateway / "export")
    result = store(gateway, "export", ALICE, target, "--format", form)
    assert (result.exit_code, result.output) == (0, f"3 messages exported to {target}.\n")
    taken = store(gateway, "import", "bob@example.test", target, "--without-account")
    assert taken.output == "3 messages taken, 0 there already, 0 not taken.\n"
    bob = "bob@example.test"
    assert [known(entry) for entry in entries(gateway, bob)] == [known(entry) for entry in entries(gateway)]
    assert contents(gateway, bob) == contents(gateway)
    names = {user: sorted(os.listdir(maildir(gateway, user) / "cur")) for user in ("alice", "bob")}
    assert names["bob"] == names["alice"]


def test_never_over_something(gateway: Path) -> None:
    deliver(gateway)
    (gateway / "export").write_text("mine")
    result = store(gateway, "export", ALICE, str(gateway / "export"), "--format", "mbox")
    assert (result.exit_code, "nothing is ever overwritten" in result.output) == (1, True)
    assert (gateway / "export").read_text() == "mine"


def test_what_cannot_be_exported_is_told(gateway: Path) -> None:
    deliver(gateway)
    for folder in ("new", "cur"):  # two of one name
        (maildir(gateway) / folder / "1000000000.a.b").write_bytes(CONTENT)
    target = str(gateway / "export")
    result = store(gateway, "export", ALICE, target, "--format", "maildir")
    assert result.exit_code == 0  # one is new, the other is not: there is room for both
    (maildir(gateway) / "cur" / "1000000000.a.b,X").write_bytes(CONTENT)
    result = store(gateway, "export", ALICE, target + "2", "--format", "maildir")
    assert result.exit_code == 2
    assert "not exported: " in result.output and "3 messages exported" in result.output
    (row,) = rows(store(gateway, "export", ALICE, target + "3", "--format", "maildir", "--json"))
    assert (row["maildrop"], row["exported"], len(row["not_exported"])) == (ALICE, 3, 1)


def test_where_nothing_can_be_written(gateway: Path) -> None:
    deliver(gateway)
    result = store(gateway, "export", ALICE, str(gateway / "nowhere" / "export"), "--format", "eml")
    assert (result.exit_code, "No such file or directory" in result.output) == (1, True)
