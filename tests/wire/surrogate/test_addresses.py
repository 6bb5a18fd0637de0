"""Addresses for a reader of ASCII: who is kept, who is told of, and that nothing in a field stops it."""

from __future__ import annotations

from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.wire.surrogate.addresses import (
    INVALID_ADDRESS,
    comment_end,
    present_addresses,
    present_return_path,
    unquoted,
)
from mailgate.wire.surrogate.words import fold

NOBODY = INVALID_ADDRESS.strip("<>")


def read(text: str) -> list[tuple[str | None, list[tuple[str, str]]]]:
    """As the stdlib reads what is presented of `text`: (group or None, [(display name, address)])."""
    message = message_from_bytes(fold("To", present_addresses(text), "\n") + b"\n", policy=default)
    return [
        (group.display_name, [(address.display_name, address.addr_spec) for address in group.addresses])
        for group in message["to"].groups
    ]


def read_one(text: str) -> tuple[str, str]:
    # The newer reader shows the white space between two encoded-words of a name; the older one knows better.
    field = fold("To", present_addresses(text), "\n").decode("ascii").removeprefix("To: ").replace("\n", "")
    ((name, address),) = getaddresses([field])
    return str(make_header(decode_header(name))), address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("\u00fcser@example.org", ("\u00fcser@example.org", NOBODY)),
        ("<user@ex\u00e4mple.org>", ("user@ex\u00e4mple.org", NOBODY)),
        ("Fred Foo <fred@EX\u00c4MPLE.com>", ("Fred Foo <fred@EX\u00c4MPLE.com>", NOBODY)),
        ('"F\u00f6\u00f6, \\"Fred\\"" <f\u00e9@x.org>', ('F\u00f6\u00f6, "Fred" <f\u00e9@x.org>', NOBODY)),
        ('"Foo, Fred" <f\u00e9@x.org>', ("Foo, Fred <f\u00e9@x.org>", NOBODY)),
        ("J\u00fcrgen <j@example.org>", ("J\u00fcrgen", "j@example.org")),
        ('"M\u00fcller, J." <j@example.org>', ("M\u00fcller, J.", "j@example.org")),
        ("=?utf-8?q?=C3=A4?= \u00fc <j@example.org>", ("\u00e4 \u00fc", "j@example.org")),
        ("J\u00fcrgen <j@example.org> (home)", ("J\u00fcrgen", "j@example.org")),
        ("j@example.org (J\u00fcrgen (his) \\) name)", ("", "j@example.org")),
        ("J\u00fcr\r\n gen <j@example.org>", ("J\u00fcr gen", "j@example.org")),
        ('"\u00fc"\u00e4"b" <j@example.org>', ("\u00fc \u00e4 b", "j@example.org")),
        ('\u00fc "' + "x" * 57 + ',y" <j@example.org>', ("\u00fc " + "x" * 57 + ",y", "j@example.org")),
        ('\u00fc "' + "x" * 58 + ',y" <j@example.org>', ("\u00fc " + "x" * 58 + ",y", "j@example.org")),
        ('\u00fc "a\x07,b" <j@example.org>', ("\u00fc a\x07,b", "j@example.org")),
        ("\u00fc =?utf-8?q?" + "x" * 60 + "?= <j@example.org>", ("\u00fc " + "x" * 60, "j@example.org")),
        ("nobody at \u00e4ll", ("nobody at \u00e4ll", NOBODY)),
        ("a <b@x> <\u00fc@y>", ("a <b@x> <\u00fc@y>", NOBODY)),
        ("<\u00fc@example.org", ("\u00fc@example.org", NOBODY)),
        ('"J\u00fcrgen' + "x" * 60 + '" <j@example.org>', ("J\u00fcrgen" + "x" * 60, "j@example.org")),
        ("\u00fc " + '"' + "x" * 70 + '" <j@example.org>', ("\u00fc " + "x" * 70, "j@example.org")),
    ],
)
def test_one_address(text: str, address: tuple[str, str]) -> None:
    assert read_one(text) == address


def test_a_list_keeps_who_can_be_reached_as_it_is() -> None:
    text = '"Doe, John" <john@x.org>, \u00fc@x.org,, ,jane@[IPv6:::1] (Jane), J\u00fcrgen<j@x.org>,'
    assert " ".join(word.text for word in present_addresses(text)) == (
        f'"Doe, John" <john@x.org>, =?utf-8?b?w7xAeC5vcmc=?= {INVALID_ADDRESS}, jane@ [IPv6:::1] (Jane), '
        "=?utf-8?q?J=C3=BCrgen?= <j@x.org>"
    )


def test_groups_stay_groups() -> None:
    text = "Gr\u00fcp: Ed <ed@x.org>, \u00fc@x.org;, plain:\u00e4@x.org;undisclosed:;, last@x.org, open: z@x.org"
    assert read(text) == [
        ("Gr\u00fcp", [("Ed", "ed@x.org"), ("\u00fc@x.org", NOBODY)]),
        ("plain", [("\u00e4@x.org", NOBODY)]),
        ("undisclosed", []),
        (None, [("", "last@x.org")]),
        ("open", [("", "z@x.org")]),
    ]


def test_an_encoded_word_stands_apart_from_what_follows() -> None:
    assert [word.text for word in present_addresses("\u00fc:a@x.org;")] == ["=?utf-8?b?w7w=?=", ":", "a@x.org;"]


def test_semicolons_outside_of_groups_are_commas() -> None:
    assert read("a@x.org; \u00fc@x.org") == [(None, [("", "a@x.org")]), (None, [("\u00fc@x.org", NOBODY)])]


def test_a_colon_inside_a_group_opens_no_other() -> None:
    ((name, members),) = read("a: b: \u00fc@x.org;")
    assert (name, members) == ("a", [("b: \u00fc@x.org", NOBODY)])


@pytest.mark.parametrize("text", ["", " ", ",", "(\u00fc)", "(\u00fc", ";,;"])
def test_of_nothing_nothing(text: str) -> None:
    assert present_addresses(text) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("<\u00fc@x.org>", INVALID_ADDRESS),
        ("\u00fc@x.org", INVALID_ADDRESS),
        ("<a@x.org> (\u00fc)", "<a@x.org>"),
        ("<> (\u00fc)", "<>"),
    ],
)
def test_a_return_path_has_no_display_name(text: str, path: str) -> None:
    assert [word.text for word in present_return_path(text)] == [path]


@pytest.mark.parametrize(
    ("text", "end"), [("(a)b", 3), ("(a(b)c)d", 7), ("(\\)(\\()))", 8), ("(a", 2), ("((a)", 4), ("(a\\", 3)]
)
def test_where_a_comment_ends(text: str, end: int) -> None:
    assert comment_end(text, 0) == end


@pytest.mark.parametrize(
    ("text", "said"), [("a", "a"), ('"a b"', "a b"), ('"a\\"\\\\"', 'a"\\'), ('"', ""), ('"a', "a"), ('""', "")]
)
def test_what_a_quoted_string_says(text: str, said: str) -> None:
    assert unquoted(text) == said


@given(st.text(st.sampled_from('"\\()<>[]@.,:; \t\r\nab\u00fc=?\x00')))
def test_whatever_the_text_it_is_presented_in_ascii(text: str) -> None:
    for present in (present_addresses, present_return_path):
        words = present(text)
        assert all(word.text.isascii() and word.text.strip() for word in words)
        assert all(word.separator.strip() == "" for word in words)


@given(st.lists(st.sampled_from(["a@x.org", "\u00fc@x.org", "\u00fc <a@x.org>", "B <b@x.org>", '"c, d" <c@x.org>'])))
def test_as_many_as_there_were(addresses: list[str]) -> None:
    assert len(read(", ".join(["\u00fc@x.org", *addresses]))) == 1 + len(addresses)
