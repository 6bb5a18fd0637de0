from __future__ import annotations

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.failures import StoreError
from mailgate.store.maildir.names import SEGMENT_OCTETS, from_segments, to_segments


@pytest.mark.parametrize(
    ("maildrop", "segments"),
    [
        ("alice@example.test", ("example.test", "alice")),
        ("Alice.B+tag@Example.TEST", ("example.test", "alice.b+tag")),
        ("a_b=c-d@x", ("x", "a_b=c-d")),
        ("a/b@x", ("x", "a%2fb")),
        ("..@x", ("x", "%2e.")),
        (".hidden@x", ("x", "%2ehidden")),
        ("100%@x", ("x", "100%25")),
        ("a@b@x", ("x", "a%40b")),
        ("a\0b@x", ("x", "a%00b")),
        ("ü@x", ("x", "%c3%bc")),
        ("u\u0308@x", ("x", "%c3%bc")),
        ("Ü@x", ("x", "%c3%bc")),
        ("straße@x", ("x", "strasse")),
        ("a@[192.0.2.1]", ("%5b192.0.2.1%5d", "a")),
    ],
)
def test_a_name_and_its_directories(maildrop: str, segments: tuple[str, str]) -> None:
    assert to_segments(maildrop) == segments


@pytest.mark.parametrize(
    "maildrop", ["", "alice", "@x", "a@", "@", "a" * 201 + "@x", "ü" * 34 + "@x", "a@" + "x" * 201, "\ud800@x"]
)
def test_what_makes_no_path_is_a_store_error(maildrop: str) -> None:
    with pytest.raises(StoreError):
        to_segments(maildrop)


@pytest.mark.parametrize(
    "directories",
    [("x", ".a"), ("x", "A"), ("x", "a b"), ("x", "%61"), ("x", "%C3%bc"), ("x", "%ff"), ("x", "ü"), ("", "a")],
)
def test_directories_that_no_name_becomes(directories: tuple[str, str]) -> None:
    assert from_segments(*directories) is None


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_there_and_back_and_never_outside(local_part: str, domain: str) -> None:
    try:
        segments = to_segments(f"{local_part}@{domain}")
    except StoreError:
        return  # too long
    for segment in segments:
        assert segment not in ("", ".", "..") and not segment.startswith(".")
        assert len(os.fsencode(segment)) <= SEGMENT_OCTETS
        assert set(segment) <= set("abcdefghijklmnopqrstuvwxyz0123456789._+=-%")
    name = from_segments(*segments)
    assert name is not None and to_segments(name) == segments
    assert unicodedata.is_normalized("NFC", name)
    assert os.path.normpath(os.path.join("/root", *segments)) == "/root/" + "/".join(segments)
