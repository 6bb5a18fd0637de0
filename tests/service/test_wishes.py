"""What a listener on demand is to be."""

from __future__ import annotations

from typing import Any

import pytest

from mailgate.control.calls import Arguments, CallError
from mailgate.service.personalities import AS_CONFIGURED, Disguise
from mailgate.service.wishes import MAX_GREETING_CHARACTERS, Wish, read_wish


def test_nothing_said_is_smtp_as_configured() -> None:
    assert read_wish(Arguments({})) == Wish("smtp", False, AS_CONFIGURED, (), "")


@pytest.mark.parametrize(
    ("kind", "protocol"), [("smtp", "smtp"), ("submission", "smtp"), ("lmtp", "smtp"), ("pop3", "pop3")]
)
def test_a_whole_wish(kind: str, protocol: str) -> None:
    wish = read_wish(
        Arguments(
            {
                "namespace": "n",
                "protocol": kind,
                "tls": True,
                "personality": {"hide": ["starttls", "TOP"], "size": 0 if kind == "pop3" else 9, "greeting": "hello"},
                "faults": [{"at": "greeting" if kind == "pop3" else "connect", "drop": True}],
            }
        )
    )
    assert (wish.kind, wish.protocol, wish.tls) == (kind, protocol, True)
    assert wish.disguise == Disguise(frozenset({"STARTTLS", "TOP"}), "hello", 0 if kind == "pop3" else 9)
    assert wish.namespace == "n"
    (rule,) = wish.faults
    assert rule.protocol == protocol


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"protocol": "imap"}, "protocol has to be one of smtp, submission, lmtp, pop3"),
        ({"tls": "perhaps"}, "tls has to be"),
        ({"personality": []}, "personality has to be an object"),
        ({"personality": {"hides": []}}, "no argument 'hides'"),
        ({"personality": {"hide": [1]}}, "a list of keywords"),
        ({"personality": {"hide": "TOP"}}, "hide has to be a list of keywords, such as [\"STARTTLS\"], not 'TOP'"),
        ({"protocol": "pop3", "personality": {"size": 9}}, "size is of SMTP"),
        ({"namespace": "N 1"}, "a namespace is letters"),
        ({"personality": {"size": 1.5}}, "whole number"),
        ({"personality": {"greeting": "g" * (MAX_GREETING_CHARACTERS + 1)}}, "characters at most"),
        ({"faults": [{"at": "nowhere"}]}, "nowhere"),
        ({"faults": ["no object"]}, "a fault has to be an object"),
    ],
)
def test_what_cannot_be(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(CallError) as failure:
        read_wish(Arguments(arguments))
    assert failure.value.kind == "bad" and said in failure.value.message
