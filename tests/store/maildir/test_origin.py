"""What a file's name says of a message besides its entry."""

from __future__ import annotations

import pytest

from mailgate.mail import Entry
from mailgate.store.maildir.origin import Origin, origin_of


@pytest.mark.parametrize(
    ("key", "origin"),
    [
        ("new/1.a.b,S=1,W=2", Origin("1.a.b", "", True)),
        ("cur/1.a.b,S=1:2,SRab", Origin("1.a.b", "RS", False)),
        ("=cur/1.a.b:2,", Origin("1.a.b", "", False)),
        ("cur/1.a.b:1,S", Origin("1.a.b", "", False)),
        ("7", Origin("", "", False)),
    ],
)
def test_origin(key: str, origin: Origin) -> None:
    assert origin_of(Entry("uid", 1, key)) == origin
