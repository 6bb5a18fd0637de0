"""The words of a test, as the server is told."""

from __future__ import annotations

from mailgate.testing.faults import Action, Fault, Personality


def test_only_what_was_said_is_told() -> None:
    assert Fault(at="rcpt").as_json("smtp") == {"protocol": "smtp", "at": "rcpt"}
    assert Action().as_json() == {}
    assert Personality().as_json() == {}


def test_all_of_it_is_told() -> None:
    fault = Fault(
        at="retr",
        to="a@b",
        from_="c@d",
        user="e@f",
        reply="-ERR no",
        delay=0.5,
        slow=10,
        drop=True,
        drop_after_octets=0,
        times=2,
        per_second=3,
    )
    assert fault.as_json("pop3") == {
        "protocol": "pop3",
        "at": "retr",
        "to": "a@b",
        "from": "c@d",
        "user": "e@f",
        "reply": "-ERR no",
        "delay": 0.5,
        "slow": 10,
        "drop": True,
        "drop_after_octets": 0,
        "times": 2,
        "per_second": 3,
    }


def test_a_sequence_is_of_replies_and_actions() -> None:
    fault = Fault(at="dot", sequence=["451 4.3.0 Later", Action(drop=True), Action()])
    assert fault.as_json("smtp")["sequence"] == [{"reply": "451 4.3.0 Later"}, {"drop": True}, {}]


def test_a_personality_is_told() -> None:
    personality = Personality(hide=("STARTTLS",), size=1000, greeting="mx.example.test")
    assert personality.as_json() == {"hide": ["STARTTLS"], "size": 1000, "greeting": "mx.example.test"}
