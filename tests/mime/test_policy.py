"""How `email` is to read."""

from __future__ import annotations

import pytest

from mailgate.mime import policy


def test_what_the_parser_stumbles_over_is_header_and_text(monkeypatch: pytest.MonkeyPatch) -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5_000))
    message = policy.parse(b"Subject: hi\n" + nested)
    assert message["Subject"] == "hi"
    assert not message.is_multipart()


def test_a_broken_field_is_decoded_all_the_same() -> None:
    lenient = policy.Lenient()
    assert lenient.header_fetch_parse("To", "=?utf-8?q?a?=\n <") == "a <"
    assert lenient.header_fetch_parse("Subject", "a\n b") == "a b"
