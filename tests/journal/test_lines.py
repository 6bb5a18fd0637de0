"""A line is JSON, begins with whose life it is of, and says nothing that is private."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import given
from hypothesis import strategies as st

from mailgate import facts
from mailgate.journal.lines import KEPT, line_of, read_line
from tests.journal.support import ALICE, NOW, SENDER, accepted, delivered, fetched, handled, refused

ANY = st.text(max_size=40)


def values_of(fact: facts.Fact) -> dict[str, Any]:
    values = read_line(line_of(fact))
    assert values is not None
    return values


def test_a_line() -> None:
    line = line_of(accepted("m1", at=NOW + 0.12345))
    assert line.startswith(b'{"message":"m1","at":1700000000.123,"what":"accepted","session":"') and line[-2:] == b"}\n"
    values = values_of(accepted("m1", session="s1"))
    assert values == {
        "message": "m1",
        "at": NOW,
        "what": "accepted",
        "session": "s1",
        "listener": "smtp",
        "client": "192.0.2.1",
        "helo": "mx.example.org",
        "tls": "TLSv1.3 X",
        "sender": SENDER,
        "recipients": [ALICE],
        "message_id": "one@example.org",
        "octets": 123,
        "reply_sent": True,
    }


def test_what_is_empty_is_left_out_and_seconds_are_rounded() -> None:
    assert values_of(handled("m1")) == {
        "message": "m1",
        "at": NOW,
        "what": "handled",
        "handler": "loop-guard",
        "result": "passed",
    }
    assert values_of(handled("m1", seconds=1.23456))["seconds"] == 1.235


@pytest.mark.parametrize(
    ("fact", "whose", "life"),
    [
        (accepted("m1"), "message", "m1"),
        (refused("m1"), "message", "m1"),
        (refused("", "connect", session="s1"), "session", "s1"),
        (fetched("m1"), "message", "m1"),
        (fetched("", uid="7"), "uid", f"{ALICE} 7"),
        (facts.Restored(at=NOW, user=ALICE, message="m1", uid="7", clashed="", backup="/b", made=NOW), "message", "m1"),
        (
            facts.Restored(at=NOW, user=ALICE, message="m1", uid="9", clashed="7", backup="/b", made=NOW),
            "uid",
            f"{ALICE} 9",
        ),
        (facts.Expired(at=NOW, user=ALICE, message="", uid="8", to_trash=True), "uid", f"{ALICE} 8"),
    ],
)
def test_whose_life(fact: facts.Fact, whose: str, life: str) -> None:
    values = values_of(fact)
    assert next(iter(values.items())) == (whose, life)
    assert list(values).count("session") <= 1


@given(ANY, ANY, st.lists(ANY, max_size=3), st.floats(1, 4e9))
def test_whatever_clients_say_comes_back_from_one_line(
    sender: str, message_id: str, recipients: list[str], at: float
) -> None:
    fact = accepted("m", at=at, sender=sender, message_id=message_id, recipients=tuple(recipients))
    line = line_of(fact)
    assert line.count(b"\n") == 1 and line.isascii()
    assert line == json.dumps(values_of(fact), separators=(",", ":")).encode() + b"\n" or "." in str(at)
    values = values_of(fact)
    assert values.get("sender", "") == sender and values.get("message_id", "") == message_id
    assert values.get("recipients", []) == recipients


def test_every_kept_kind_has_the_fields_that_are_written() -> None:
    examples = {fact: _example(fact) for fact in KEPT}
    for kind, fact in examples.items():
        values = values_of(fact)
        assert values["what"] and set(values) - {"what"} <= {each.name for each in fields(kind)}


def _example(kind: type[facts.Fact]) -> facts.Fact:
    made: dict[str, Any] = {}
    for each in fields(kind):
        annotation = str(each.type)
        made[each.name] = (
            ("x",) if "tuple" in annotation else 1.5 if "float" in annotation else 1 if "int" in annotation else "x"
        )
        if "bool" in annotation:
            made[each.name] = True
    return kind(**made)


def test_noise_is_not_kept() -> None:
    assert not KEPT & {facts.Connected, facts.Disconnected, facts.MaildropClosed, facts.LoggedIn, facts.LoginFailed}
    assert not any("password" in each.name or "subject" in each.name for kind in KEPT for each in fields(kind))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b'{"message":"m1","at":1,"wh',
        b"[]",
        b"{}",
        b'{"message":"m1","what":"accepted"}',
        b'{"message":"m1","at":"1","what":"accepted"}',
        b'{"message":"m1","at":NaN,"what":"accepted"}',
        b'{"message":"m1","at":1e300,"what":"accepted"}',
        b'{"message":"m1","at":1}',
        b'{"message":1,"at":1,"what":"accepted"}',
        b'{"at":1,"message":"m1","what":"accepted"}',
        b'{"message":"\xff","at":1,"what":"accepted"}',
    ],
)
def test_damage(line: bytes) -> None:
    assert read_line(line) is None


def test_a_copy_is_named() -> None:
    assert values_of(evolve(delivered("m1"), copies=("a", "b")))["copies"] == ["a", "b"]
