"""Parameters: those beyond ASCII go, the others stay, and the boundary is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.wire.surrogate.parameters import BOUNDARY_OCTETS, ContentType, present_parameters, read_content_type


@pytest.mark.parametrize(
    ("body", "presented"),
    [
        ("attachment; filename=\u00fc", "attachment"),
        ('attachment; filename="\u00fc;x"; size=3', "attachment; size=3"),
        ('attachment;\r\n filename="a;\\"b";\n\tn\u00e4me=x;\n size=3;\r\n', 'attachment; filename="a;\\"b"; size=3'),
        ("text/plain (\u00fc; a=b); charset=utf-8 (c)", "text/plain; charset=utf-8"),
        ("text/plain; name=\u00fc;;", "text/plain"),
        ("attachment; filename*=utf-8''%C3%BC; filename=\u00fc", "attachment; filename*=utf-8''%C3%BC"),
        ("a; f*0=x; f*1=\u00fc; F*2*=y; f*=z; f=w; g*0=v", "a; f*=z; f=w; g*0=v"),  # pieces of one value go together
        ("te\u00fcxt/plain; a=b", ""),
        ("; a=\u00fc", ""),
        ("text/plain; name=\xff", "text/plain"),
        ('text/plain; a=b; name="\u00fc; c=d', "text/plain; a=b"),
    ],
)
def test_presents(body: str, presented: str) -> None:
    words = present_parameters(body.encode("utf-8" if "\xff" not in body else "latin-1"))
    assert " ".join(word.text for word in words) == presented


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"Text/Plain", ContentType("text/plain")),
        (b" multipart / mixed ;\n boundary=b\n", ContentType("multipart/mixed", b"b")),
        (b'multipart/mixed; a=b; BOUNDARY="b;\\"c "; boundary=d', ContentType("multipart/mixed", b'b;"c')),
        (b"multipart/mixed (x; boundary=c); boundary=b (d)", ContentType("multipart/mixed", b"b")),
        (b"multipart/mixed; boundary", ContentType("multipart/mixed")),
        (
            b"multipart/mixed; boundary=" + b"b" * BOUNDARY_OCTETS,
            ContentType("multipart/mixed", b"b" * BOUNDARY_OCTETS),
        ),
        (b"multipart/mixed; boundary=b" + b"b" * BOUNDARY_OCTETS, ContentType("multipart/mixed")),
        (b"", ContentType("")),
    ],
)
def test_reads(body: bytes, expected: ContentType) -> None:
    assert read_content_type(body) == expected


@given(st.lists(st.sampled_from([b'"', b"\\", b"(", b")", b";", b"=", b" ", b"\r\n", b"a", b"*0", b"\xc3", b"\xbc"])))
def test_whatever_the_octets_only_ascii_is_presented(pieces: list[bytes]) -> None:
    assert all(word.text.isascii() and word.text for word in present_parameters(b"".join(pieces)))
