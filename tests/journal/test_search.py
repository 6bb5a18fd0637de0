"""Lives are found whole, over days, newest last, and no more of the journal is read than that takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailgate import facts
from mailgate.facts import Fact
from mailgate.journal import search as search_module
from mailgate.journal.files import segments
from mailgate.journal.scanning import lines_with
from tests.journal.support import (
    ALICE,
    BOB,
    DAY,
    NOW,
    SENDER,
    accepted,
    ask,
    deleted,
    delivered,
    fetched,
    handled,
    id_at,
    refused,
    story,
    write,
)


def a_life(at: float, number: int = 0, *days: float) -> list[Fact]:
    """Received, and fetched after these days."""
    message = id_at(at, number)
    received: list[Fact] = [handled(message, at), delivered(message, at), accepted(message, at)]
    return [*received, *(fetched(message, at + day * DAY) for day in days)]


def in_order(*lives: list[Fact]) -> list[Fact]:
    return sorted((fact for life in lives for fact in life), key=lambda fact: fact.at)


def test_a_life_is_whole_over_days(tmp_path: Path) -> None:
    message = id_at(NOW)
    other = a_life(NOW + 1, 7, 1, 2)
    write(tmp_path, in_order(a_life(NOW, 0, 1, 5), other, [deleted(message, NOW + 6 * DAY)]))
    whole = (message, ["handled", "delivered", "accepted", "fetched", "fetched", "deleted"])
    for what in (message, message.upper()):
        assert story(ask(tmp_path, what)) == [whole]
    found = ask(tmp_path, ALICE)
    assert story(found) == [whole, (id_at(NOW + 1, 7), ["handled", "delivered", "accepted", "fetched", "fetched"])]
    assert (found.more, found.oldest) == (False, NOW)
    life = found.lives[0]
    assert (life.kind, life.begun) == ("message", NOW)
    assert life.events[0] == {"at": NOW, "what": "handled", "handler": "loop-guard", "result": "passed"}
    assert found.as_json()["lives"][0]["events"][0] == life.events[0]


def test_by_message_id_and_session(tmp_path: Path) -> None:
    session = id_at(NOW - 60, 5)
    messages = [id_at(NOW), id_at(NOW + 1)]
    write(
        tmp_path,
        [
            refused("", "mail", NOW - 1, session=session),
            *(accepted(message, NOW, session=session, message_id=f"{message}@x") for message in messages),
        ],
    )
    assert story(ask(tmp_path, f"<{messages[1]}@x>")) == [(messages[1], ["accepted"])]
    found = ask(tmp_path, session)
    assert story(found) == [(session, ["refused"]), (messages[0], ["accepted"]), (messages[1], ["accepted"])]
    assert [life.kind for life in found.lives] == ["session", "message", "message"]


def test_the_newest_are_told_and_that_there_are_more(tmp_path: Path) -> None:
    write(tmp_path, in_order(*(a_life(NOW + hours * 3600, 0, 1) for hours in range(100))))
    found = ask(tmp_path, SENDER, limit=3)
    assert [life.begun for life in found.lives] == [NOW + hours * 3600 for hours in (97, 98, 99)]
    assert all(len(life.events) == 4 for life in found.lives) and found.more
    found = ask(tmp_path, SENDER, limit=100)
    assert len(found.lives) == 100 and not found.more


def test_what_is_older_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, in_order(*(a_life(NOW + days * DAY, 0, 1) for days in range(20))))
    read: list[str] = []

    def noting(path: str, text: bytes) -> Iterator[bytes]:
        read.append(path)
        return lines_with(path, text)

    monkeypatch.setattr(search_module, "lines_with", noting)
    assert ask(tmp_path, ALICE, limit=2).more
    assert len(read) == 3  # the newest day has only what was fetched
    read.clear()
    assert len(ask(tmp_path, ALICE, since=NOW + 18 * DAY).lives) == 3
    assert len(read) == 3


def test_only_what_happened_since(tmp_path: Path) -> None:
    old, older = a_life(NOW, 1, 9), a_life(NOW, 2, 3)
    write(tmp_path, in_order(old, older))
    found = ask(tmp_path, ALICE, since=NOW + 9 * DAY)
    assert story(found) == [(id_at(NOW, 1), ["handled", "delivered", "accepted", "fetched"])]  # it is told whole


def test_mail_of_other_programs(tmp_path: Path) -> None:
    told = [fetched("", NOW, uid="7,1"), fetched("", NOW, uid="7"), deleted("", NOW + 9 * DAY, uid="7,1")]
    write(tmp_path, [*told[:2], fetched("", NOW + DAY, BOB, "7,1"), told[2]])
    found = ask(tmp_path, "7,1", since=NOW + 8 * DAY)
    assert story(found) == [(f"{ALICE} 7,1", ["fetched", "deleted"])]
    assert [life.kind for life in found.lives] == ["uid"]
    assert story(ask(tmp_path, BOB)) == [(f"{BOB} 7,1", ["fetched"])]
    assert len(ask(tmp_path, ALICE).lives) == 2


def test_damage_is_passed_over(tmp_path: Path) -> None:
    message = id_at(NOW)
    write(tmp_path, [accepted(message)])
    with open(segments(str(tmp_path))[0].path, "ab") as stream:
        stream.write(f'garbage {ALICE}\n{{"message":"{message}",{ALICE}\n'.encode())
        stream.write(f'{{"message":"{message}","at":{NOW},"what":"deli'.encode())
    assert story(ask(tmp_path, ALICE)) == [(message, ["accepted"])]
    write(tmp_path, [deleted(message, NOW + 1)])
    assert story(ask(tmp_path, ALICE)) == [(message, ["accepted", "deleted"])]


def test_nothing_there(tmp_path: Path) -> None:
    for directory in (tmp_path / "nowhere", tmp_path):
        found = ask(directory, ALICE)
        assert (found.lives, found.more, found.oldest) == ((), False, None)
    (tmp_path / "2023-11-14.00000.jsonl").touch()
    assert ask(tmp_path, ALICE).oldest is None


def test_files_that_go_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, a_life(NOW))
    there = segments(str(tmp_path))
    monkeypatch.setattr(search_module, "segments", lambda _: there)
    Path(there[0].path).unlink()
    found = ask(tmp_path, ALICE)
    assert (found.lives, found.oldest) == ((), None)


def test_what_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "2023-11-14.00000.jsonl").mkdir()
    with pytest.raises(IsADirectoryError):
        ask(tmp_path, ALICE)


def test_events_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "MAX_EVENTS", 5)
    write(tmp_path, a_life(NOW, 0, 1, 2, 3))
    found = ask(tmp_path, ALICE)
    assert len(found.lives[0].events) == 5 and found.more


def test_ids_that_have_no_time_in_them(tmp_path: Path) -> None:
    write(tmp_path, [accepted("short", NOW), accepted("U" * 26, NOW + 1), fetched("short", NOW + 2 * DAY)])
    found = ask(tmp_path, ALICE)
    assert story(found) == [("short", ["accepted", "fetched"]), ("U" * 26, ["accepted"])]
    assert [life.begun for life in found.lives] == [NOW, NOW + 1]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=15), st.integers(1, 6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_what_a_look_at_everything_finds(
    tmp_path_factory: pytest.TempPathFactory, lives: list[tuple[int, int]], limit: int
) -> None:
    directory = tmp_path_factory.mktemp("journal")
    told = in_order(*(a_life(NOW + day * DAY, number, fetch) for number, (day, fetch) in enumerate(lives)))
    write(directory, told)
    begun = sorted((NOW + day * DAY, id_at(NOW + day * DAY, number)) for number, (day, _) in enumerate(lives))
    found = ask(directory, ALICE, limit=limit)
    assert [life.id for life in found.lives] == [message for _, message in begun[-limit:]]
    for life in found.lives:
        mine = [fact for fact in told if getattr(fact, "message", "") == life.id]
        assert len(life.events) == len(mine)
    assert found.more or len(lives) <= limit


def test_expired_is_of_the_message(tmp_path: Path) -> None:
    message = id_at(NOW)
    write(tmp_path, [accepted(message), facts.Expired(at=NOW, user=ALICE, message=message, uid="u", to_trash=True)])
    assert ask(tmp_path, message).lives[0].events[-1] == {
        "at": NOW,
        "what": "expired",
        "user": ALICE,
        "to_trash": True,
    }
