"""The content of a letter as it is read."""

from __future__ import annotations

from mailgate.control.reading import HEAD_CHARACTERS, HEAD_MAILBOXES, Head, Reading

RAW = (
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nSubject: second\nFrom: A <a@b.test>\nTo: c@d.test, e@f.test\nto: g@h.test\n"
    b"Message-ID: <1@x>\nContent-Type: text/html\n\n<p>hello\n"
)


def test_the_head() -> None:
    assert Reading(RAW).head == Head("Grüße", "A <a@b.test>", ("c@d.test", "e@f.test", "g@h.test"), "<1@x>")
    assert Reading(b"").head == Head("", "", (), "")


def test_the_rest() -> None:
    reading = Reading(RAW)
    assert reading.fields[1] == ("Subject", "second")
    assert (reading.text, reading.html) == ("hello", "<p>hello\n")
    assert reading.message is reading.message
    assert reading.content is RAW


def test_a_head_can_be_of_a_size_that_is_known() -> None:
    long = "x" * (HEAD_CHARACTERS + 1)
    clipped = Head(long, long, (long,) * (HEAD_MAILBOXES + 1), long).clipped()
    short = long[:-1]
    assert clipped == Head(short, short, (short,) * HEAD_MAILBOXES, short)
