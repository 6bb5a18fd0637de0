"""Settings, as the configuration reads them."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from mailgate.testing.settings import written


@pytest.mark.parametrize("value", ["5s", 'a "b" \\ ü', 5, 1.5, True, ["tcp:0", "x"], []])
def test_they_are_written_as_toml_reads_them(value: Any) -> None:
    (override,) = written({"a.b": value})
    assert override.startswith("a.b=")
    assert tomllib.loads(override) == {"a": {"b": value}}
