"""`mailgate restore`: as an administrator uses it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from mailgate.mail import Entry
from tests.cli.backing import backup, restore, tree
from tests.cli.support import ALICE, contents, deliver, entries, maildir, rows

BOB = "bob@example.test"


@pytest.fixture
def house(gateway: Path) -> Path:
    """Three messages: one new, one answered, one with a UID of Dovecot's."""
    deliver(gateway)
    cur = maildir(gateway) / "cur"
    (cur / "1000000000.a.b,S=2,W=3:2,RS").write_bytes(b"x\n")
    (cur / "1000000001.M1.host:2,").write_bytes(b"dovecot's\n")
    (cur / "1000000002.M2.host:2,").write_bytes(b"listed without a UID of POP3\n")
    (maildir(gateway) / "dovecot-uidlist").write_text(
        "3 V1795440460 N3 G0\n1 P000000016b043f4c :1000000001.M1.host\n2 :1000000002.M2.host\n"
    )
    assert backup(gateway).exit_code == 0
    return gateway


def known(entry: Entry) -> tuple[object, ...]:
    return entry.uid, entry.octets, entry.seconds, entry.smtputf8


def test_what_was_destroyed_comes_back(house: Path) -> None:
    before, octets, names = entries(house), contents(house), [sorted(os.listdir(maildir(house) / "cur"))]
    shutil.rmtree(maildir(house))
    rehearsed = restore(house, "Alice@example.test", "--dry-run")
    assert rehearsed.output == f"{ALICE}: 4 messages would be restored, 0 are there, 0 cannot be.\n"
    assert not maildir(house).exists()
    result = restore(house, "Alice@example.test")
    assert (result.exit_code, result.output) == (0, f"{ALICE}: 4 messages restored, 0 are there, 0 cannot be.\n")
    assert [known(entry) for entry in entries(house)] == [known(entry) for entry in before]
    assert contents(house) == octets
    assert names[0][0] in os.listdir(maildir(house) / "cur")
    again = restore(house, ALICE)
    assert again.output == f"{ALICE}: 0 messages restored, 4 are there, 0 cannot be.\n"
    assert len(entries(house)) == 4


def test_what_is_there_stays(house: Path) -> None:
    (maildir(house) / "cur" / "1000000000.a.b,S=2,W=3:2,RS").rename(
        maildir(house) / "cur" / "1000000000.a.b,S=2,W=3:2,F"
    )
    deliver(house, b"newer\n")
    before = tree(maildir(house))
    assert restore(house, ALICE).exit_code == 0
    assert tree(maildir(house)) == before


def test_everybody(house: Path) -> None:
    deliver(house, user=BOB)
    backup(house)
    shutil.rmtree(house / "mail")
    result = restore(house, "--all")
    assert result.output == (
        f"{ALICE}: 4 messages restored, 0 are there, 0 cannot be.\n"
        f"{BOB}: 1 message restored, 0 are there, 0 cannot be.\n"
    )


def test_the_local_part_will_do_where_there_is_one_domain(house: Path) -> None:
    assert restore(house, "Alice", "--dry-run").output.startswith(f"{ALICE}: 0 messages")
    (house / "domains" / "other.test").mkdir()
    (house / "domains" / "other.test" / "users").write_text("")
    assert "'alice' is not local-part@domain" in restore(house, "alice").output


def test_or_in_the_backup_where_the_domains_are_lost(house: Path) -> None:
    shutil.rmtree(house / "domains" / "example.test")
    assert restore(house, "alice", "--dry-run").output.startswith(f"{ALICE}: 0 messages")


def test_one_message(house: Path) -> None:
    (maildir(house) / "cur" / "1000000000.a.b,S=2,W=3:2,RS").unlink()
    assert restore(house, ALICE).output == f"{ALICE}: 1 message restored, 3 are there, 0 cannot be.\n"
    shutil.rmtree(maildir(house))
    (entry,) = (house / "copy" / "mail" / "example.test" / "alice" / "new").iterdir()
    shutil.copytree(entry.parent.parent, maildir(house))
    for path in (maildir(house) / "cur").iterdir():
        path.unlink()
    assert restore(house, ALICE).output == f"{ALICE}: 3 messages restored, 1 is there, 0 cannot be.\n"


def test_a_clash_is_told(house: Path) -> None:
    (maildir(house) / "cur" / "1000000000.a.b,S=2,W=3:2,RS").write_bytes(b"y\n")
    for option, said in (("--dry-run", "it would be given"), ("--json", ""), ("--json", "")):
        result = restore(house, ALICE, option)
        assert result.exit_code == 0
        if said:
            assert f"1000000000.a.b: another message has the UID 1000000000.a.b; {said} 1000000000." in " ".join(
                result.output.split()
            )
    assert [row["was_there"] for row in rows(result)] == [True] * 4  # the second time, what was given is known
    assert len(entries(house)) == 5


def test_what_cannot_be_restored_is_told(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mailgate.store.maildir.store import MaildirStore

    shutil.rmtree(maildir(house))
    monkeypatch.setattr(MaildirStore, "_read", lambda *_: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    for options, verb in ((("--dry-run",), "would be restored"), ((), "restored")):
        result = restore(house, ALICE, *options)
        assert result.exit_code == 2
        assert "not restored: 1000000000.a.b: " in result.output and "Input/output error" in result.output
        assert result.output.endswith(f"0 messages {verb}, 0 are there, 4 cannot be.\n")


def test_for_programs(house: Path) -> None:
    shutil.rmtree(maildir(house))
    row = rows(restore(house, ALICE, "--json", "--dry-run"))[0]
    assert row == {
        "maildrop": ALICE,
        "where": "1000000000.a.b",
        "uid": "1000000000.a.b",
        "was_there": False,
        "clashed": "",
        "trouble": "",
        "dry_run": True,
    }


def test_from_half_a_backup(house: Path) -> None:
    record = json.loads((house / "copy" / "backup.json").read_text())
    (house / "copy" / "backup.json").write_text(json.dumps({**record, "finished": None}))
    result = restore(house, ALICE)
    assert (result.exit_code, "was not made to its end" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "source", "exit_code", "said"),
    [
        ((), "copy", 2, "name a USER, or --all"),
        ((ALICE, "--all"), "copy", 2, "name a USER, or --all"),
        (("alice@",), "copy", 1, "'alice@' is not local-part@domain"),
        (("bob",), "copy", 1, "the backup has no maildrop of bob@example.test"),
        ((BOB,), "copy", 1, "the backup has no maildrop of bob@example.test"),
        ((ALICE,), "nowhere", 1, "is no backup"),
        ((ALICE,), "mail", 1, "is no backup"),
    ],
)
def test_what_cannot_be(house: Path, arguments: tuple[str, ...], source: str, exit_code: int, said: str) -> None:
    result = restore(house, *arguments, source=source)
    assert (result.exit_code, said in result.output) == (exit_code, True)
