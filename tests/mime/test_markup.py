"""HTML as text and links."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mime.markup import page_of


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("plain &amp; simple", "plain & simple"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two<BR/>three", "one\ntwo\nthree"),
        ("a  b\n\tc", "a b c"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\n\nc"),
        ("<style>p {}</style><script>if (a < b) {}</SCRIPT>x<title>t</title><template>y</template>", "x"),
        ("x<script>no end", "x"),
        ("a<!-- <p>b</p> -->c<!DOCTYPE html>d<?xml ?>e", "acde"),
        ("a<!-- no end", "a"),
        ("a < b and b > c", "a < b and b > c"),
        ("<a title=it's>a</a>", "a"),
        ('<a title="a > b">c</a>', "c"),
        ("<b>a</b>b", "ab"),
        ("a <b", "a <b"),
        ("<![foo", ""),
    ],
)
def test_text(markup: str, text: str) -> None:
    assert page_of(markup).text == text


@pytest.mark.parametrize(
    ("markup", "links"),
    [
        ('<a href="https://a.test/?x=1&amp;y=2">a</a>', ["https://a.test/?x=1&y=2"]),
        ("<A HREF='HTTP://a.test/'>a</A>", ["HTTP://a.test/"]),
        ("<a class=x href=https://a.test/>a</a>", ["https://a.test/"]),
        ('<a data-href="https://no.test/" href="https://a.test/.">a</a>', ["https://a.test/."]),
        ("<area href=' https://a.test/\n b'>", ["https://a.test/b"]),
        ("<a href='mailto:a@b.test'>a</a><a>b</a><a name=href>c</a>", []),
        ("<p>see https://a.test/, or</p><a href=https://b.test>b</a>", ["https://a.test/", "https://b.test"]),
        ("<img src='https://no.test/'><link href='https://no.test/'>", []),
        ("<style>https://no.test/</style>", []),
    ],
)
def test_links(markup: str, links: list[str]) -> None:
    assert list(page_of(markup).links) == links


@given(st.text(max_size=200) | st.lists(st.sampled_from("<a>/'\"=!-? &;p")).map("".join))
def test_all_markup_is_a_page(markup: str) -> None:
    assert page_of(markup) == page_of(markup)


@pytest.mark.parametrize("piece", ["<a ", "<a '", '<a href="', "<!--", "<!", "</", "<", "<script>", "<a x='' "])
def test_broken_markup_takes_no_longer_than_other(piece: str) -> None:
    began = time.process_time()
    page_of(piece * (100_000 // len(piece)))
    assert time.process_time() - began < 5  # where every `<` looked to the end, it would be minutes
