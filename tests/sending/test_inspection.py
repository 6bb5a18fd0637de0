"""What is seen to be wrong before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.faults import Fault
from mailgate.sending.inspection import inspect_smarthost
from mailgate.sending.place import Smarthost
from tests.sending.support import HOST, OURS


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("hush\n")
    file.chmod(0o600)
    return file


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o620])
def test_nothing_is_wrong(mode: int, password: Path) -> None:
    password.chmod(mode)
    assert list(inspect_smarthost(Smarthost(HOST, 587, "starttls", "alice"), OURS, str(password))) == []


@pytest.mark.parametrize("hostname", [OURS, OURS.upper(), f"{OURS}."])
def test_a_smarthost_that_is_ourselves(hostname: str) -> None:
    (fault,) = inspect_smarthost(Smarthost(OURS, 25, "clear"), hostname, "")
    assert fault == Fault("smarthost", f"{OURS} is this host itself: mail sent there would loop", "name another host")


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o601, 0o644])
def test_a_password_that_is_open_to_others(mode: int, password: Path) -> None:
    password.chmod(mode)
    (fault,) = inspect_smarthost(Smarthost(HOST, 587, "starttls", "alice"), OURS, str(password))
    assert fault.where == "smarthost_password"
    assert fault.what == f"{password} is open to everybody here"
    assert fault.hint == f"chmod 600 {password}"


def test_a_password_that_nobody_needs_or_that_is_not_there(password: Path) -> None:
    password.chmod(0o644)
    assert list(inspect_smarthost(Smarthost(HOST, 25, "clear"), OURS, str(password))) == []
    assert list(inspect_smarthost(Smarthost(HOST, 25, "starttls", "alice"), OURS, "")) == []
    assert list(inspect_smarthost(Smarthost(HOST, 25, "starttls", "alice"), OURS, f"{password}.none")) == []
