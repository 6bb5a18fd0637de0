"""A message of an archive: what may be its flags and its UID."""

from __future__ import annotations

import pytest

from mailgate.archive.message import fitting_uid, known_flags


@pytest.mark.parametrize(("letters", "flags"), [("SR", "RS"), ("", ""), ("abSx", "S"), ("TSRPFDD", "DFPRST")])
def test_flags(letters: str, flags: str) -> None:
    assert known_flags(letters) == flags


def test_uids() -> None:
    assert fitting_uid("000000016b043f4c") == "000000016b043f4c"
    assert fitting_uid("x" * 70) == "x" * 70
    for text in ("", "x" * 71, "a b", "ä", "a\n"):
        assert fitting_uid(text) == ""
