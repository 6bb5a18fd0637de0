"""One maildrop, while others work in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.cli.backing_copying import Account, Copier, Pair
from mailgate.cli.backing_maildrop import copy_maildrop, unique_of
from tests.cli.backing import pair_of, tree


@pytest.fixture
def maildrop(tmp_path: Path) -> Path:
    for folder in ("new", "cur", "tmp", "mailgate-removed", ".Sent"):
        (tmp_path / "alice" / folder).mkdir(parents=True)
    write(tmp_path / "alice" / "new" / "1.a.n,S=1,W=1", "1")
    write(tmp_path / "alice" / "cur" / "2.b.n,S=1,W=1:2,", "2")
    return tmp_path / "alice"


def write(path: Path, content: str) -> None:
    path.write_text(content)
    os.utime(path, (1_700_000_000, 1_700_000_000))


def copied(maildrop: Path, copier: Copier | None = None, *, delete: bool = False) -> tuple[Account, dict[str, bytes]]:
    copier = copier or Copier(Account())
    target = maildrop.parent / "copy"
    with pair_of(maildrop, target) as pair:
        copy_maildrop(copier, pair, delete=delete)
    return copier.account, tree(target)


class Meddling(Copier):
    """Somebody does something just before a file is copied, for the first time or each time."""

    def __init__(self, meddle: Callable[[str], None]) -> None:
        super().__init__(Account())
        self.meddle = meddle

    def copy(self, pair: Pair, name: str, *, never_changes: bool = False) -> bool:
        self.meddle(name)
        return super().copy(pair, name, never_changes=never_changes)


def test_what_belongs_to_a_maildrop(maildrop: Path) -> None:
    write(maildrop / "dovecot-uidlist", "3 V1 N1")
    write(maildrop / "mailgate-maildrop.json", "{}")
    write(maildrop / "mailgate-uids.json", "{}")
    write(maildrop / "mailgate-removed" / "5~0.z.n", "0")
    write(maildrop / "tmp" / "on its way", "x")
    write(maildrop / "cur" / ".hidden", "x")
    write(maildrop / "dovecot.index", "x")
    account, files = copied(maildrop)
    assert files == {
        "new/1.a.n,S=1,W=1": b"1",
        "cur/2.b.n,S=1,W=1:2,": b"2",
        "mailgate-removed/5~0.z.n": b"0",
        "dovecot-uidlist": b"3 V1 N1",
        "mailgate-maildrop.json": b"{}",
        "mailgate-uids.json": b"{}",
    }
    assert account == Account(copied=6, octets=14, maildrops=1)
    assert copied(maildrop)[0] == Account(there=6, maildrops=1)


def test_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "alice" / "new").mkdir(parents=True)
    assert copied(tmp_path / "alice") == (Account(maildrops=1), {})


def test_what_was_seen_and_flagged_is_there_once(maildrop: Path) -> None:
    copied(maildrop)
    (maildrop / "new" / "1.a.n,S=1,W=1").rename(maildrop / "cur" / "1.a.n,S=1,W=1:2,S")
    (maildrop / "cur" / "2.b.n,S=1,W=1:2,").rename(maildrop / "cur" / "2.b.n,S=1,W=1:2,RS")
    account, files = copied(maildrop)
    assert files == {"cur/1.a.n,S=1,W=1:2,S": b"1", "cur/2.b.n,S=1,W=1:2,RS": b"2"}
    assert account == Account(there=2, renamed=2, maildrops=1)


def test_another_content_under_one_name_is_no_renaming(maildrop: Path) -> None:
    copied(maildrop)
    (maildrop / "new" / "1.a.n,S=1,W=1").unlink()
    write(maildrop / "cur" / "1.a.n,S=1,W=1:2,S", "other")
    assert {"new/1.a.n,S=1,W=1": b"1", "cur/1.a.n,S=1,W=1:2,S": b"other"}.items() <= copied(maildrop)[1].items()


def test_what_moves_meanwhile_is_found_where_it_went(maildrop: Path) -> None:
    def move(name: str) -> None:
        if (maildrop / "new" / name).exists():
            (maildrop / "new" / name).rename(maildrop / "cur" / f"{name}:2,S")

    account, files = copied(maildrop, Meddling(move))
    assert files == {"cur/1.a.n,S=1,W=1:2,S": b"1", "cur/2.b.n,S=1,W=1:2,": b"2"}
    assert account.troubles == []


def test_what_is_removed_meanwhile_is_no_trouble(maildrop: Path) -> None:
    account, files = copied(maildrop, Meddling(lambda name: (maildrop / "new" / name).unlink(missing_ok=True)))
    assert (files, account.troubles) == ({"cur/2.b.n,S=1,W=1:2,": b"2"}, [])


def test_what_goes_to_the_trash_meanwhile_is_found_there(maildrop: Path) -> None:
    def delete(name: str) -> None:
        if name.startswith("2.") and (maildrop / "cur" / name).exists():
            (maildrop / "cur" / name).rename(maildrop / "mailgate-removed" / f"5~{name}")

    assert copied(maildrop, Meddling(delete))[1]["mailgate-removed/5~2.b.n,S=1,W=1:2,"] == b"2"


def test_what_a_listing_missed_is_in_the_next(maildrop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listings = iter([[], ["2.b.n,S=1,W=1:2,"]])
    names = Pair.names

    def listed(self: Pair, wanted: Callable[[str], bool] = lambda name: True) -> list[str]:
        return next(listings) if self.path.endswith("cur") else names(self, wanted)

    monkeypatch.setattr(Pair, "names", listed)
    assert copied(maildrop)[1]["cur/2.b.n,S=1,W=1:2,"] == b"2"


def test_mail_that_comes_without_end_does_not_hold_it_up(maildrop: Path) -> None:
    numbers = iter(range(10, 100))
    account, files = copied(maildrop, Meddling(lambda name: write(maildrop / "new" / f"{next(numbers)}.c.n", "more")))
    assert account.troubles == []
    assert {"new/1.a.n,S=1,W=1", "cur/2.b.n,S=1,W=1:2,"} < set(files)


def test_what_never_stands_still_is_told(maildrop: Path) -> None:
    def move(name: str) -> None:
        if name.startswith("2.") and (maildrop / "cur" / name).exists():
            (maildrop / "cur" / name).rename(maildrop / "cur" / (name + "S"))

    account, _ = copied(maildrop, Meddling(move))
    assert account.troubles == ["2.b.n: it is renamed faster than it can be copied; run it again"]


def test_what_is_gone_stays_unless_it_is_to_go(maildrop: Path) -> None:
    write(maildrop / "mailgate-removed" / "5~0.z.n", "0")
    copied(maildrop)
    (maildrop / "cur" / "2.b.n,S=1,W=1:2,").unlink()
    (maildrop / "mailgate-removed" / "5~0.z.n").unlink()
    assert len(copied(maildrop)[1]) == 3
    account, files = copied(maildrop, delete=True)
    assert files == {"new/1.a.n,S=1,W=1": b"1"}
    assert account == Account(there=1, removed=2, maildrops=1)


def test_a_link_in_place_of_a_folder(maildrop: Path) -> None:
    (maildrop / "mailgate-removed").rmdir()
    (maildrop / "mailgate-removed").symlink_to(maildrop.parent)
    account, files = copied(maildrop)
    assert set(files) == {"new/1.a.n,S=1,W=1", "cur/2.b.n,S=1,W=1:2,"}
    assert account.troubles == []


def test_one_that_is_gone_before_its_copy_is_renamed(maildrop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied(maildrop)
    (maildrop / "cur" / "2.b.n,S=1,W=1:2,").unlink()
    names = Pair.names
    listings = iter([["2.b.n,S=1,W=1:2,S"]])

    def listed(self: Pair, wanted: Callable[[str], bool] = lambda name: True) -> list[str]:
        return next(listings, []) if self.path.endswith("cur") else names(self, wanted)

    monkeypatch.setattr(Pair, "names", listed)
    account, files = copied(maildrop)
    assert (account.renamed, account.troubles) == (0, [])
    assert files["cur/2.b.n,S=1,W=1:2,"] == b"2"  # what was there once stays


def test_only_files_of_the_copy_go(maildrop: Path) -> None:
    copied(maildrop)
    (maildrop.parent / "copy" / "cur" / "directory").mkdir()
    (maildrop.parent / "copy" / "mailgate-removed" / "5~1").write_text("gone")
    write(maildrop / "mailgate-removed" / "6~2", "there")
    assert copied(maildrop, delete=True)[0].removed == 1
    assert (maildrop.parent / "copy" / "cur" / "directory").is_dir()


def test_a_trash_that_is_gone_when_it_is_opened(maildrop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (maildrop / "mailgate-removed").rmdir()
    monkeypatch.setattr(Pair, "directories", lambda self: ["mailgate-removed"])
    assert copied(maildrop)[0].troubles == []


@given(st.text("abc.123", min_size=1), st.text("RSFT"))
def test_flags_and_sizes_do_not_change_what_is_unique(unique: str, flags: str) -> None:
    assert unique_of(unique) == unique_of(f"{unique}:2,{flags}") == unique_of(f"{unique},S=5,W=6:2,{flags}")
