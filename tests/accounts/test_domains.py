"""The directory of domains: loaded with all its faults, and live."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mailgate.accounts.domains import Domains
from mailgate.faults import Fault


class House:
    """A directory of domains and the faults that were reported of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.reported: list[Fault] = []
        self.domains = Domains(str(root), self.reported.append)

    def write(self, domain: str, file: str, text: str) -> None:
        (self.root / domain).mkdir(exist_ok=True)
        (self.root / domain / file).write_text(text)

    def drops(self, local_part: str, domain: str) -> tuple[str, ...]:
        return self.domains.current().maildrops(local_part, domain)


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.write("example.test", "users", "alice:{PLAIN}x\n")
    return house


def test_domains_with_and_without_aliases(house: House) -> None:
    house.write("other.test", "users", "bob:{PLAIN}x\n")
    house.write("other.test", "aliases", "info: bob, alice@example.test\n")
    assert house.domains.load() == ()
    assert list(house.domains.current().domains) == ["example.test", "other.test"]
    assert house.drops("info", "other.test") == ("bob@other.test", "alice@example.test")


def test_what_is_no_domain_is_passed_by(house: House) -> None:
    (house.root / "README").write_text("for people")
    (house.root / "lost+found").mkdir()
    (house.root / "empty.test").mkdir()
    house.write(".git", "users", "alice:{PLAIN}x\n")
    assert house.domains.load() == ()
    assert list(house.domains.current().domains) == ["example.test"]


def test_all_faults_are_told_at_once(house: House) -> None:
    house.write("example.test", "users", "alice:{PLAIN}x\nbob\n")
    house.write("example.test", "aliases", "info alice\n")
    house.write("other.test", "users", "carol:{PLAIN}x\n")
    house.write("other.test", "aliases", "info: carl\n")
    house.write("Upper.Test", "users", "")
    house.write("under_score", "users", "")
    faults = [str(fault).removeprefix(f"{house.root}/") for fault in house.domains.load()]
    assert [fault.split(" ")[0] for fault in faults] == [
        "Upper.Test:",
        "example.test/users:2:",
        "example.test/aliases:1:",
        "under_score:",
        "other.test/aliases:1:",
    ]
    assert "rename it to upper.test" in faults[0]
    assert "did you mean 'carol@other.test'?" in faults[-1]
    assert house.reported == []


def test_a_missing_directory_is_a_fault_that_says_what_to_create(tmp_path: Path) -> None:
    house = House(tmp_path / "domains")
    (fault,) = house.domains.load()
    assert fault.where == str(house.root)
    assert f"create {house.root}/example.org/users" in fault.hint
    assert house.domains.current().domains == {}
    assert house.reported == []  # `load` told it


def test_a_directory_that_cannot_be_listed(tmp_path: Path) -> None:
    (tmp_path / "domains").write_text("")
    (fault,) = House(tmp_path / "domains").domains.load()
    assert fault.what == "cannot be listed: Not a directory"


def test_edits_are_live(house: House) -> None:
    assert house.domains.load() == ()
    house.write("example.test", "users", "alice:{PLAIN}x\nbob:{PLAIN}x\n")
    assert house.drops("bob", "example.test") == ("bob@example.test",)
    house.write("example.test", "aliases", "info: bob\n")
    assert house.drops("info", "example.test") == ("bob@example.test",)
    house.write("new.test", "users", "carol:{PLAIN}x\n")
    assert house.drops("carol", "new.test") == ("carol@new.test",)
    house.write("example.test", "users", "bob:{PLAIN}x\n")
    assert house.drops("alice", "example.test") == ()
    assert house.reported == []


def test_a_domain_goes_with_its_directory(house: House) -> None:
    house.write("other.test", "users", "bob:{PLAIN}x\n")
    assert house.drops("bob", "other.test") == ("bob@other.test",)
    shutil.rmtree(house.root / "other.test")
    assert not house.domains.current().is_ours("other.test")
    assert house.reported == []


def test_a_broken_edit_changes_nothing_and_is_reported_once(house: House) -> None:
    house.domains.load()
    house.write("example.test", "users", "bob:{PLAIN}x\ncarol\n")
    for _ in range(3):
        assert house.drops("alice", "example.test") == ("alice@example.test",)
        assert house.drops("bob", "example.test") == ()
    assert [fault.where for fault in house.reported] == [f"{house.root}/example.test/users:2"]
    house.write("example.test", "users", "bob:{PLAIN}x\n")
    assert house.drops("bob", "example.test") == ("bob@example.test",)
    house.write("example.test", "users", "bob:{PLAIN}x\ncarol\n")
    house.domains.current()
    assert len(house.reported) == 2  # it was mended in between


def test_an_alias_that_comes_to_lead_nowhere_is_reported_and_the_edit_holds(house: House) -> None:
    house.write("example.test", "users", "alice:{PLAIN}x\nbob:{PLAIN}x\n")
    house.write("example.test", "aliases", "info: bob\nsales: alice\n")
    assert house.domains.load() == ()
    house.write("example.test", "users", "alice:{PLAIN}x\n")
    assert house.drops("bob", "example.test") == ()
    assert house.drops("sales", "example.test") == ("alice@example.test",)
    assert [fault.what.split(":")[0] for fault in house.reported] == ["alias to nobody"]


def test_a_new_domain_that_is_broken_is_not_there(house: House) -> None:
    house.domains.load()
    house.write("new.test", "users", "carol\n")
    assert not house.domains.current().is_ours("new.test")
    assert [fault.where for fault in house.reported] == [f"{house.root}/new.test/users:1"]


def test_a_directory_that_goes_away_forgets_nobody(house: House) -> None:
    house.write("example.test", "aliases", "info: nobody\n")
    before = house.domains.load()
    away = house.root.with_name("away")
    os.rename(house.root, away)
    assert house.drops("alice", "example.test") == ("alice@example.test",)
    house.domains.current()
    assert len(house.reported) == 1
    os.rename(away, house.root)
    assert house.domains.load() == before
    assert len(house.reported) == 1


def test_a_users_file_that_goes_away_forgets_nobody(house: House) -> None:
    house.domains.load()
    (house.root / "example.test" / "users").unlink()
    assert house.drops("alice", "example.test") == ("alice@example.test",)
    assert [fault.what for fault in house.reported] == ["the file has gone"]
