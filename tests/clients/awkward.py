"""Messages that are apt to be changed on their way from a maildrop, as the wire has them: with CRLF, no dot stuffed."""

from __future__ import annotations

from typing import Final


def _message(subject: str, body: bytes) -> bytes:
    header = f"""\
Return-Path: <alice@example.test>
From: Alice <alice@example.test>
To: Bob <bob@example.test>
Subject: {subject},
\tfolded
Date: Mon, 23 Nov 2026 10:00:00 +0000
Message-ID: <{subject}@example.test>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

"""
    return header.replace("\n", "\r\n").encode() + body


# The order is that of their arrival. All but "no-final-newline" are in the maildrop as they are here, but with LF.
AWKWARD: Final = {
    "dots": _message("dots", b".\r\n..\r\n.a line\r\n...\r\n\r\n.\r\nan end\r\n.\r\n"),
    "no-final-newline": _message("no-final-newline", b"the file ends before the line does\r\n"),
    "8bit": _message("8bit", "Доброго дня, こんにちは, Grüße\r\n".encode() + bytes(range(128, 256)) + b"\r\n"),
    "empty-body": _message("empty-body", b""),
    "long-line": _message("long-line", b"x" * 998 + b"\r\n" + b"y" * 5_000 + b"\r\n"),
    "many-lines": _message("many-lines", b"0123456789abcdef.\r\n" * 5_000),
    "spaces": _message("spaces", b"\r\nspaces at the end   \r\n\ta tab\r\nFrom the beginning of a line\r\n\r\n\r\n"),
}


def as_files() -> list[bytes]:
    """What is put into a maildrop."""
    return [
        octets.replace(b"\r\n", b"\n").removesuffix(b"\n" if name == "no-final-newline" else b"")
        for name, octets in AWKWARD.items()
    ]
