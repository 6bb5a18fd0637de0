"""What is noted without a gateway is in the journal's files, and two writers do not get in each other's way."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mailgate import facts
from mailgate.journal.journal import Journal
from mailgate.journal.noting import note
from tests.journal.support import ALICE, NOW, accepted, ask, id_at, names, story

RESTORED = facts.Restored(user=ALICE, message=id_at(NOW), uid="u1", clashed="", backup="/b", made=NOW)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal"


def test_it_is_found_with_the_time_that_it_was_noted(directory: Path) -> None:
    note(str(directory), [RESTORED], 1 << 20, 30, NOW + 5)
    (life,) = ask(directory, ALICE).lives
    assert (life.id, [event["at"] for event in life.events]) == (RESTORED.message, [NOW + 5])
    assert stat.S_IMODE(directory.parent.stat().st_mode) == 0o700  # which it has made as well


@pytest.mark.parametrize(("told", "keep_days"), [([], 30), ([RESTORED], 0)])
def test_where_there_is_nothing_to_note_nothing_is_made(
    directory: Path, told: list[facts.Fact], keep_days: int
) -> None:
    note(str(directory), told, 1 << 20, keep_days, NOW)
    assert not directory.parent.exists()


def test_beside_a_gateway_that_has_started_meanwhile(directory: Path) -> None:
    journal = Journal(str(directory), 1 << 20, 30, lambda: NOW)
    journal.start()
    journal.read(accepted(RESTORED.message))
    assert journal.flush()
    note(str(directory), [RESTORED], 1 << 20, 30, NOW)
    journal.read(accepted(id_at(NOW, 2)))
    journal.stop()
    assert [whats for _, whats in story(ask(directory, ALICE))] == [["accepted", "restored"], ["accepted"]]
    assert len(names(directory)) == 1 and journal.lost == 0
