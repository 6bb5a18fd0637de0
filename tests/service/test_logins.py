"""Who tries to log in, as a gateway has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock

from mailgate.accounts.domains import Domains
from mailgate.config import Config
from mailgate.control.calls import Arguments
from mailgate.service.logins import FILE, Logins
from tests.support import result_of


async def at_once(work: Any) -> Any:
    return work()


@pytest.fixture
def domains(tmp_path: Path) -> Domains:
    directory = tmp_path / "domains" / "example.org"
    directory.mkdir(parents=True)
    (directory / "users").write_text("alice:{PLAIN}secret\n")
    return Domains(str(tmp_path / "domains"), lambda fault: None)


def logins(tmp_path: Path, domains: Domains) -> Logins:
    return Logins(Config(state=str(tmp_path)), Clock(), at_once, lambda: domains)


@pytest.mark.parametrize(
    ("typed", "account"),
    [
        ("alice", "alice@example.org"),
        ("Alice@Example.org", "alice@example.org"),
        ("bob@example.org", None),
        ("alice@elsewhere.org", None),
        ("\udcff", None),
        ("", None),
    ],
)
def test_whose_login_name_it_is(tmp_path: Path, domains: Domains, typed: str, account: str | None) -> None:
    assert logins(tmp_path, domains).account_of(typed) == account


def test_where_nothing_can_be_told_there_is_nobody(tmp_path: Path, domains: Domains) -> None:
    (tmp_path / "domains" / "example.org" / "users").write_text("alice: what is this\n")
    assert logins(tmp_path, domains).account_of("alice@example.org") is None


def test_it_is_remembered_beyond_a_restart(tmp_path: Path, domains: Domains) -> None:
    first = logins(tmp_path, domains)
    first.start()
    attempt = result_of(first.throttle.begin("192.0.2.1", "alice", b"guess"))
    result_of(attempt.wrong())
    assert result_of(first.delays.once("login/alice@example.org", 60.0))
    result_of(first.stop())
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    second = logins(tmp_path, domains)
    second.start()
    assert not result_of(second.delays.once("login/alice@example.org", 60.0))
    told = result_of(second.functions()["limits"](Arguments({})))
    assert "alice@example.org" in str(told) and "guess" not in str(told)
    result_of(second.stop())
