"""What a backup has and the store has not."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click
import pytest

from mailgate.cli.backing_restoring import Restoring
from mailgate.store.maildir.store import MaildirStore
from tests.cli.backing import backup
from tests.cli.support import ALICE, deliver, entries, maildir


@pytest.fixture
def restoring(gateway: Path) -> Restoring:
    deliver(gateway)
    deliver(gateway, b"large\n" * 100_000)
    assert backup(gateway).exit_code == 0
    return Restoring.of(str(gateway / "copy"), str(gateway / "mail"))


def test_whom_it_has(restoring: Restoring) -> None:
    assert (restoring.names(), restoring.known(ALICE), restoring.is_whole) == ([ALICE], ALICE, True)
    assert abs(time.time() - restoring.made) < 600
    with pytest.raises(click.ClickException, match=r"no maildrop of bob@example\.test"):
        restoring.known("bob@example.test")


def test_the_ids_of_what_mailgate_delivered(gateway: Path, restoring: Restoring) -> None:
    (gateway / "copy" / "mail" / "example.test" / "alice" / "cur" / "1000000001.M1.host:2,").write_bytes(b"x\n")
    delivered = entries(gateway)
    assert restoring.ids(ALICE) == {entry.uid: entry.id for entry in delivered} and all(restoring.ids(ALICE).values())


@pytest.mark.parametrize(
    ("record", "made"),
    [
        ({"finished": None, "begun": 5}, 5.0),
        ({"finished": 7.5, "begun": 5}, 7.5),
        ({}, 0.0),
        ({"finished": "x"}, 0.0),
        ({"finished": -1}, 0.0),
        ({"finished": 1e300}, 0.0),
    ],
)
def test_when_a_backup_was_made(gateway: Path, record: dict[str, object], made: float) -> None:
    (gateway / "copy" / "mail").mkdir(parents=True)
    (gateway / "copy" / "backup.json").write_text(json.dumps({"version": 1, **record}))
    assert Restoring.of(str(gateway / "copy"), str(gateway / "mail")).made == made


@pytest.mark.parametrize("rehearse", [True, False])
def test_only_what_is_missing(gateway: Path, restoring: Restoring, rehearse: bool) -> None:
    before = entries(gateway)
    sorted(maildir(gateway).glob("new/*"))[1].unlink()
    told = list(restoring.restore(ALICE, rehearse=rehearse))
    assert [(taken.uid, taken.was_there, taken.trouble) for taken in told] == [
        (before[0].uid, True, ""),
        (before[1].uid, False, ""),
    ]
    assert [entry.uid for entry in entries(gateway)] == [entry.uid for entry in before[: 1 if rehearse else 2]]


def test_a_rehearsal_makes_no_maildrop(gateway: Path, restoring: Restoring) -> None:
    maildir(gateway).rename(gateway / "moved")
    assert len(list(restoring.restore(ALICE, rehearse=True))) == 2
    assert not maildir(gateway).exists()


def test_a_rehearsal_for_a_new_maildrop_tells_what_cannot_be_read(
    gateway: Path, restoring: Restoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir(gateway).rename(gateway / "moved")
    monkeypatch.setattr(MaildirStore, "_read", lambda *_: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    assert all("Input/output error" in taken.trouble for taken in restoring.restore(ALICE, rehearse=True))


def test_not_out_of_the_store_itself(gateway: Path, restoring: Restoring) -> None:
    with pytest.raises(click.ClickException, match="one in the other"):
        Restoring.of(str(gateway / "copy"), str(gateway / "copy" / "mail"))
