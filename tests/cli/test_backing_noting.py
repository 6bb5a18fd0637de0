"""What was restored is told to the gateway that runs, or written into the journal's files, and nothing is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mailgate.cli import backing_noting
from mailgate.cli.backing_noting import NOTED_TOGETHER, Noting, Source
from mailgate.cli.reaching import configuration
from mailgate.failures import StoreFull
from mailgate.store.maildir.planning import Taken
from tests.cli.answers import server
from tests.cli.backing import backup, restore
from tests.cli.support import ALICE, deliver, entries, maildir
from tests.journal.support import NOW, ask


@pytest.fixture
def noting(gateway: Path) -> Noting:
    return Noting(configuration(str(gateway / "mailgate.toml")), Source("/b", NOW))


def test_a_gateway_that_runs_is_told(gateway: Path, noting: Noting) -> None:
    taken = [
        Taken("1", "u1"),
        Taken("2", "u2", was_there=True),
        Taken("3", trouble="no"),
        Taken("4", "u5", clashed="4"),
    ]
    with server(gateway, {"noted": 2}) as told:
        assert list(noting.following(ALICE, {"1": "m1", "2": "m2"}, taken)) == taken
    messages = [{"id": "m1", "uid": "u1", "clashed": ""}, {"id": "", "uid": "u5", "clashed": "4"}]
    assert told.asked == [("note_restored", {"user": ALICE, "backup": "/b", "made": NOW, "messages": messages})]
    assert not (gateway / "journal").exists()


def test_without_one_the_files_have_it(gateway: Path, noting: Noting) -> None:
    list(noting.following(ALICE, {"1": "m1"}, [Taken("1", "u1"), Taken("2", "u2")]))
    assert {(life.kind, life.id) for life in ask(gateway / "journal", ALICE).lives} == {
        ("message", "m1"),
        ("uid", f"{ALICE} u2"),
    }


def test_many_are_told_a_thousand_at_a_time(gateway: Path, noting: Noting) -> None:
    taken = [Taken(str(number), str(number)) for number in range(NOTED_TOGETHER + 1)]
    with server(gateway, {"noted": NOTED_TOGETHER}, {"noted": 1}) as told:
        list(noting.following(ALICE, {}, taken))
    assert [len(arguments["messages"]) for _, arguments in told.asked] == [NOTED_TOGETHER, 1]


def test_what_was_restored_before_it_broke_off_is_noted(gateway: Path, noting: Noting) -> None:
    def broken() -> Iterator[Taken]:
        yield Taken("1", "u1")
        raise StoreFull("no room")

    with pytest.raises(StoreFull):
        list(noting.following(ALICE, {"1": "m1"}, broken()))
    assert [life.id for life in ask(gateway / "journal", ALICE).lives] == ["m1"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device", "/j"), "/j: No space left on device"),
        (click.ClickException("the state belongs to somebody else"), "the state belongs to somebody else"),
    ],
)
def test_what_cannot_be_noted_is_said_once_and_stops_nothing(
    noting: Noting, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, said: str
) -> None:
    def broken(_: str) -> None:
        raise error

    monkeypatch.setattr(backing_noting, "check_may_make", broken)
    for _ in range(2):
        assert len(list(noting.following(ALICE, {}, [Taken("1", "u1")]))) == 1
    expected = f"mailgate: the journal does not know what was restored: {said}\n"
    assert capsys.readouterr().err == expected


def test_what_the_gateway_would_not_note_is_said(
    gateway: Path, noting: Noting, capsys: pytest.CaptureFixture[str]
) -> None:
    with server(gateway, error={"kind": "missing", "message": "there is no such call"}):
        list(noting.following(ALICE, {}, [Taken("1", "u1")]))
    assert capsys.readouterr().err.endswith("restored: there is no such call\n")


def test_the_whole_command(gateway: Path) -> None:
    deliver(gateway)
    (entry,) = entries(gateway)
    assert backup(gateway).exit_code == 0
    shutil.rmtree(maildir(gateway))
    assert restore(gateway, ALICE, "--dry-run").exit_code == 0
    assert not (gateway / "journal").exists()
    assert restore(gateway, ALICE).exit_code == 0
    assert restore(gateway, ALICE).exit_code == 0  # which finds it there
    (life,) = ask(gateway / "journal", ALICE).lives
    (event,) = life.events
    assert (life.id, event["what"], event["user"], event["uid"]) == (entry.id, "restored", ALICE, entry.uid)
    assert event["backup"] == str(gateway / "copy") and 0 <= event["at"] - event["made"] < 600
