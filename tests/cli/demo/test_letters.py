"""The letters are what the demo says they are."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from importlib.resources import files

import pytest

from mailgate.cli.demo.letters import ATTACHMENT_OCTETS, Letter, letters
from mailgate.cli.demo.run import TRACE

POST = letters()
plain, html, eight_bit, dots, large = POST


@pytest.mark.parametrize("letter", POST, ids=lambda letter: letter.title)
def test_fit_for_the_wire(letter: Letter) -> None:
    assert letter.content.endswith(b"\r\n")
    assert re.search(rb"(?<!\r)\n|\r(?!\n)|\0", letter.content) is None
    assert max(map(len, letter.content.split(b"\r\n"))) <= 998  # RFC 5321 4.5.3.1.6
    first_field = letter.content.partition(b":")[0].decode().lower()
    assert first_field not in {name.lower() for name in TRACE}, "the comparison would take it for mailgate's own"


@pytest.mark.parametrize("letter", POST, ids=lambda letter: letter.title)
def test_proper_messages(letter: Letter) -> None:
    message = message_from_bytes(letter.content, policy=policy.default)
    assert not [defect for part in message.walk() for defect in part.defects]
    assert letter.recipient in str(message["To"])
    assert message["Date"] and message["Message-ID"] and message["Subject"]


def test_each_is_what_it_is_there_for() -> None:
    assert plain.content.isascii()
    kinds = [part.get_content_type() for part in message_from_bytes(html.content).walk()]
    assert kinds == ["multipart/mixed", "text/html", "image/png"]
    assert html.tls
    assert "Привіт" in eight_bit.content.decode() and eight_bit.options == ("BODY=8BITMIME",)
    assert eight_bit.content.partition(b"\r\n\r\n")[0].isascii()  # else it would want SMTPUTF8
    assert b"\r\n.\r\n" in dots.content[:-5] and dots.content.endswith(b"\r\n.\r\n")


def test_the_large_one_is_made_and_not_shipped() -> None:
    part = message_from_bytes(large.content).get_payload(1)
    content = part.get_payload(decode=True)  # type: ignore[union-attr]
    assert isinstance(content, bytes)
    assert len(content) == ATTACHMENT_OCTETS
    assert letters()[-1].content == large.content, "it is the same every time"
    shipped = [file for file in (files("mailgate.cli") / "messages").iterdir() if file.name.endswith(".eml")]
    assert len(shipped) == len(POST)
    assert all(len(file.read_bytes()) < 4096 for file in shipped)


def test_every_recipient_has_a_maildrop_to_himself() -> None:
    assert len({letter.recipient for letter in POST}) == len(POST)
