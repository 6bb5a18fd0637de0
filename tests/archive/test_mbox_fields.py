"""What an mbox says of a message besides its content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.archive.mbox_fields import Told, compose_fields, compose_octets, read_fields, read_foreign_fields
from mailgate.archive.message import known_flags
from tests.archive.support import archived


@given(
    st.builds(
        archived,
        uid=st.from_regex(r"([\x21-\x7e]{1,70})?", fullmatch=True),
        seconds=st.integers(0, 10**11 - 1),
        flags=st.sets(st.sampled_from("DFPRST")).map(lambda flags: known_flags("".join(flags))),
        unique=st.from_regex(r"[\x21-\x3a\x3c-\x7e]{0,200}", fullmatch=True),
        is_new=st.booleans(),
        smtputf8=st.booleans(),
    )
)
def test_what_is_written_is_read(message: object) -> None:
    fields, at = compose_fields(message)  # type: ignore[arg-type]
    written = fields[:at] + compose_octets(1234).encode() + fields[at + 12 :]
    told = read_fields(written + b"X-UIDL: not ours\n")
    assert told is not None
    assert told.fields_octets == len(fields)
    assert told.octets == 1234
    for name in ("uid", "seconds", "unique", "flags", "is_new", "smtputf8"):
        assert getattr(told, name) == getattr(message, name)


def test_a_name_that_does_not_fit_is_left_out() -> None:
    for unique in ("", "a;b", "a b", "ä", "x" * 201):
        assert b"name=" not in compose_fields(archived(unique=unique))[0]
    assert b"X-UIDL" not in compose_fields(archived(uid="a b"))[0]


def test_others_are_not_ours() -> None:
    assert read_fields(b"X-UIDL: a\nStatus: RO\nSubject: x\n\n") is None
    assert read_fields(b"Subject: x\n" + compose_fields(archived())[0]) is None


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_foreign(end: bytes) -> None:
    head = end.join([b"Subject: x", b"status: RO", b"X-Status:  AF ", b"X-UIDL: abc", b"", b"Status: ", b"X-UIDL: no"])
    assert read_foreign_fields(head, x_uidl=True) == Told(uid="abc", flags="FRS")
    assert read_foreign_fields(head, x_uidl=False) == Told(flags="FRS")


def test_foreign_without_a_status_is_new() -> None:
    assert read_foreign_fields(b"Subject: x\n\n", x_uidl=True) == Told(is_new=True)
    assert read_foreign_fields(b"X-Status: DT?\nStatus: O\nX-UIDL: a b\n\n", x_uidl=True) == Told(flags="DT")


def test_a_field_that_is_made_to_take_long() -> None:
    assert read_foreign_fields(b"Status:" + b" " * 60_000 + b"R x" + b" " * 5000, x_uidl=True).flags == "S"
