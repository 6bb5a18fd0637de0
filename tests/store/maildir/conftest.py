"""What the tests of an open maildrop share: one of three messages, on a disk that fails on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mailgate.store.maildir.store import MaildirStore
from tests.store.support import ALICE, NODE, FaultyDisk, at_once, deliver, message
from tests.support import result_of


@pytest.fixture
def faulty() -> FaultyDisk:
    return FaultyDisk()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "example.test" / "alice"


@pytest.fixture
def maildrop(tmp_path: Path, faulty: FaultyDisk) -> Any:
    store = MaildirStore(str(tmp_path), NODE, at_once, disk=faulty.disk)
    for number in range(3):
        result_of(deliver(store, message(b"%d\n" % number), ALICE))
    opened = result_of(store.open(ALICE))
    faulty.calls.clear()
    return opened
