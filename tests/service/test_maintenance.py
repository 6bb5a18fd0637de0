"""What commands do with a gateway's files: on a real disk, without a reactor."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from mailgate.config import Accounts, Config, Maildrops, Store
from mailgate.faults import Fault
from mailgate.service.maintenance import WrongUser, at_once, maintenance
from mailgate.sweeping.sweeper import Swept

ALICE = "alice@example.test"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    domain = tmp_path / "domains" / "example.test"
    domain.mkdir(parents=True)
    (domain / "users").write_text("alice:{PLAIN}x\nbob:{PLAIN}x::::::mailgate_keep_days=0\n")
    for user in ("alice", "bob", "carol"):
        new = tmp_path / "mail" / "example.test" / user / "new"
        new.mkdir(parents=True)
        (new / "1000000000.1.elsewhere").write_text("Subject: old\n\nold\n")
    return Config(
        state=str(tmp_path),
        accounts=Accounts(directory=str(tmp_path / "domains")),
        store=Store(directory=str(tmp_path / "mail")),
        maildrops=Maildrops(keep_days=30),
    )


def left(config: Config, user: str) -> int:
    return len(os.listdir(Path(config.store.directory) / "example.test" / user / "new"))


def test_a_sweep(config: Config) -> None:
    faults: list[Fault] = []
    house = maintenance(config, faults.append)
    swept = {each.maildrop: each for each in house.sweep(rehearse=False, unlimited=False)}
    assert swept == {
        ALICE: Swept(maildrop=ALICE, messages=1, octets=21),
        "bob@example.test": Swept(maildrop="bob@example.test"),  # keeps everything, and carol is nobody
    }
    assert [left(config, user) for user in ("alice", "bob", "carol")] == [0, 1, 1]
    assert faults == []


def test_a_rehearsal(config: Config) -> None:
    house = maintenance(config, lambda fault: None)
    assert next(house.sweep(rehearse=True, unlimited=False)).messages == 1
    assert left(config, "alice") == 1


def test_what_is_wrong_with_accounts_is_told(config: Config) -> None:
    (Path(config.accounts.directory) / "example.test" / "users").write_text("alice\n")
    faults: list[Fault] = []
    house = maintenance(config, faults.append)
    assert "colon" in faults[0].hint
    assert list(house.sweep(rehearse=False, unlimited=False)) == []  # of nobody can it be said what was decided
    assert left(config, "alice") == 1


def test_another_users_mail_is_not_touched(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.stat(config.store.directory).st_uid + 1)
    with pytest.raises(WrongUser, match=r"belongs to \w+: run this as that user"):
        maintenance(config, lambda fault: None)


def test_an_owner_without_a_name(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(user: int) -> object:
        raise KeyError(user)

    monkeypatch.setattr(os, "geteuid", lambda: -1)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    with pytest.raises(WrongUser, match=r"belongs to #\d+"):
        maintenance(config, lambda fault: None)


def test_before_there_is_any_mail(config: Config, tmp_path: Path) -> None:
    (tmp_path / "mail").rename(tmp_path / "elsewhere")
    assert list(maintenance(config, lambda fault: None).sweep(rehearse=False, unlimited=False)) == []


def test_nothing_may_wait() -> None:
    async def wait() -> None:
        await Deferred()

    with pytest.raises(AssertionError, match="waits"):
        at_once(wait())
