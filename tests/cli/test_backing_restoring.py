"""What a backup has and the store has not."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from mailgate.cli.backing_restoring import Restoring
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
    with pytest.raises(click.ClickException, match=r"no maildrop of bob@example\.test"):
        restoring.known("bob@example.test")


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


def test_not_out_of_the_store_itself(gateway: Path, restoring: Restoring) -> None:
    with pytest.raises(click.ClickException, match="one in the other"):
        Restoring.of(str(gateway / "copy"), str(gateway / "copy" / "mail"))
