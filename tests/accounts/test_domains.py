"""The directory of domains: loaded with all its faults, and live."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailgate.accounts.decisions import NOTHING_SAID, Decisions
from mailgate.accounts.domains import LOOK_SECONDS, Domains
from mailgate.accounts.register import OutOfService
from mailgate.accounts.spelling import DEFAULT_SPELLING, Spelling
from mailgate.faults import Fault
from mailgate.rules import NO_QUOTA, NO_RULES, Promise, Quota, Retention, Rules
from tests.accounts.later import Later


class House:
    """A directory of domains, the faults that were reported of it, and a clock that stands still."""

    def __init__(
        self,
        root: Path,
        spelling: Spelling = DEFAULT_SPELLING,
        default: Decisions = NOTHING_SAID,
        aside: Later | None = None,
    ) -> None:
        self.root = root
        self.reported: list[Fault] = []
        self.now = 0.0
        self.domains = Domains(str(root), self.reported.append, lambda: self.now, spelling, default, aside)

    def write(self, domain: str, file: str, text: str) -> None:
        (self.root / domain).mkdir(exist_ok=True)
        (self.root / domain / file).write_text(text)

    def drops(self, local_part: str, domain: str) -> tuple[str, ...]:
        return self.domains.current(domain).maildrops(local_part, domain)

    def is_ours(self, domain: str) -> bool:
        return self.domains.current(domain).is_ours(domain)


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
    assert not house.is_ours("other.test")
    assert house.reported == []


def test_a_broken_edit_changes_nothing_and_is_reported_once(house: House) -> None:
    house.domains.load()
    house.write("example.test", "users", "bob:{PLAIN}x\ncarol\n")
    for _ in range(3):
        assert house.drops("alice", "example.test") == ("alice@example.test",)
        with pytest.raises(OutOfService, match="users:2"):  # bob may be new
            house.drops("bob", "example.test")
        house.now += LOOK_SECONDS
    (fault,) = house.reported
    assert fault.where == f"{house.root}/example.test/users:2"
    assert fault.what.endswith("; what was there before stays in force")
    house.write("example.test", "users", "bob:{PLAIN}x\n")
    assert house.drops("bob", "example.test") == ("bob@example.test",)
    house.write("example.test", "users", "bob:{PLAIN}x\ncarol\n")
    assert house.drops("bob", "example.test") == ("bob@example.test",)
    assert len(house.reported) == 2  # it was mended in between


def test_an_alias_that_comes_to_lead_nowhere_is_reported_and_the_edit_holds(house: House) -> None:
    house.write("example.test", "users", "alice:{PLAIN}x\nbob:{PLAIN}x\n")
    house.write("example.test", "aliases", "info: bob\nsales: alice\n")
    assert house.domains.load() == ()
    house.write("example.test", "users", "alice:{PLAIN}x\n")
    assert house.drops("bob", "example.test") == ()
    assert house.drops("sales", "example.test") == ("alice@example.test",)
    (fault,) = house.reported
    assert fault.what.startswith("alias to nobody: ")
    assert fault.what.endswith("; mail for it is put off until it is repaired")


def test_of_a_new_domain_that_is_broken_nobody_can_say_who_is_there(house: House) -> None:
    house.domains.load()
    house.write("new.test", "users", "carol\n")
    assert house.is_ours("new.test")
    with pytest.raises(OutOfService, match=r"new\.test/users:1"):
        house.drops("dave", "new.test")
    (fault,) = house.reported
    assert fault.where == f"{house.root}/new.test/users:1"
    assert fault.what.endswith("; nobody of this domain can be reached until it is repaired")
    house.write("new.test", "users", "carol:{PLAIN}x\n")
    assert house.drops("carol", "new.test") == ("carol@new.test",)
    assert house.drops("dave", "new.test") == ()


def test_aliases_that_were_never_right(house: House) -> None:
    house.domains.load()
    house.write("example.test", "aliases", "info\n")
    assert house.drops("alice", "example.test") == ("alice@example.test",)
    with pytest.raises(OutOfService, match=r"aliases:1"):
        house.drops("info", "example.test")
    assert house.reported[0].what.endswith("; no alias of this domain can be reached until it is repaired")


def test_a_domain_in_capitals_is_not_there_and_is_not_said_to_be_elsewhere(house: House) -> None:
    house.domains.load()
    house.write("Upper.Test", "users", "carol:{PLAIN}x\n")
    house.write("under_score", "users", "")
    house.now += LOOK_SECONDS
    with pytest.raises(OutOfService, match=r"rename it to upper\.test"):
        house.drops("carol", "upper.test")
    assert [fault.what.partition("; ")[2] for fault in house.reported] == [
        "nobody of this domain can be reached until it is repaired",
        "",
    ]
    os.rename(house.root / "Upper.Test", house.root / "upper.test")
    assert house.drops("carol", "upper.test") == ("carol@upper.test",)


def test_the_right_spelling_goes_first(house: House) -> None:
    house.write("Example.test", "users", "carol:{PLAIN}x\n")
    house.domains.load()
    assert house.drops("alice", "example.test") == ("alice@example.test",)


def test_one_bad_line_hides_no_other_fault(house: House) -> None:
    house.write("example.test", "users", "alice:{PLAIN}x\nbob:plain\n")
    house.write("example.test", "aliases", "info: alcie\nbroken\nteam: bob, sales\nsales@: bob\nx: y@foreign.test\n")
    house.write("other.test", "users", "zoe:{PLAIN}x\n")
    house.write("other.test", "aliases", "one: zeo\ntwo: bob@example.test, carol@example.test\n")
    faults = [str(fault).removeprefix(f"{house.root}/") for fault in house.domains.load()]
    assert [fault.split(": ")[0] for fault in faults] == [
        "example.test/users:2",
        "example.test/aliases:2",
        "example.test/aliases:4",
        "example.test/aliases:1",
        "example.test/aliases:5",
        "other.test/aliases:1",
        "other.test/aliases:2",
    ]


def test_who_is_in_a_file_that_is_no_text_cannot_be_told(house: House) -> None:
    (house.root / "example.test" / "users").write_bytes(b"\xff")
    house.write("example.test", "aliases", "info: alice, loop\nloop: loop\n")
    assert [fault.what.split(":")[0] for fault in house.domains.load()] == [
        "not UTF-8",
        "loop@example.test leads to itself",
    ]


def test_others_are_looked_at_once_a_second(house: House) -> None:
    house.write("other.test", "users", "bob:{PLAIN}x\n")
    house.domains.load()
    house.write("other.test", "users", "carol:{PLAIN}x\n")
    assert house.domains.current("example.test").maildrops("carol", "other.test") == ()
    assert house.domains.current("elsewhere.test").maildrops("carol", "other.test") == ()
    house.now += LOOK_SECONDS
    assert house.domains.current("example.test").maildrops("carol", "other.test") == ("carol@other.test",)


def put_off(house: House, local_part: str) -> bool:
    try:
        house.drops(local_part, "example.test")
    except OutOfService:
        return True
    return False


def test_a_catch_all_is_live(house: House) -> None:
    house.write("example.test", "users", "alice:{PLAIN}x\nbob:{PLAIN}x\n")
    assert house.domains.load() == ()
    assert house.drops("any", "example.test") == ()
    house.write("example.test", "aliases", "*: alice\n")
    assert house.drops("any", "example.test") == ("alice@example.test",)
    house.write("example.test", "aliases", "*: bob\n")
    assert house.drops("any", "example.test") == ("bob@example.test",)
    house.write("example.test", "aliases", "# none\n")
    assert house.drops("any", "example.test") == ()
    assert house.reported == []


def test_a_broken_edit_of_a_catch_all_puts_off_whom_it_may_concern(house: House) -> None:
    house.write("example.test", "aliases", "info: alice\n*: alice\n")
    assert house.domains.load() == ()
    house.write("example.test", "aliases", "info: alice, carol\n*: a..b\n")
    assert house.drops("info", "example.test") == ("alice@example.test",)  # as it was before
    assert house.drops("postmaster", "example.test") == ("alice@example.test",)
    assert put_off(house, "any") and put_off(house, "any+x")
    (fault,) = house.reported  # carol is no second one: the line that is broken may well be what catches her
    assert fault.where == f"{house.root}/example.test/aliases:2"
    house.write("example.test", "aliases", "info: alice\n*: alice\n")
    assert house.drops("any", "example.test") == ("alice@example.test",)


def test_a_catch_all_that_comes_to_lead_nowhere(house: House) -> None:
    house.write("example.test", "users", "alice:{PLAIN}x\nbob:{PLAIN}x\n")
    house.write("example.test", "aliases", "*: bob\n")
    assert house.domains.load() == ()
    house.write("example.test", "users", "alice:{PLAIN}x\n")
    assert put_off(house, "any") and put_off(house, "bob")
    assert house.drops("alice+x", "example.test") == ("alice@example.test",)
    (fault,) = house.reported
    assert fault.what == (
        "alias to nobody: *@example.test leads to bob@example.test; mail for it is put off until it is repaired"
    )


def test_a_new_user_in_a_broken_file_is_not_the_catch_all_s(house: House) -> None:
    house.write("example.test", "aliases", "info: bob\n*: alice\n")
    assert house.domains.load() == ()
    assert house.drops("info", "example.test") == ("alice@example.test",)
    house.write("example.test", "users", "alice:{PLAIN}x\nbob:{PLAIN}x\ncarol\n")
    assert put_off(house, "bob") and put_off(house, "info")
    assert len(house.reported) == 1
    house.write("example.test", "users", "alice:{PLAIN}x\nbob:{PLAIN}x\n")
    assert house.drops("info", "example.test") == ("bob@example.test",)


def test_all_faults_are_judged_by_the_same_rules_of_spelling(tmp_path: Path) -> None:
    house = House(tmp_path, Spelling("-", frozenset({"example.test"})))
    house.write("example.test", "users", "a.lice:{PLAIN}x\ncarol\n")
    house.write("example.test", "aliases", "info: alice-x\nsales: alice+x\n")
    assert [fault.where.rpartition("/")[2] for fault in house.domains.load()] == ["users:2", "aliases:2"]


def test_names_that_differ_in_dots_alone_are_told_and_served(tmp_path: Path) -> None:
    house = House(tmp_path, Spelling(ignore_dots=frozenset({"example.test"})))
    house.write("example.test", "users", "j.d:{PLAIN}x\njd:{PLAIN}x\n")
    (fault,) = house.domains.load()
    assert str(fault) == (
        f"{tmp_path}/example.test/users:2: jd@example.test differs from j.d@example.test on line 1 in dots alone, "
        "which mean nothing in example.test"
    )
    drops = [house.drops(name, "example.test") for name in ("j.d", "jd", "jd.", "j.d+x")]
    assert drops == [("j.d@example.test",), ("jd@example.test",), ("j.d@example.test",), ("j.d@example.test",)]
    assert house.domains.unreadable() == ()
    house.write("example.test", "users", "j.d:{PLAIN}x\njd:{PLAIN}x\nx\n")
    house.now += LOOK_SECONDS
    house.drops("j.d", "example.test")
    assert [fault.where.rpartition(":")[2] for fault in house.reported] == ["3"]
    house.write("example.test", "users", "j.d:{PLAIN}x\n")
    assert house.drops("jd", "example.test") == ("j.d@example.test",)
    house.write("example.test", "users", "jd:{PLAIN}x\nj.d:{PLAIN}x\n")
    assert house.drops("jd.", "example.test") == ("jd@example.test",)
    assert house.reported[-1].what.endswith(
        "; each has the mail for its own spelling, and the first that for all others"
    )


@pytest.mark.parametrize("domain", ["", "..", "a\0b", "x" * 5_000, "\ud800"])
def test_any_domain_may_be_asked_for(house: House, domain: str) -> None:
    house.domains.load()
    assert house.drops("alice", domain) == ()


def test_what_a_start_must_not_overlook(house: House) -> None:
    house.write("example.test", "aliases", "info: nobody\n")
    assert house.domains.unreadable() == ()
    assert [fault.what.split(":")[0] for fault in house.reported] == ["alias to nobody"]
    house.write("new.test", "users", "carol\ndave\n")
    house.write("more.test", "users", "carol:{PLAIN}x\n")
    house.write("more.test", "aliases", "info\n")
    places = ["more.test/aliases:1", "new.test/users:1", "new.test/users:2"]
    assert [fault.where.removeprefix(f"{house.root}/") for fault in house.domains.unreadable()] == places
    assert len(house.reported) == 1
    assert [fault.where for fault in House(house.root / "none").domains.unreadable()] == [f"{house.root}/none"]


def test_until_the_directory_can_be_listed_nothing_is_known(tmp_path: Path) -> None:
    house = House(tmp_path / "domains")
    with pytest.raises(OutOfService, match="no such directory"):
        house.drops("alice", "example.test")
    assert house.is_ours("anything.test")
    assert house.reported[0].what.endswith("; nobody can be reached until it is repaired")
    house.root.mkdir()
    house.now += LOOK_SECONDS
    assert not house.is_ours("anything.test")
    house.write("example.test", "users", "alice:{PLAIN}x\n")
    assert house.drops("alice", "example.test") == ("alice@example.test",)
    assert len(house.reported) == 1


def test_a_directory_that_goes_away_forgets_nobody(house: House) -> None:
    house.write("example.test", "aliases", "info: nobody\n")
    before = house.domains.load()
    away = house.root.with_name("away")
    os.rename(house.root, away)
    for _ in range(2):
        assert house.drops("alice", "example.test") == ("alice@example.test",)
    (fault,) = house.reported
    assert fault.what == "there is no such directory of accounts; what was there before stays in force"
    os.rename(away, house.root)
    assert house.domains.load() == before
    assert len(house.reported) == 1


def test_a_users_file_that_goes_away_forgets_nobody(house: House) -> None:
    house.domains.load()
    (house.root / "example.test" / "users").unlink()
    assert house.drops("alice", "example.test") == ("alice@example.test",)
    assert [fault.what for fault in house.reported] == ["the file has gone; what was there before stays in force"]


def test_rules_are_live(tmp_path: Path) -> None:
    house = House(tmp_path, default=Decisions(keep_days=90))
    house.write("example.test", "users", "alice:{PLAIN}x\nbob:{PLAIN}x::::::mailgate_keep_days=7\n")
    assert house.domains.load() == ()
    assert house.domains.rules("alice@example.test") == Rules(retention=Retention(days=90))
    assert house.domains.promise() == Promise(expire_days=7, expire_differs=True)
    house.write("example.test", "rules", 'keep_days = 30\nlogin_delay = "1m"\n')
    alice = Rules(retention=Retention(days=30), login_delay_seconds=60)
    assert house.domains.rules("alice@example.test") == house.domains.sweep_rules("alice@example.test") == alice
    assert house.domains.rules("bob@example.test").retention == Retention(days=7)
    assert house.domains.promise() == Promise(expire_days=7, expire_differs=True, login_delay_seconds=60)
    house.write("example.test", "users", "alice:{PLAIN}x\n")
    house.now += LOOK_SECONDS
    assert house.domains.promise() == Promise(expire_days=30, login_delay_seconds=60)
    assert house.domains.rules("bob@example.test") == NO_RULES
    assert house.domains.sweep_rules("bob@example.test") is None
    assert house.reported == []


def test_quotas_are_live_within_a_second(tmp_path: Path) -> None:
    house = House(tmp_path, default=Decisions(quota=1_000))
    house.write(
        "example.test", "users", "alice:{PLAIN}x\nbob:{PLAIN}x::::::mailgate_quota=0 mailgate_quota_messages=5\n"
    )
    assert house.domains.load() == ()
    assert house.domains.quota("alice@example.test") == Quota(octets=1_000)
    assert house.domains.quota("bob@example.test") == Quota(messages=5)
    assert house.domains.quota("nobody@example.test") == house.domains.quota("x@elsewhere.test") == NO_QUOTA
    house.write("example.test", "rules", 'quota = "1 MiB"\nquota_messages = 7\n')
    assert house.domains.quota("alice@example.test") == Quota(octets=1_000)  # nobody has looked since
    house.now += LOOK_SECONDS
    assert house.domains.quota("alice@example.test") == Quota(octets=1 << 20, messages=7)
    house.write("example.test", "rules", "quota = 5\n")
    assert house.drops("alice", "example.test") == ("alice@example.test",)  # as at RCPT
    assert house.domains.quota("alice@example.test") == Quota(octets=5)
    assert house.domains.quota("bob@example.test") == Quota(messages=5)
    house.write("example.test", "rules", "quota = none\n")
    house.now += LOOK_SECONDS
    assert house.domains.quota("alice@example.test") == Quota(octets=5)  # what was there stays in force


def test_a_broken_edit_of_rules_is_reported_and_the_good_ones_stay(house: House) -> None:
    house.write("example.test", "rules", "keep_days = 30\n")
    assert house.domains.load() == ()
    house.write("example.test", "rules", "keep_days = 3\nkeep_messags = 10\n")
    assert house.domains.rules("alice@example.test") == Rules(retention=Retention(days=30))
    assert house.domains.sweep_rules("alice@example.test") == Rules(retention=Retention(days=30))
    (fault,) = house.reported
    assert fault.where == f"{house.root}/example.test/rules:2"
    assert fault.what == "unknown key 'keep_messags'; what was there before stays in force"
    assert fault.hint == "did you mean 'keep_messages'?"


def test_rules_that_were_never_right_remove_nothing_and_stop_nobody(tmp_path: Path) -> None:
    house = House(tmp_path, default=Decisions(keep_days=1))
    house.write("example.test", "users", "alice:{PLAIN}x::::::mailgate_keep_days=2\n")
    house.write("example.test", "rules", "keep_days = never\n")
    assert house.domains.unreadable() == ()  # a start is not refused for it
    assert house.domains.rules("alice@example.test") == Rules(dele="trash", removed_days=30)
    assert house.domains.sweep_rules("alice@example.test") is None
    assert house.domains.promise() == Promise()
    assert house.drops("alice", "example.test") == ("alice@example.test",)
    assert house.domains.current().account("alice@example.test") is not None
    (fault,) = house.reported
    assert fault.what.endswith(
        "; until it is repaired nothing expires in this domain, what users delete goes to the trash, and no quota "
        "counts but a user's own"
    )
    house.write("example.test", "rules", "# none\n")
    assert house.domains.rules("alice@example.test") == Rules(retention=Retention(days=2))


def test_rules_that_make_no_sense_together_are_told_and_resolved(tmp_path: Path) -> None:
    house = House(tmp_path, default=Decisions(removed_days=0))
    users = "alice:{PLAIN}x\nbob:{PLAIN}x::::::mailgate_dele=trash mailgate_removed_days=2\nbroken\n"
    house.write("example.test", "users", users)
    house.write("example.test", "rules", "keep_days = 7\n\ndele = 'trash'\n")
    house.write("other.test", "users", "carol:{PLAIN}x\ndave:{PLAIN}x::::::mailgate_dele=trash\n")
    places = [fault.where.removeprefix(f"{house.root}/") for fault in house.domains.load()]
    assert places == ["example.test/users:3", "example.test/rules:3", "other.test/users:2"]
    house.write("example.test", "users", users.removesuffix("broken\n"))
    resolved = Rules(retention=Retention(days=7), dele="trash", removed_days=30)
    assert house.domains.rules("alice@example.test") == house.domains.sweep_rules("alice@example.test") == resolved
    assert house.domains.rules("bob@example.test").removed_days == 2
    assert house.reported == []  # `load` told it
    house.write("other.test", "users", "dave:{PLAIN}x::::::mailgate_dele=trash mailgate_keep_days=3\n")
    house.now += LOOK_SECONDS
    house.domains.promise()
    (fault,) = house.reported
    assert fault.what == "the trash of dave@other.test keeps nothing; what goes there is kept for 30 days"
    house.write("other.test", "rules", "removed_days = 1\n")
    assert house.domains.rules("dave@other.test") == Rules(retention=Retention(days=3), dele="trash", removed_days=1)


def test_what_is_wrong_now(house: House) -> None:
    house.domains.load()
    assert house.domains.wrong() == "" and house.domains.unserved() == ()
    house.write("new.test", "users", "carol\nno:more\n")
    house.now += LOOK_SECONDS
    assert house.domains.wrong().endswith(", and 1 more")
    assert len(house.domains.unserved()) >= 1


# Another default, as when the configuration is read again.


def test_another_default_holds_at_once_and_no_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(tmp_path, default=Decisions(keep_days=90))
    house.write("example.test", "users", "alice:{PLAIN}x\nbob:{PLAIN}x::::::mailgate_keep_days=7\n")
    house.domains.load()
    assert house.domains.promise() == Promise(expire_days=7, expire_differs=True)
    register = house.domains.current()
    monkeypatch.setattr("builtins.open", None)
    monkeypatch.setattr("os.stat", None)
    monkeypatch.setattr("os.listdir", None)
    house.domains.decide(Decisions(keep_days=3, quota=5))
    assert house.domains._register.names is register.names
    monkeypatch.undo()
    assert house.domains.rules("alice@example.test").retention == Retention(days=3)
    assert house.domains.rules("bob@example.test").retention == Retention(days=7)
    assert house.domains.quota("alice@example.test") == Quota(octets=5)
    assert house.domains.promise() == Promise(expire_days=3, expire_differs=True)
    house.write("example.test", "users", "carol:{PLAIN}x\n")
    assert house.domains.rules("carol@example.test").retention == Retention(days=3)
    assert register.rules("alice@example.test").retention == Retention(days=90)  # who asked before has one piece


def test_the_same_default_again_changes_nothing(house: House) -> None:
    house.domains.load()
    register = house.domains.current()
    house.domains.decide(Decisions())
    assert house.domains.current() is register


def test_what_was_in_force_of_a_broken_file_stays_so_under_another_default(house: House) -> None:
    house.domains.load()
    house.write("example.test", "users", "bob\n")
    assert house.drops("alice", "example.test") == ("alice@example.test",)
    house.domains.decide(Decisions(keep_days=3))
    assert house.domains.rules("alice@example.test") == Rules(retention=Retention(days=3))
    assert house.domains.wrong().endswith("users:1: expected user:{SCHEME}password (there is no colon on the line)")
    assert len(house.reported) == 1


def test_what_contradicts_another_default_is_reported_once(house: House) -> None:
    house.write("example.test", "rules", 'dele = "trash"\n')
    house.domains.decide(Decisions(removed_days=3))  # before anything was read
    assert house.domains.load() == ()
    for _ in range(2):
        house.domains.decide(Decisions(removed_days=0))
        house.now += LOOK_SECONDS
        house.domains.current()
    (fault,) = house.reported
    assert fault.what == "the trash of this domain keeps nothing; what goes there is kept for 30 days"
    assert house.domains.unserved() == () and house.domains.wrong()
    house.domains.decide(Decisions(removed_days=3))
    assert house.domains.wrong() == ""


def test_a_default_that_comes_while_nothing_can_be_listed(tmp_path: Path) -> None:
    house = House(tmp_path / "domains")
    house.domains.current()
    house.domains.decide(Decisions(keep_days=3))
    with pytest.raises(OutOfService):
        house.drops("alice", "example.test")
    assert len(house.reported) == 1
    house.root.mkdir()
    house.write("example.test", "users", "alice:{PLAIN}x\n")
    house.now += LOOK_SECONDS
    assert house.domains.rules("alice@example.test") == Rules(retention=Retention(days=3))


# Files of which much is new.


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[House, Later]:
    later = Later()
    house = House(tmp_path, aside=later)
    house.write("example.test", "users", "alice:{PLAIN}x\n")
    monkeypatch.setattr("mailgate.accounts.watched.AT_ONCE_OCTETS", 0)
    return house, later


@pytest.mark.parametrize("read", [Domains.load, Domains.unreadable])
def test_a_start_reads_everything(slow: tuple[House, Later], read: Callable[[Domains], Any]) -> None:
    house, later = slow
    assert read(house.domains) == ()
    assert later.waiting == []
    assert house.drops("alice", "example.test") == ("alice@example.test",)


def test_while_much_is_read_who_may_be_new_is_put_off(slow: tuple[House, Later]) -> None:
    house, later = slow
    house.domains.load()
    house.write("example.test", "users", "bob:{PLAIN}x\n")
    for _ in range(2):
        assert house.drops("alice", "example.test") == ("alice@example.test",)
        with pytest.raises(OutOfService, match="is being read"):
            house.drops("bob", "example.test")
        house.now += LOOK_SECONDS
    assert house.domains.wrong() == "" and house.reported == []
    later.run()
    assert house.drops("bob", "example.test") == ("bob@example.test",)
    assert house.drops("alice", "example.test") == ()


def test_a_fault_that_comes_out_of_it_is_reported_once(slow: tuple[House, Later]) -> None:
    house, later = slow
    house.domains.load()
    house.write("example.test", "users", "bob:{PLAIN}x\ncarol\n")
    house.domains.current("example.test")
    later.run()
    for _ in range(2):
        assert house.drops("alice", "example.test") == ("alice@example.test",)
        house.now += LOOK_SECONDS
    assert [fault.where for fault in house.reported] == [f"{house.root}/example.test/users:2"]


def test_a_new_domain_that_is_being_read(slow: tuple[House, Later]) -> None:
    house, later = slow
    house.domains.load()
    house.write("new.test", "users", "carol:{PLAIN}x\n")
    assert house.is_ours("new.test")
    with pytest.raises(OutOfService, match="is being read"):
        house.drops("carol", "new.test")
    assert house.domains.unserved() == ()
    later.run()
    assert house.drops("carol", "new.test") == ("carol@new.test",)
    assert house.reported == []


def test_aliases_are_not_judged_by_users_who_are_being_read(slow: tuple[House, Later]) -> None:
    house, later = slow
    house.write("other.test", "users", "broken\n")
    house.domains.load()
    house.write("example.test", "users", "alice:{PLAIN}x\nbob:{PLAIN}x\n")
    house.write("example.test", "aliases", "info: bob\n")
    house.domains.current("example.test")
    later.waiting.reverse()
    later.run(1)  # the aliases
    house.domains.current("example.test")
    assert later.waiting != []
    later.run()
    assert house.drops("info", "example.test") == ("bob@example.test",)
    assert house.reported == []


def test_what_was_seen_a_glance_ago_is_believed(house: House) -> None:
    domains = Domains(str(house.root), house.reported.append, lambda: house.now, glance_seconds=0.5)
    house.write("other.test", "users", "bob:{PLAIN}x\n")
    domains.load()
    assert domains.current("example.test").maildrops("alice", "example.test")
    (house.root / "example.test/users").write_text("carol:{PLAIN}x\n")
    house.now = 0.4
    assert domains.current("example.test").maildrops("alice", "example.test"), "a look for every recipient"
    assert domains.current("other.test").maildrops("bob", "other.test"), "a glance is at one domain"
    assert not domains.current("example.test").maildrops("alice", "example.test")
    house.now = 0.9
    (house.root / "example.test/users").write_text("alice:{PLAIN}x\n")
    assert domains.current("example.test").maildrops("alice", "example.test")
