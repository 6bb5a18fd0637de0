"""The mails: what they say, and that they are mail."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import Field, Local, Message
from mailgate.noticing.reasons import Reason
from mailgate.noticing.writing import LISTENER, Writer, percent_of
from mailgate.rules import Quota

ID = "00000000000000000000000042"
NOW = 1_800_000_000.5
MIB = 1 << 20
WRITER = Writer("mx.example.org")


def parsed(message: Message) -> EmailMessage:
    content = message.body.content or b""
    assert (len(content), content.count(b"\n")) == (message.body.octets, message.body.lines)
    return email.message_from_bytes(content, policy=email.policy.default)


def to_postmaster(*reasons: Reason) -> Message:
    return WRITER.to_postmaster(ID, NOW, [Local("boss@example.org")], reasons)


def to_user(maildrop: str = "alice@example.org", quota: Quota | None = None) -> Message:
    return WRITER.to_user(ID, NOW, maildrop, (46, 184 * MIB), quota or Quota(octets=200 * MIB))


def test_the_fields_of_a_notice() -> None:
    message = to_postmaster(Reason("one", "do"))
    mail = parsed(message)
    assert mail["From"] == "mailgate <postmaster@mx.example.org>"
    assert mail["To"] == "postmaster@mx.example.org"
    assert mail["Subject"] == "mailgate on mx.example.org: one thing to see to"
    assert mail["Date"] == "Fri, 15 Jan 2027 08:00:00 +0000"
    assert mail["Message-ID"] == f"<{ID}@mx.example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain" and not mail.defects
    envelope = message.envelope
    assert (message.id, envelope.id, envelope.session.listener) == (ID, ID, LISTENER)
    assert envelope.reverse_path.is_null and not envelope.smtputf8
    assert envelope.recipients[0].destinations == (Local("boss@example.org"),)


def test_all_reasons_with_what_to_do() -> None:
    mail = parsed(to_postmaster(Reason("the disk is full", "Make room."), Reason("it is late", "Hurry.\nReally.")))
    text = mail.get_content()
    assert mail["Subject"].endswith(": 2 things to see to")
    assert "\n1. the disk is full\n   Make room.\n\n2. it is late\n   Hurry. Really.\n" in text
    assert "once a day" in text and "mailgate status" in text


@given(st.lists(st.builds(Reason, st.text(), st.text()), max_size=3), st.text("ab \n\r\0é𝄞", max_size=5_000))
def test_whatever_a_reason_quotes_lines_stay_lines(reasons: list[Reason], long: str) -> None:
    content = to_postmaster(*reasons, Reason(long, "x" * 3_000)).body.content or b""
    assert all(len(line) <= 998 for line in content.split(b"\n"))
    assert b"\0" not in content and b"\r" not in content and content.endswith(b"\n")
    assert content.count(b"\n\nThe mail server") == 1


def test_paths_stay_whole() -> None:
    path = "/srv/" + "a-long-directory/" * 8 + "key.pem"
    assert path in parsed(to_postmaster(Reason(f"the file {path} is wrong", "See."))).get_content()


def test_a_user_hears_how_full_it_is_and_how_to_make_room() -> None:
    message = to_user()
    mail = parsed(message)
    assert (mail["To"], mail["Subject"]) == ("alice@example.org", "Your mailbox is 92 % full")
    text = mail.get_content()
    assert "   alice@example.org\n   184 MiB of 200 MiB used\n" in text
    assert "leaves a copy of messages on the server" in text and "mx.example.org" in text
    fields = (Field("Delivered-To", "alice@example.org"),)
    assert message.envelope.recipients[0].destinations == (Local("alice@example.org", fields),)


def test_limits_that_there_are() -> None:
    assert "   46 of 50 messages used\n" in parsed(to_user(quota=Quota(messages=50))).get_content()
    both = parsed(to_user(quota=Quota(messages=50, octets=1_000 * MIB))).get_content()
    assert "   184 MiB of 1000 MiB and 46 of 50 messages used\n" in both


def test_names_beyond_ascii_and_names_in_quotes() -> None:
    message = to_user("jürgen@example.org")
    assert message.envelope.smtputf8
    assert "To: <jürgen@example.org>\n".encode() in (message.body.content or b"")
    assert b'To: <"a b"@example.org>\n' in (to_user("a b@example.org").body.content or b"")


@pytest.mark.parametrize(
    ("usage", "quota", "percent"),
    [
        ((9, 50), Quota(messages=10), 90),
        ((9, 899), Quota(octets=1_000), 89),
        ((9, 899), Quota(octets=1_000, messages=10), 90),
        ((1, 2_000), Quota(octets=1_000, messages=10), 200),
        ((9, 50), Quota(), 0),
    ],
)
def test_percents(usage: tuple[int, int], quota: Quota, percent: int) -> None:
    assert percent_of(usage, quota) == percent
