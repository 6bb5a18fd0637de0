"""Fixtures of the tests of `mailgate store`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.support import make_house


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    """A gateway with a user and no mail."""
    return make_house(tmp_path)
