"""The message that is sent, and what may become of it."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes

from hypothesis import given
from hypothesis import strategies as st

from mailgate.cli.self_test_message import Sample, make_sample

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SAMPLE = make_sample("alice@example.test", "smtp.listen", NOW)


def test_what_it_says() -> None:
    message = message_from_bytes(SAMPLE.content)
    assert message["Message-ID"] == SAMPLE.message_id == f"<{SAMPLE.token}@self-test.invalid>"
    assert message["Subject"] == f"mailgate self-test {SAMPLE.token} through smtp.listen"
    assert (message["To"], message["Auto-Submitted"]) == ("alice@example.test", "auto-generated")
    lines = SAMPLE.content.split(b"\r\n")
    assert max(map(len, lines)) == 998 and not any(b"\n" in line or b"\r" in line for line in lines)
    assert b"." in lines and b".." in lines and SAMPLE.content.endswith(b"\r\n\r\n")


def test_each_has_a_name_of_its_own() -> None:
    assert len({make_sample("a@b.test", "smtp.listen", NOW).token for _ in range(100)}) == 100


def test_the_header_is_ascii() -> None:
    head = make_sample("jörg@example.test", "smtp.listen", NOW).content.partition(b"\r\n\r\n")[0]
    assert head.isascii() and b"To: undisclosed-recipients:;\r\n" in head


def test_its_head() -> None:
    head = SAMPLE.content.split(b"\r\n")
    other = make_sample("alice@example.test", "smtp.listen", NOW)
    assert SAMPLE.is_head_of([b"Received: x", *head]) and not SAMPLE.is_head_of(other.content.split(b"\r\n"))
    assert SAMPLE.is_head_of([b"Message-Id: " + SAMPLE.message_id.encode()])
    assert not SAMPLE.is_head_of([b"In-Reply-To: " + SAMPLE.message_id.encode()])


@given(st.binary(max_size=100))
def test_what_is_put_in_front_does_not_spoil_it(front: bytes) -> None:
    assert SAMPLE.spoilt(front + SAMPLE.content) == ""


@given(st.integers(0, len(SAMPLE.content) - 1), st.integers(1, 255))
def test_any_other_octet_spoils_it(at: int, change: int) -> None:
    octets = bytearray(SAMPLE.content)
    octets[at] ^= change
    assert SAMPLE.spoilt(b"Received: x\r\n" + octets)


def test_how_much_of_it_is_left() -> None:
    sample = Sample("x", b"a\r\nb\r\nc\r\n")
    assert sample.spoilt(b"a\r\nB\r\nc\r\n") == "it came back altered: only its last 1 lines are as they were sent"
    assert sample.spoilt(b"b\r\nc\r\n") == "it came back altered: only its last 2 lines are as they were sent"
    assert sample.spoilt(b"") == "it came back altered: only its last 0 lines are as they were sent"
