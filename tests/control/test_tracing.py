"""The call `trace`: what it takes, what it gives, and that it is up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from mailgate.control import tracing
from mailgate.control.calls import Arguments, CallError
from mailgate.control.tracing import LIVES, make_trace_functions, question_in
from mailgate.journal.journal import Journal
from tests.journal.support import ALICE, DAY, NOW, accepted, at_once, fetched, id_at, write
from tests.support import outcome_of, result_of, started


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(str(tmp_path / "journal"), 1 << 20, 30, lambda: NOW + 2 * DAY)
    journal.start()
    yield journal
    journal.stop()


def trace(journal: Journal, **values: Any) -> Any:
    functions = make_trace_functions(journal, at_once, lambda: NOW + 2 * DAY)
    return result_of(functions["trace"](Arguments(values)))


def refusal(journal: Journal, **values: Any) -> CallError:
    with pytest.raises(CallError) as raised:
        trace(journal, **values)
    return raised.value


def test_what_has_just_happened_is_there(journal: Journal) -> None:
    message = id_at(NOW)
    journal.read(accepted(message))
    found = trace(journal, what=message)
    assert found["more"] is False and found["oldest"] == NOW
    (life,) = found["lives"]
    assert (life["kind"], life["id"], life["begun"]) == ("message", message, NOW)
    assert life["events"][0]["what"] == "accepted"


def test_since_and_limit(journal: Journal) -> None:
    write(Path(journal.directory), [accepted(id_at(NOW + at, at), NOW + at) for at in range(30)])
    journal.read(fetched(id_at(NOW), NOW + 1.5 * DAY))
    assert len(trace(journal, what=ALICE)["lives"]) == LIVES
    assert len(trace(journal, what=ALICE, limit=200)["lives"]) == 30
    assert [life["id"] for life in trace(journal, what=ALICE, limit="1")["lives"]] == [id_at(NOW + 29, 29)]
    assert [life["id"] for life in trace(journal, what=ALICE, since="1d")["lives"]] == [id_at(NOW)]
    assert len(trace(journal, what=ALICE, since="100w", limit=200)["lives"]) == 30
    assert trace(journal, what="bob@example.test")["lives"] == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "what has to be a text"),
        ({"what": "é"}, "expected a message's id"),
        ({"what": ALICE, "since": "soon"}, "since: 'soon' is not understood"),
        ({"what": ALICE, "limit": 0}, "limit has to be a number from 1 to 200"),
        ({"what": ALICE, "to": "x"}, "there is no argument 'to'"),
    ],
)
def test_what_cannot_be_asked(journal: Journal, values: dict[str, Any], said: str) -> None:
    error = refusal(journal, **values)
    assert error.kind == "bad" and said in error.message


def test_where_none_is_kept(tmp_path: Path) -> None:
    error = refusal(Journal(str(tmp_path), 1 << 20, 0), what=ALICE)
    assert (error.kind, error.message) == ("unavailable", "no journal is kept: journal.keep_days is 0")


def test_what_cannot_be_read(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/journal")

    monkeypatch.setattr(tracing, "search", broken)
    error = refusal(journal, what=ALICE)
    assert (error.kind, error.message) == ("unavailable", "/journal cannot be read: Permission denied")
    monkeypatch.undo()
    assert trace(journal, what=ALICE)["lives"] == []  # it is not busy for ever


def test_one_search_at_a_time_even_if_nobody_waits_for_it(journal: Journal) -> None:
    works: list[Callable[[], Any]] = []

    def later(work: Callable[[], Any], /) -> Deferred[Any]:
        works.append(work)
        return Deferred()

    call = make_trace_functions(journal, later)["trace"]
    first = started(call(Arguments({"what": ALICE})))
    for given_up in (False, True):
        if given_up:
            first.addErrback(lambda _: None)
            first.cancel()
        with pytest.raises(CallError, match="another search") as raised:
            outcome_of(started(call(Arguments({"what": ALICE}))))
        assert raised.value.kind == "busy"
    works[0]()
    assert not started(call(Arguments({"what": ALICE}))).called and len(works) == 2


def test_a_question_of_a_caller() -> None:
    assert question_in("<A@b>").what == "A@b"
    with pytest.raises(CallError, match="what has to be something else"):
        question_in("<>")
