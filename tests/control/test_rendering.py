"""A letter as JSON."""

from __future__ import annotations

import base64
import json

from mailgate.control.letters import Letters
from mailgate.control.rendering import View, parts, summary, with_content
from tests.control.support import ALICE, BOB, CAROL, NOW, kept

RAW = b"""\
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
From: App <app@example.test>
To: Alice <alice@t1.example.test>, bob@t1.example.test
Message-ID: <1@x>
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain

Your code is 123456: https://example.test/c/1
--x
Content-Type: text/html

<a href="https://example.test/2">here</a>
--x
Content-Type: image/png
Content-ID: <logo>
Content-Disposition: inline; filename=logo.png

PNG
--x--
"""


def view(namespace: str = "t1", content: bytes | None = RAW) -> View:
    letters = Letters()
    fronts = {ALICE: b"Delivered-To: alice\n", CAROL: b"Delivered-To: her\n"}
    each = kept(letters, ALICE, BOB, CAROL, content=content, fronts=fronts)
    return View(each, each.letter.recipients_for(namespace))


def test_a_summary() -> None:
    shown = view()
    assert summary(shown) == {
        "id": shown.kept.letter.id,
        "number": 1,
        "at": NOW,
        "sender": "app@example.test",
        "recipients": [ALICE, BOB],
        "listener": "smtp",
        "client": "",
        "helo": "",
        "tls": "",
        "user": "",
        "smtputf8": False,
        "octets": len(RAW) + len(b"Delivered-To: alice\n"),
        "removed": False,
        "subject": "Grüße",
        "from": "App <app@example.test>",
        "to": ["Alice <alice@t1.example.test>", "bob@t1.example.test"],
        "message_id": "<1@x>",
    }


def test_another_namespace_sees_its_own() -> None:
    shown = summary(view("t2"))
    assert shown["recipients"] == [CAROL]
    assert shown["octets"] == len(RAW) + len(b"Delivered-To: her\n")


def test_what_is_known_of_a_letter_whose_content_is_not_here() -> None:
    shown = view(content=None)
    assert summary(shown)["subject"] == ""
    shown.kept.head = view().kept.reading().head  # type: ignore[union-attr]
    assert summary(shown)["subject"] == "Grüße"


def test_it_tells_what_is_removed() -> None:
    shown = view()
    shown.kept.removed.add(ALICE)
    assert summary(shown)["removed"] is False
    shown.kept.removed.add(BOB)
    assert summary(shown)["removed"] is True


def test_the_content_is_the_copy_as_stored() -> None:
    shown = with_content(view(), RAW)
    assert base64.b64decode(shown["content"]) == b"Delivered-To: alice\n" + RAW
    assert with_content(view(), None)["content"] is None


def test_the_parts() -> None:
    shown = parts(RAW)
    assert shown["headers"][:2] == [["Subject", "Grüße"], ["From", "App <app@example.test>"]]
    assert shown["text"] == "Your code is 123456: https://example.test/c/1"
    assert shown["html"] == '<a href="https://example.test/2">here</a>'
    assert shown["links"] == ["https://example.test/c/1", "https://example.test/2"]
    assert shown["otp"] == "123456"
    assert shown["attachments"] == [
        {
            "number": 1,
            "filename": "logo.png",
            "content_type": "image/png",
            "octets": 3,
            "content_id": "logo",
            "inline": True,
        }
    ]
    assert json.loads(json.dumps(shown)) == shown
