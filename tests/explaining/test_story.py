"""How an explanation ends, in a word, a sentence and JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mailgate.explaining.story import ACCEPTED, Ending, Explanation, Part, Step, first_refusal
from mailgate.mail import Reply

LATER = Reply(452, "4.2.2", "Full")
NEVER = Reply(550, "5.1.1", "Nobody")


def explanation(**ending: Any) -> Explanation:
    return Explanation(address="info@a.test", steps=(), ending=Ending(**{"reply": ACCEPTED, **ending}))


@pytest.mark.parametrize(
    ("ending", "result", "words"),
    [
        ({"maildrops": ("a@a.test", "b@a.test")}, "kept", "reaches a@a.test and b@a.test"),
        ({"maildrops": ("a",), "unasked": ("x",)}, "kept", "reaches a, unless x says otherwise"),
        ({"maildrops": ("a",), "unasked": ("x", "y")}, "kept", "reaches a, unless x and y say otherwise"),
        ({"reply": NEVER}, "refused", "would be refused: 550 5.1.1 Nobody"),
        ({"reply": NEVER, "why": "so"}, "refused", "would be refused: 550 5.1.1 Nobody (so)"),
        ({"reply": LATER, "why": "so"}, "put off", "would be put off: 452 4.2.2 Full (so)"),
        ({"why": "x: spam"}, "discarded", "would be taken and thrown away, and the sender not told (x: spam)"),
    ],
)
def test_endings(ending: dict[str, Any], result: str, words: str) -> None:
    told = explanation(**ending)
    assert (told.ending.result, told.sentence) == (result, f"Mail to <info@a.test> {words}")


def test_for_programs() -> None:
    step = Step(topic="user", question="Who?", answer="a user", where="users:1", about="a@a.test")
    told = Explanation(address="x@a.test", steps=(step,), ending=Ending(reply=LATER, why="so", unasked=("y",)))
    assert json.loads(json.dumps(told.as_json())) == {
        "address": "x@a.test",
        "result": "put off",
        "sentence": told.sentence,
        "reply": {"code": 452, "status": "4.2.2", "text": "Full", "line": "452 4.2.2 Full"},
        "why": "so",
        "maildrops": [],
        "unasked": ["y"],
        "steps": [
            {
                "topic": "user",
                "question": "Who?",
                "answer": "a user",
                "detail": "",
                "where": "users:1",
                "about": "a@a.test",
            }
        ],
    }


def test_the_first_refusal_counts() -> None:
    assert first_refusal([Part(), Part((), LATER), Part((), NEVER)]) == Part((), LATER)
    assert first_refusal([Part()]) is None
