"""The surrogate of a whole message: ASCII wherever a reader looks for fields, and the same wherever it is cut."""

from __future__ import annotations

import tracemalloc
from email import message_from_bytes
from email.policy import default
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.wire.dots import WireCounter
from mailgate.wire.surrogate.parts import MAX_DEPTH
from mailgate.wire.surrogate.stream import Surrogate
from tests.support import splits

LONG = 300  # a field of so many octets is long, in these tests
PIECES = [
    *("\n", "\r\n", "\n\n", " ", "-", "--", "\u00fc", "a", ";", '"', "<", "x" * 350, "y" * 270),
    *("Subject: ", "To: ", "Content-Type: ", "Content-Transfer-Encoding: ", "X: \u00fc\n", "A: b\n"),
    *("multipart/mixed; boundary=b\n", "multipart/digest; boundary=c\n", "message/rfc822\n", "message/global\n"),
    *("message/global-headers\n", "base64\n", "8bit\n", "--b\n", "--b--\n", "--c\n", "--c--\n", "--bc\n"),
]
BEGINNINGS = [
    *("", "\n", "Subject: \u00fc\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"),
    "Content-Type: multipart/digest; boundary=c\n\n--c\n\nContent-Type: multipart/mixed; boundary=b\n\n",
    "Content-Type: message/global\nContent-Type: multipart/mixed; boundary=b\n\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/global-headers\r\n\r\n",
]
CONTENTS = st.one_of(
    st.tuples(st.sampled_from(BEGINNINGS), st.lists(st.sampled_from(PIECES), max_size=30)).map(
        lambda content: (content[0] + "".join(content[1])).encode()
    ),
    st.binary(max_size=60),
)


def surrogate(*blocks: bytes) -> bytes:
    filter_ = Surrogate(LONG)
    return b"".join([*map(filter_.feed, blocks), filter_.finish()])


def of(text: str) -> str:
    """The surrogate of a text, with either line end."""
    result = surrogate(text.encode())
    assert surrogate(text.replace("\n", "\r\n").encode()) == result.replace(b"\n", b"\r\n")
    return result.decode()


# Headers


def test_the_header_is_presented_and_the_body_is_not_touched() -> None:
    assert of(
        "Return-Path: <\u00fc@x>\nReceived: from \u00fc\n\tby b\nFrom: \u00dc <a@x>\nSubject: \u00fc\nDate: now\n"
        "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8; name=\u00fc\n\nSubject: \u00fc\n--b\n\u00fc"
    ) == (
        "Return-Path: <invalid@internationalized-address.invalid>\nFrom: =?utf-8?b?w5w=?= <a@x>\n"
        "Subject: =?utf-8?b?w7w=?=\nDate: now\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n"
        "Subject: \u00fc\n--b\n\u00fc"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("\n", "\n"),
        ("\n\u00fc", "\n\u00fc"),
        ("\u00fc", ""),
        ("\u00fc\n\n\u00fc", "\n\u00fc"),
        ("X: \u00fc\n\n", "\n"),
        ("X: a\n \u00fc\nB: c", "B: c"),
        (" a\n \u00fc\nB: c\n", "B: c\n"),
        ("Subject: \u00fc", "Subject: =?utf-8?b?w7w=?="),
        ("Subject: \u00fc\n", "Subject: =?utf-8?b?w7w=?=\n"),
        ("A: b\nno field\n c\nD: \u00fc\n", "A: b\nno field\n c\n"),
        ("-: \u00fc\n-: a\n", "-: a\n"),
    ],
)
def test_headers_of_any_kind(text: str, expected: str) -> None:
    assert of(text) == expected


def test_a_lone_cr_at_the_end() -> None:
    assert surrogate(b"A: b\n\r") == b"A: b\n\r"


# Parts


def multipart(*parts: str, kind: str = "mixed", boundary: str = "b") -> str:
    delimited = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return (
        f"Content-Type: multipart/{kind}; boundary={boundary}\n\npreamble \u00fc\n{delimited}--{boundary}--\n\u00fc\n"
    )


def test_the_headers_of_parts_are_presented() -> None:
    inner = multipart("Content-ID: \u00fc\n\nX: \u00fc", boundary="c")
    text = multipart("X: \u00fc\nContent-Type: text/plain; name=\u00fc\n\nX: \u00fc\n--c\n", "X: \u00fc\n", inner)
    presented = multipart("Content-Type: text/plain\n\nX: \u00fc\n--c\n", "", inner.replace("Content-ID: \u00fc\n", ""))
    assert of(text) == presented


def test_a_part_whose_header_has_no_end() -> None:
    assert of("Content-Type: multipart/mixed; boundary=b\n\n--b\nX: \u00fc\n--b\nX: \u00fc\n--b--\nX: \u00fc\n") == (
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n--b--\nX: \u00fc\n"
    )


def test_a_line_in_a_header_that_is_no_delimiter() -> None:
    assert of(multipart("--c\n--\u00fc\nX: \u00fc\n")) == multipart("--c\n")


def test_the_outer_delimiter_ends_the_inner_multipart() -> None:
    inner = "Content-Type: multipart/mixed; boundary=c\n\n--c\nX: \u00fc\n\n\u00fc\n"
    assert of(multipart(inner, "X: \u00fc\n\n--c\nX: \u00fc")) == multipart(
        inner.replace("X: \u00fc\n", "", 1), "\n--c\nX: \u00fc"
    )


def test_delimiters_without_anything_between() -> None:
    text = "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=c\n\n--c--\n--b\n"
    assert of(f"{text}X: \u00fc\n--b\n--b\nX: \u00fc\n") == f"{text}--b\n--b\n"


@pytest.mark.parametrize("media_type", ["message/rfc822", "message/global", "message/RFC822; x=y"])
def test_messages_inside_are_presented(media_type: str) -> None:
    nested = multipart("X: \u00fc\n\n\u00fc", boundary="c")
    text = multipart(f"Content-Type: {media_type}\n\nSubject: \u00fc\n{nested}")
    presented = text.replace("Subject: \u00fc", "Subject: =?utf-8?b?w7w=?=").replace("X: \u00fc\n\n", "\n")
    assert of(text) == presented.replace("global", "rfc822")


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_encoded_messages_inside_are_left_alone(encoding: str) -> None:
    text = multipart(f"Content-Type: message/global\nContent-Transfer-Encoding: {encoding}\n\nSubject: \u00fc\n\n")
    assert of(text) == text


def test_parts_of_a_digest_are_messages() -> None:
    text = multipart("\nX: \u00fc\n\n\u00fc", "Content-Type: text/plain\n\nX: \u00fc", kind="digest")
    assert of(text) == multipart("\n\n\u00fc", "Content-Type: text/plain\n\nX: \u00fc", kind="digest")


@pytest.mark.parametrize(
    ("media_type", "presented"),
    [
        ("message/global-delivery-status", "message/delivery-status"),
        ("message/global-disposition-notification", "message/disposition-notification"),
        ("message/global-headers", "text/rfc822-headers"),
    ],
)
def test_bodies_of_fields(media_type: str, presented: str) -> None:
    groups = "A: b\nX: \u00fc\n\nSubject: \u00fc\nContent-Type: message/global\n\nX: \u00fc\n c\nD: e\n"
    assert of(multipart(f"Content-Type: {media_type}\n\n{groups}", "X: \u00fc\n\n\u00fc")) == multipart(
        f"Content-Type: {presented}\n\nA: b\n\nSubject: =?utf-8?b?w7w=?=\nContent-Type: message/global\n\nD: e\n",
        "\n\u00fc",
    )


def test_a_body_of_fields_that_ends_the_message() -> None:
    assert (
        of("Content-Type: message/global-headers\n\nA: b\nX: \u00fc") == "Content-Type: text/rfc822-headers\n\nA: b\n"
    )


def test_a_multipart_too_deep_is_not_looked_into() -> None:
    text = "X: \u00fc\n\n"
    for depth in range(MAX_DEPTH + 2):
        text = multipart(text, boundary=f"b{depth}")
    assert of(text).count("X: \u00fc") == 1
    text = "X: \u00fc\n\n"
    for depth in range(MAX_DEPTH):
        text = multipart(text, boundary=f"b{depth}")
    assert of(text).count("X: \u00fc") == 0


# Long fields


@pytest.mark.parametrize(
    ("field", "presented"),
    [
        ("X: " + "a" * 500 + "\n", "X: " + "a" * 500 + "\n"),
        ("Subject: \u00fc" + "a" * (LONG - 13) + "\n b\n", ""),
        ("Subject: \u00fc" + "a" * 500 + "\n", ""),
        ("X: " + "a" * 297 + "b\n \u00fcc\n", "X: " + "a" * 297 + "b\n ??c\n"),
        ("Content-Type: multipart/mixed;\n x=" + "a" * 300 + ";\n boundary=b\n", None),  # passes, and is not read
    ],
)
def test_long_fields(field: str, presented: str | None) -> None:
    rest = "C: d\n\n--b\nX: \u00fc\n"
    assert of(field + rest) == (field if presented is None else presented) + rest


def test_a_field_that_is_just_not_too_long() -> None:
    field = "Subject: \u00fc" + "a" * (LONG - 12) + "\n"
    assert len(field.encode()) == LONG
    assert surrogate(field.encode()).startswith(b"Subject: =?utf-8?q?=C3=BCaaa")


def test_a_long_field_at_the_end_of_the_content() -> None:
    for end in ("", "\n", "\r\n"):
        content = f"X: {'a' * 400}{end}".encode()
        assert surrogate(content) == content
        assert surrogate(content[:350], b"\xff", content[350:]) == content[:350] + b"?" + content[350:]
        assert surrogate(b"X: \xff" + content) == b""


def test_a_long_field_that_is_cut_at_its_end() -> None:
    long = b"X: " + b"a" * 400 + b"\n"
    assert surrogate(long, b"Subject: \xc3\xbc\n") == long + b"Subject: =?utf-8?b?w7w=?=\n"
    assert surrogate(long, b" \xc3\xbc\nC: d\n") == long + b" ??\nC: d\n"


def test_a_long_field_in_a_body_of_fields() -> None:
    text = "Content-Type: message/disposition-notification\n\nX: " + "a" * 400 + "\n\n"
    assert of(text.replace("message/", "message/global-") + "X: \u00fc\n\nX: \u00fc\n") == text + "\n"


def test_a_field_that_may_not_be_as_long_as_a_delimiter_may_be_so_all_the_same() -> None:
    filter_ = Surrogate(0)
    content = multipart("X: \u00fc\n--b\nX: \u00fc\n").encode()
    assert filter_.feed(content) + filter_.finish() == surrogate(content)


def test_a_long_field_behind_a_type_that_is_held_back() -> None:
    header = "Content-Type: message/global\nX: " + "a" * 70_000 + "\n"
    assert of(header + "\nX: \u00fc\n") == header + "\nX: \u00fc\n"


# Invariants


@given(st.data(), CONTENTS)
def test_cutting_changes_nothing(data: st.DataObject, content: bytes) -> None:
    assert surrogate(*data.draw(splits(content))) == surrogate(content)


@given(CONTENTS)
def test_the_header_is_ascii(content: bytes) -> None:
    header = (b"\n" + surrogate(content)).replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    assert header.isascii()


@given(CONTENTS)
def test_what_is_presented_need_not_be_presented_again(content: bytes) -> None:
    presented = surrogate(content)
    if b"global" not in content:
        assert surrogate(presented) == presented


@given(CONTENTS)
def test_ascii_is_left_alone(content: bytes) -> None:
    content = content.decode("ascii", "ignore").encode().replace(b"global", b"local")
    assert surrogate(content) == content


@given(CONTENTS, st.data())
def test_the_octets_that_list_tells_are_those_that_retr_sends(content: bytes, data: st.DataObject) -> None:
    counter, filter_ = WireCounter(), Surrogate(LONG)
    for block in data.draw(splits(content)):
        counter.feed(filter_.feed(block))
    counter.feed(filter_.finish())
    whole = surrogate(content).replace(b"\r\n", b"\n")
    assert counter.finish() == len(whole) + whole.count(b"\n") + (2 if whole and not whole.endswith(b"\n") else 0)


# Against a stranger

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Z")), min_size=1, max_size=30)
SUBJECTS = st.lists(TEXT.filter(lambda text: "=?" not in text), min_size=1, max_size=6).map(" ".join)


@st.composite
def entities(draw: st.DrawFn, depth: int = 0) -> str:
    """A message, or a part of one, with its header."""
    fields = f"Subject: {draw(SUBJECTS)}\nX-Field: {draw(TEXT)}\nTo: \u00fc@x.org, a@x.org\n"
    kind = draw(st.sampled_from(["text/plain", "multipart", "message/rfc822", "message/global"])) if depth < 3 else ""
    if kind == "multipart":
        boundary = f"boundary-{depth}"
        parts = draw(st.lists(entities(depth + 1), min_size=1, max_size=3))
        delimited = "".join(f"--{boundary}\n{part}\n" for part in parts)
        return f'{fields}Content-Type: multipart/mixed; boundary="{boundary}"\n\n{delimited}--{boundary}--\n'
    if kind.startswith("message"):
        return f"{fields}Content-Type: {kind}; name=\u00fc\n\n{draw(entities(depth + 1))}"
    fields += "Content-Type: text/plain; charset=utf-8; name=\u00fc\nContent-Transfer-Encoding: 8bit\n"
    return f"{fields}\n{draw(TEXT)}\n"


def facts(content: bytes) -> list[tuple[str, str, str]]:
    message = message_from_bytes(content, policy=default)
    return [
        (
            part.get_content_type(),
            str(part["subject"]),
            "" if part.is_multipart() else cast(bytes, part.get_payload(decode=True)).decode(),
        )
        for part in message.walk()
    ]


@given(entities())
def test_a_stranger_reads_the_same_parts_and_subjects(text: str) -> None:
    subjects = [line.removeprefix("Subject: ") for line in text.split("\n") if line.startswith("Subject: ")]
    result = facts(surrogate(text.encode()))
    expected = facts(text.replace("message/global", "message/rfc822").encode())
    assert [(kind, body) for kind, _, body in result] == [(kind, body) for kind, _, body in expected]
    assert [subject for _, subject, _ in result] == subjects
    parts = message_from_bytes(surrogate(text.encode())).walk()
    assert all(value.isascii() for part in parts for _, value in part.raw_items())


@given(st.data(), entities(), st.sampled_from(["\n", "\r\n"]))
def test_cutting_changes_nothing_in_sane_messages(data: st.DataObject, text: str, line_end: str) -> None:
    content = text.replace("\n", line_end).encode()
    whole = surrogate(content)
    assert whole == surrogate(text.encode()).replace(b"\n", line_end.encode())
    assert surrogate(*data.draw(splits(content))) == whole
    assert surrogate(*(content[at : at + 1] for at in range(len(content)))) == whole


# Bounds


def test_memory_does_not_grow_with_the_message() -> None:
    block = b"x" * 65_536
    contents = [
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n",  # a body without lines
        b"X: ",  # a field without end
        b"Subject: \xc3\xbc",  # one that goes
        b"Content-Type: message/global\nX: ",  # one behind a type that is held back
    ]
    for beginning in contents:
        filter_ = Surrogate()
        filter_.feed(beginning)
        tracemalloc.start()
        for _ in range(100):
            filter_.feed(block)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 10 * len(block)
