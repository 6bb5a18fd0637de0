"""The links of a message."""

from __future__ import annotations

import pytest

from mailgate.mime import links_in


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("", []),
        ("Your code is 123456: https://example.test/c/1\n", ["https://example.test/c/1"]),
        ("See https://a.test/x. Or (https://b.test/y)!", ["https://a.test/x", "https://b.test/y"]),
        ("https://a.test/w_(x), <https://b.test/?q=a,b>", ["https://a.test/w_(x)", "https://b.test/?q=a,b"]),
        ("https://a.test/t0ken_ and https://a.test/t0ken-", ["https://a.test/t0ken_", "https://a.test/t0ken-"]),
        ("HTTPS://A.test/ https://A.test/ HTTPS://A.test/", ["HTTPS://A.test/", "https://A.test/"]),
        ("[here](https://a.test/) **https://b.test/**", ["https://a.test/", "https://b.test/"]),
        ("打开https://a.test/路径。谢谢", ["https://a.test/路径。谢谢"]),
        ("https://a.test/路径。", ["https://a.test/路径"]),
        ("https:// and http://. and ftp://a.test/ and xhttps://b.test/", []),
    ],
)
def test_links_of_a_text(text: str, links: list[str]) -> None:
    assert links_in(text) == links


def test_html_has_those_that_the_text_has_not() -> None:
    html = "<a href='https://b.test/'>https://c.test/</a> https://a.test/"
    assert links_in("https://a.test/", html) == ["https://a.test/", "https://b.test/", "https://c.test/"]
