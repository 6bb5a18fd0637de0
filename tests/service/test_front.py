"""Who is who, for one front after the other."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from twisted.internet.task import Clock

from mailgate.config import Accounts, Config, Maildrops
from mailgate.faults import Fault
from mailgate.metrics.commits import Commits
from mailgate.rules import Promise
from mailgate.service.front import Access, CannotBuild, Frame, Front, anyone, known_users
from tests.accounts.later import Later
from tests.support import Facts, path, result_of


class House:
    """A configuration with accounts, and the fronts' view of them."""

    def __init__(self, root: Path) -> None:
        self.users = root / "example.test" / "users"
        self.users.parent.mkdir()
        self.users.write_text("alice:{PLAIN}x\n")
        self.config = Config(accounts=Accounts(directory=str(root)), maildrops=Maildrops(keep_days=30))
        self.reported: list[Fault] = []
        self.later = Later()

    def access(self, config: Config, before: Access | None = None) -> Access:
        domains = before.domains if before is not None else None
        return known_users(config, self.later, self.reported.append, Clock(), aside=self.later, domains=domains)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_front_takes_over_what_another_has_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    old = house.access(house.config)
    assert old.domains is not None and old.domains.load() == ()
    house.users.write_text("alice\n")
    new_config = attrs.evolve(house.config, maildrops=Maildrops(keep_days=7))
    new = house.access(new_config, old)
    assert new.domains is old.domains and new.directory is not old.directory
    assert new.rulebook.promise() == Promise(expire_days=30)  # until it serves
    new.decide(new_config)
    assert new.rulebook.promise() == old.rulebook.promise() == Promise(expire_days=7)
    (destination,) = result_of(new.directory.resolve(path("alice@example.test")))
    assert (destination,) == result_of(old.directory.resolve(path("alice@example.test")))
    assert [fault.where for fault in house.reported] == [f"{house.users}:1"]


def test_spools_are_where_they_were_when_the_process_moves(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frame = Frame(
        clock=Clock(),
        disk=house.later,
        commits=house.later,
        commits_apart=False,
        hashing=house.later,
        bulletin=Facts(),
        spools="spools",
        node="node",
        commits_watch=Commits(lambda: 0.0),
    )
    assert Front(house.config, house.access(house.config), frame).spools == str(tmp_path / "spools")


def test_long_files_are_read_aside(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    access = house.access(house.config)
    assert access.domains is not None and access.domains.load() == ()
    monkeypatch.setattr("mailgate.accounts.watched.AT_ONCE_OCTETS", 0)
    house.users.write_text("bob:{PLAIN}x\n")
    access.domains.current("example.test")
    assert len(house.later.waiting) == 1


def test_a_checker_that_cannot_be_had(house: House) -> None:
    accounts = attrs.evolve(house.config.accounts, checkers=("nowhere_at_all:Checker",))
    with pytest.raises(CannotBuild, match="nowhere_at_all"):
        house.access(attrs.evolve(house.config, accounts=accounts))


def test_where_anybody_may_come_there_is_nothing_to_decide(house: House) -> None:
    access = anyone(house.config, {})
    access.decide(attrs.evolve(house.config, maildrops=Maildrops(keep_days=7)))
    assert access.domains is None and access.rulebook.promise() == Promise(expire_days=30)
