"""Sentences for a person: every kind of event, times, and nothing that would confuse a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from mailgate.cli.lives import SHOWN, ago, told, when
from mailgate.journal.lines import KEPT, line_of, read_line
from tests.journal.support import ALICE, BOB, NOW, accepted, delivered, fetched, handled, id_at, refused
from tests.journal.test_lines import _example

MESSAGE = id_at(NOW)


def life(*events: dict[str, Any], kind: str = "message", name: str = MESSAGE) -> dict[str, Any]:
    return {"kind": kind, "id": name, "begun": NOW, "events": list(events)}


def event(fact: Any) -> dict[str, Any]:
    values = read_line(line_of(fact))
    assert values is not None
    values.pop(next(iter(values)))
    return values


def sentences(text: str) -> list[str]:
    """The lines with times, without them."""
    return [line.removeprefix(f"    {when(NOW)}  ") for line in text.split("\n") if when(NOW) in line]


def test_a_block() -> None:
    text = told(
        life(
            event(handled(MESSAGE)),
            event(delivered(MESSAGE)),
            event(accepted(MESSAGE, session="s1", user=BOB, tls="TLSv1.3 TLS_AES")),
            event(fetched(MESSAGE)),
        ),
        NOW + 2 * 86_400,
    )
    assert text.split("\n") == [
        f"{MESSAGE} from <Sender@example.org> to <{ALICE}>, 2 days ago",
        "    Message-ID <one@example.org>, 123 octets",
        f"    came by SMTP from 192.0.2.1 (mx.example.org, TLSv1.3), logged in as {BOB}, session s1",
        f"    {when(NOW)}  handler loop-guard: passed",
        f"    {when(NOW)}  delivered to <{ALICE}>",
        f"    {when(NOW)}      file /mail/{ALICE}/new/1",
        f"    {when(NOW)}  accepted for <{ALICE}>",
        f"    {when(NOW)}  fetched by {ALICE} from 198.51.100.7",
    ]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"what": "accepted", "recipients": [ALICE], "reply_sent": True, "discarded": True}, "accepted, and discarded"),
        ({"what": "accepted", "recipients": [ALICE]}, "the client was gone before it heard so"),
        ({"what": "refused", "phase": "connect", "reply": "554 No"}, "refused the connection: 554 No"),
        ({"what": "refused", "phase": "helo", "reply": "550 No"}, "refused the greeting: 550 No"),
        ({"what": "refused", "phase": "mail", "reply": "550 No"}, "refused the sender <>: 550 No"),
        ({"what": "refused", "recipients": [ALICE, BOB], "reply": "550 No"}, f"refused for <{ALICE}>, <{BOB}>: 550 No"),
        ({"what": "handled", "handler": "h", "result": "refused", "detail": "550 No"}, "handler h: refused: 550 No"),
        ({"what": "handled", "handler": "h", "result": "timed out"}, "handler h: took too long, so"),
        ({"what": "delivered", "recipient": "i@x", "maildrops": [ALICE, BOB]}, f"delivered to <i@x> → {ALICE}, {BOB}"),
        ({"what": "not delivered", "reason": "disk", "visible": ["/a"]}, "there all the same: /a"),
        ({"what": "relayed", "smarthost": "s", "recipients": ["a@b"], "reply": "250 OK"}, "to s, which said: 250 OK"),
        ({"what": "not relayed", "smarthost": "s", "recipients": ["a@b"], "reply": "451", "reason": "x"}, "451 (x)"),
        ({"what": "deleted", "user": ALICE, "client": "::1"}, f"deleted by {ALICE} from ::1"),
        ({"what": "expired", "user": ALICE}, f"removed from the maildrop of {ALICE}: its time was up"),
        ({"what": "expired", "user": ALICE, "to_trash": True}, f"moved to the trash from the maildrop of {ALICE}"),
        ({"what": "of a later version"}, "of a later version"),
    ],
)
def test_sentences(values: dict[str, Any], said: str) -> None:
    text = told(life({"at": NOW, **values}), NOW)
    assert any(said in sentence for sentence in sentences(text)), text


def test_every_kind_that_is_kept_has_a_sentence() -> None:
    for kind in KEPT:
        told_of = event(_example(kind))
        text = told(life({**told_of, "at": NOW}), NOW)
        assert sentences(text) and told_of["what"] not in sentences(text)


def test_titles() -> None:
    assert told(life(kind="session", name="s1"), NOW) == "session s1, just now"
    text = told(life(event(refused("", "connect", session="s1")), kind="session", name="s1"), NOW)
    assert text.split("\n")[1] == "    came by SMTP from 192.0.2.1 (in clear)"
    other = told(life(event(fetched("", uid="7 8")), kind="uid", name=f"{ALICE} 7"), NOW)
    assert other.startswith(f"a message of {ALICE} that another program brought, UID 7, just now\n    2")
    old = told(life(event(fetched(MESSAGE))), NOW + 3600)
    assert old.split("\n")[:2] == [f"{MESSAGE}, 1 hour ago", "    how it came is not in the journal any more"]
    both = told(life(event(refused(MESSAGE)), event(accepted(MESSAGE))), NOW)
    assert both.startswith(f"{MESSAGE} from <Sender@example.org> to <nobody@example.test>, <{ALICE}>, just now")
    nobody = told(life(event(refused(MESSAGE, "helo", recipient=""))), NOW)
    assert nobody.startswith(f"{MESSAGE} from <Sender@example.org> to nobody")


def test_of_many_recipients_some_are_named() -> None:
    many = tuple(f"u{number}@example.test" for number in range(SHOWN + 3))
    text = told(life(event(accepted(MESSAGE, recipients=many))), NOW)
    assert "<u4@example.test> and 3 more, just now" in text and "u5" not in text


def test_what_strangers_said_is_harmless() -> None:
    text = told(life(event(accepted(MESSAGE, helo="\x1b[2J\nx", message_id="\r\x9b"))), NOW)
    assert "\x1b" not in text and "\r" not in text and "\x9b" not in text
    assert "\\x1b[2J\\nx" in text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7200, "2 hours ago"),
        (86_400 * 1.9, "1 day ago"),
        (86_400 * 400, "400 days ago"),
    ],
)
def test_how_long_ago(seconds: float, said: str) -> None:
    assert ago(seconds) == said
