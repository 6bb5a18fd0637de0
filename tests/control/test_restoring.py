"""The call `note_restored`: what it takes, and who hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from mailgate import facts
from mailgate.control.calls import Arguments, CallError
from mailgate.control.restoring import MAX_MESSAGES, make_restoring_functions, restored
from mailgate.journal.journal import Journal
from tests.journal.support import ALICE, NOW, ask, at_once, id_at
from tests.support import Facts, logged, result_of

ONE = {"id": id_at(NOW), "uid": "u1", "clashed": ""}
OTHER = {"id": "", "uid": "u3", "clashed": "u2"}


class Gateway:
    def __init__(self, directory: Path) -> None:
        self.facts = Facts()
        self.journal = Journal(str(directory), 1 << 20, 30, lambda: NOW)
        self.facts.add(self.journal)
        self.journal.start()

    def note(self, **values: Any) -> Any:
        functions = make_restoring_functions(self.facts.tell, self.journal, at_once)
        arguments = {"user": ALICE, "backup": "/b", "made": NOW, "messages": [ONE, OTHER], **values}
        return result_of(functions["note_restored"](Arguments(arguments)))


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    gateway = Gateway(tmp_path / "journal")
    yield gateway
    gateway.journal.stop()


def test_it_is_told_and_in_the_journal_when_there_is_an_answer(gateway: Gateway) -> None:
    with logged() as log:
        assert gateway.note() == {"noted": 2}
    assert [(event["count"], event["user"], event["backup"]) for event in log] == [(2, ALICE, "/b")]
    told = [evolve(fact, at=0.0, node="") for fact in gateway.facts.of(facts.Restored)]
    assert told == [restored(ALICE, "/b", NOW, **ONE), restored(ALICE, "/b", NOW, **OTHER)]
    lives = ask(Path(gateway.journal.directory), ALICE).lives
    assert {(life.kind, life.id) for life in lives} == {("message", ONE["id"]), ("uid", f"{ALICE} u3")}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"user": ""}, "user has to be a text"),
        ({"backup": None}, "backup has to be a text"),
        ({"made": -1}, "made has to be a number"),
        ({"made": 1e300}, "made has to be a number"),
        ({"messages": "x"}, "messages has to be a list"),
        ({"messages": ["x"]}, "each of messages has"),
        ({"messages": [{"id": "m", "uid": "u"}]}, "each of messages has"),
        ({"messages": [{**ONE, "uid": ""}]}, "each of messages has"),
        ({"messages": [{**ONE, "id": 7}]}, "are texts"),
        ({"messages": [{**ONE, "clashed": "x" * 400}]}, "are texts"),
        ({"messages": [ONE] * (MAX_MESSAGES + 1)}, "1000 at most"),
        ({"to": "x"}, "there is no argument"),
    ],
)
def test_what_cannot_be_noted_is_not_told_in_part(gateway: Gateway, values: dict[str, Any], said: str) -> None:
    with pytest.raises(CallError, match=said) as caught:
        gateway.note(**values)
    assert caught.value.kind == "bad"
    assert gateway.facts.told == []
