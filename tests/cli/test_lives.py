"""Sentences for a person: every kind of event, times, and nothing that would confuse a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from mailgate.cli.fitting import COLUMNS
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


AT = when(NOW)[:19]  # without the zone


def sentences(text: str) -> list[str]:
    """What stands behind times, and below it, as if a line had no end."""
    return [" ".join(part.split()) for part in text.split(AT)[1:]]


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
        f"{MESSAGE}, 2 days ago",
        f"    from <Sender@example.org> to <{ALICE}>",
        "    Message-ID <one@example.org>, 123 octets",
        "    came by SMTP from 192.0.2.1 (mx.example.org, TLSv1.3), logged in as",
        f"      {BOB}, session s1",
        f"    {AT}  handler loop-guard: passed",
        f"    {AT}  delivered to <{ALICE}>, file:",
        f"        /mail/{ALICE}/new/1",
        f"    {AT}  accepted for <{ALICE}>",
        f"    {AT}  fetched by {ALICE} from 198.51.100.7",
    ]


def test_eighty_columns_are_enough() -> None:
    name = f"/var/lib/mailgate/mail/example.org/alice/new/1763715603.{MESSAGE}.k3j5h7g9,S=10240,W=10500"
    text = told(
        life(
            event(delivered(MESSAGE, NOW, "everybody@example.test", ALICE, BOB)),
            {"at": NOW, "what": "not delivered", "reason": "the disk is full", "visible": [name]},
            {"at": NOW, "what": "delivered", "recipient": ALICE, "maildrops": [ALICE], "copies": [name, "/short"]},
            {"at": NOW, "what": "refused", "phase": "rcpt", "recipient": BOB, "reply": "452 4.2.2 " + "word " * 30},
        ),
        NOW,
    )
    lines = text.split("\n")
    assert max(map(len, lines)) <= COLUMNS
    at = lines.index("        /var/lib/mailgate/mail/example.org/alice/new/")
    assert lines[at + 1] == f"          1763715603.{MESSAGE}.k3j5h7g9,S=10240,W=10500"
    assert f"    {AT}  delivered to <{ALICE}>, files:" in lines and "        /short" in lines
    assert all(line.startswith(" " * 25) for line in lines if line.strip().startswith("word"))


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
        (
            {"what": "abandoned", "phase": "content", "reason": "lost", "octets": 3 << 20, "recipients": [ALICE]},
            "the connection was lost after 3145728 octets (3.0 MiB) of the message, before its end; nothing was",
        ),
        (
            {"what": "abandoned", "phase": "answer", "reason": "lost", "octets": 2048},
            "the connection was lost after all 2048 octets (2.0 KiB) of the message, before it was delivered; nothing",
        ),
        (
            {"what": "abandoned", "phase": "content", "reason": "time-out", "octets": 7, "reply": "552 5.3.4 Too big"},
            "at least 7 octets of the message, before its end; nothing was delivered. It would have heard: 552",
        ),
        ({"what": "abandoned", "phase": "mail", "reason": "stopped"}, "was stopped before anybody was to have it;"),
        ({"what": "abandoned", "phase": "rcpt", "reason": "reset"}, "took it back (RSET) before it sent the message;"),
        ({"what": "abandoned", "phase": "new", "reason": "later"}, "later at new; nothing was delivered"),
        (
            {"what": "restored", "user": ALICE, "backup": "/b"},
            f"restored to the maildrop of {ALICE} from the backup /b",
        ),
        (
            {"what": "restored", "user": ALICE, "backup": "/b", "made": NOW, "clashed": "7", "message": "m"},
            ", under another UID, as another message has 7. It was m",
        ),
        ({"what": "restored", "backup": "/b", "clashed": "7"}, "another message has 7"),
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
    half = told(life({"at": NOW, "what": "abandoned", "message_id": "a@b", "octets": 9, "recipients": [ALICE]}), NOW)
    assert half.split("\n")[1:3] == [f"    from <> to <{ALICE}>", "    Message-ID <a@b>, 9 octets came"]
    old = told(life(event(fetched(MESSAGE))), NOW + 3600)
    assert old.split("\n")[:2] == [f"{MESSAGE}, 1 hour ago", "    how it came is not in the journal any more"]
    both = told(life(event(refused(MESSAGE)), event(accepted(MESSAGE))), NOW)
    said = f"{MESSAGE}, just now from <Sender@example.org> to <nobody@example.test>, <{ALICE}> "
    assert " ".join(both.split()).startswith(said)
    nobody = told(life(event(refused(MESSAGE, "helo", recipient=""))), NOW)
    assert "    from <Sender@example.org> to nobody\n" in nobody


def test_of_many_recipients_some_are_named() -> None:
    many = tuple(f"u{number}@example.test" for number in range(SHOWN + 3))
    text = told(life(event(accepted(MESSAGE, recipients=many))), NOW)
    assert "<u4@example.test> and 3 more " in " ".join(text.split()) and "u5" not in text


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
