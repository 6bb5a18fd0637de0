"""What a self-test says, for programs and for people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from attrs import evolve

from mailgate.cli.self_test_connection import Seen
from mailgate.cli.self_test_message import Sample, make_sample
from mailgate.cli.self_test_run import Fetching, Removal, Report
from mailgate.cli.self_test_sending import Sending
from mailgate.cli.self_test_table import rows, show
from mailgate.cli.self_test_trust import NOT_VERIFIED
from mailgate.cli.tls_doors import Lost
from tests.cli.self_test_support import door

SAMPLE = make_sample("a@b.test", "smtp.listen", datetime(2026, 11, 23, tzinfo=UTC))
TOKEN = SAMPLE.token
SEEN = Seen("TLSv1.3", True)
POP3 = door("pop3.listen", "pop3", 110)
SENT = Sending(door("smtp.listen", "smtp", 25), SAMPLE, SEEN, "250 2.0.0 01 accepted", "", 0.1234)
FETCHED = Fetching(POP3, SEEN, {TOKEN: (b"Received: x\r\n" + SAMPLE.content,)}, "", 0.2)
REMOVED = Removal(frozenset([TOKEN]), POP3)
ABSENT = "it was accepted, and through pop3.listen 127.0.0.1:110 it is not there: did a handler throw it away?"


def test_for_programs() -> None:
    sent, fetched = rows(Report([SENT], [FETCHED], REMOVED))
    assert sent == {
        "listener": "smtp.listen", "place": "127.0.0.1:25", "tls": "TLSv1.3", "verified": True,
        "sent": "250 2.0.0 01 accepted", "fetched": 1, "expected": 1, "removed": True, "seconds": 0.123,
        "message_id": SAMPLE.message_id, "wrong": [], "remarks": [],
    }  # fmt: skip
    assert fetched == {
        "listener": "pop3.listen", "place": "127.0.0.1:110", "tls": "TLSv1.3", "verified": True,
        "sent": None, "fetched": 1, "expected": 1, "removed": True, "seconds": 0.2,
        "message_id": None, "wrong": [], "remarks": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("copies", "said"),
    [
        ((), ABSENT),
        ((SAMPLE.content, SAMPLE.content), "through pop3.listen 127.0.0.1:110 there were 2 copies of it"),
        (
            (SAMPLE.content + b"-- \r\n",),
            "through pop3.listen 127.0.0.1:110 it came back altered: only its last 0 lines are as they were sent",
        ),
    ],
)
def test_what_did_not_come_back(copies: tuple[bytes, ...], said: str) -> None:
    contents = {TOKEN: copies} if copies else {}
    sent, fetched = rows(Report([SENT], [evolve(FETCHED, contents=contents)], REMOVED))
    assert (sent["wrong"], sent["fetched"], sent["expected"]) == ([said], 0, 1)
    assert (fetched["wrong"], fetched["fetched"], fetched["expected"]) == ([], 0, 1)


def test_what_was_refused_has_nothing_to_remove() -> None:
    refused = evolve(SENT, reply="", wrong="it answers RCPT with 452 4.2.2 full")
    sent, fetched = rows(Report([refused], [evolve(FETCHED, contents={})], Removal(frozenset(), POP3)))
    assert (sent["wrong"], sent["removed"], sent["expected"]) == ([refused.wrong], None, 0)
    assert (fetched["removed"], fetched["expected"], fetched["wrong"]) == (None, 0, [])


def test_what_was_not_removed() -> None:
    sent = rows(Report([SENT], [FETCHED], Removal(wrong="disk")))[0]
    assert sent["removed"] is False
    assert sent["wrong"] == [f"it was not removed, delete it yourself (Subject: mailgate self-test {TOKEN}): disk"]


def test_what_vanished_by_itself() -> None:
    sent = rows(Report([SENT], [FETCHED], Removal(frozenset(), POP3)))[0]
    assert (sent["removed"], sent["wrong"]) == (False, [])


def test_no_tls(capsys: pytest.CaptureFixture[str]) -> None:
    told = rows(Report([evolve(SENT, seen=Seen())], [FETCHED], REMOVED))
    assert [(row["tls"], row["verified"], row["remarks"]) for row in told] == [
        ("", None, []), ("TLSv1.3", True, []),
    ]  # fmt: skip
    show(told)
    assert "smtp.listen  127.0.0.1:25   -    -        250   1 of 1" in capsys.readouterr().out


def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    show(rows(Report([SENT], [evolve(FETCHED, seen=Seen("TLSv1.3", False, (NOT_VERIFIED,)))], REMOVED)))
    assert capsys.readouterr().out.splitlines() == [
        "LISTENER     PLACE          TLS  TRUSTED  SENT  FETCHED  GONE  TIME",
        "smtp.listen  127.0.0.1:25   1.3  yes      250   1 of 1   yes   0.12",
        "pop3.listen  127.0.0.1:110  1.3  no       -     1 of 1   yes   0.20",
        "remark  pop3.listen: not verified: self-signed; it is the certificate that is",
        "        configured",
        "All is well.",
    ]


def test_what_is_wrong_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    other = evolve(SENT, door=door("smtp.listen", "smtp", 26), sample=Sample("x", b"x"), reply="", wrong="it says \x1b")
    show(rows(Report([SENT, other], [FETCHED], REMOVED, [Lost("lmtp.listen", "systemd:x")])))
    said = capsys.readouterr().out
    assert "smtp.listen  127.0.0.1:26   1.3  yes      no    -        -     0.12\n" in said
    assert "WRONG   smtp.listen 127.0.0.1:26: it says \\x1b\n" in said
    assert (
        "WRONG   lmtp.listen: only a gateway that runs knows where this is, and it has\n        not said so\n" in said
    )
    assert said.endswith("2 of 4 listeners failed.\n")


def test_what_mail_programs_would_mind_is_wrong_though_all_came_through(capsys: pytest.CaptureFixture[str]) -> None:
    misnamed = "its certificate is not for mx.test, but for b.test"
    seen = Seen("TLSv1.3", False, wrong=(misnamed,))
    told = rows(Report([evolve(SENT, seen=seen)], [evolve(FETCHED, seen=seen, wrong="no")], REMOVED))
    assert [row["wrong"] for row in told] == [[misnamed], [misnamed, "no"]]
    show(told)
    assert capsys.readouterr().out.endswith(
        f"WRONG   everywhere: {misnamed}\nWRONG   pop3.listen: no\n2 of 2 listeners failed.\n"
    )


def test_the_widest_row_of_an_ordinary_house_fits(capsys: pytest.CaptureFixture[str]) -> None:
    wide = door("submission.listen_tls", "tls", 40_587)
    slow = evolve(SENT, door=wide, seconds=12.3)
    show(rows(Report([slow], [evolve(FETCHED, door=wide, contents={})], Removal(wrong="disk"))))
    said = capsys.readouterr().out.splitlines()
    assert "12.30" in said[1] and any(line.startswith("WRONG") for line in said)
    assert all(len(line) <= 80 for line in said)
