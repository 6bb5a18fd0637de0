"""Dovecot's list of UIDs, as Dovecot 2.3.19.1 wrote it."""

from __future__ import annotations

import io

from mailgate.archive.uidlist import Listed, Uidlist, header_line, message_line, parse

# Written by Dovecot 2.3.19.1: the third message after `pop3_save_uidl = yes`, the fourth by an import.
RECORDED = b"""\
3 V1795440460 N13 Gd5e707014c3f046b584a000083ecc375
1 W68 :1700000000.M0P77.host
2 W68 :1700000060.M1P77.host,S=62
11 W71 P0000000b6b043f4c :1700000600.M10P77.host
12 W71 G0123 P :1700000660.M11P77.host,S=65:2,S
"""


def test_recorded() -> None:
    assert parse(io.BytesIO(RECORDED)) == Uidlist(
        1_795_440_460,
        {
            "1700000000.M0P77.host": Listed(1, None, "1700000000.M0P77.host"),
            "1700000060.M1P77.host,S=62": Listed(2, None, "1700000060.M1P77.host,S=62"),
            "1700000600.M10P77.host": Listed(11, "0000000b6b043f4c", "1700000600.M10P77.host"),
            "1700000660.M11P77.host,S=65": Listed(12, "1700000660.M11P77.host,S=65", "0123"),
        },
    )


def test_the_older_form() -> None:
    old = b"1 1275660208 3\n1 1700000000.a.b:2,S\n2 1700000001.c.d\n"
    assert parse(io.BytesIO(old)) == Uidlist(
        1_275_660_208,
        {
            "1700000000.a.b": Listed(1, None, "1700000000.a.b"),
            "1700000001.c.d": Listed(2, None, "1700000001.c.d"),
        },
    )


def test_what_makes_no_sense_says_nothing() -> None:
    for content in (b"", b"2 V1 N1\n1 :x\n", b"3 N1\n1 :x\n", b"\0\n"):
        assert parse(io.BytesIO(content)) == Uidlist()
    assert parse(io.BytesIO(b"3 V1 N3\nx :a\n1 p :b\n\n2 W1\n")).messages == {}


def test_what_is_written_is_read() -> None:
    written = header_line(7, 3, "ab" * 16) + message_line(1, "uid", "1.a.b,S=1") + message_line(2, "o", "1.\udcff")
    assert parse(io.BytesIO(written)) == Uidlist(
        7, {"1.a.b,S=1": Listed(1, "uid", "1.a.b,S=1"), "1.\udcff": Listed(2, "o", "1.\udcff")}
    )
