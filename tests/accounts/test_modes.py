"""Account files that are open to more people than they should be."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mailgate.accounts.modes import exposed
from mailgate.faults import Fault


@pytest.fixture
def domains(tmp_path: Path) -> Path:
    """A domain in which everything is as open as it may be."""
    directory = tmp_path / "domains"
    place = directory / "example.test"
    place.mkdir(parents=True)
    for name, mode in (("users", 0o640), ("aliases", 0o644), ("rules", 0o644), ("app-passwords", 0o640)):
        (place / name).write_text("")
        (place / name).chmod(mode)
    for each in (directory, place):
        each.chmod(0o755)
    return directory


def test_nothing_is_exposed(domains: Path) -> None:
    assert exposed(str(domains)) == ()


HASHES = "read the password hashes in it"


@pytest.mark.parametrize("name", ["users", "app-passwords"])
@pytest.mark.parametrize(
    ("mode", "what", "change"),
    [
        (0o644, f"everybody may {HASHES}", "o-r"),
        (0o666, f"everybody may {HASHES} and write to it", "g-w,o-rw"),
        (0o660, "its group may write to it", "g-w"),
        (0o642, "everybody may write to it", "o-w"),
        (0o664, f"everybody may {HASHES}, and its group may write to it", "g-w,o-r"),
    ],
)
def test_files_with_hashes(domains: Path, name: str, mode: int, what: str, change: str) -> None:
    file = domains / "example.test" / name
    file.chmod(mode)
    assert exposed(str(domains)) == (Fault(str(file), what, f"chmod {change} {file}"),)


@pytest.mark.parametrize("name", ["aliases", "rules", ""])
@pytest.mark.parametrize(
    ("mode", "what", "change"),
    [
        (0o775, "its group may write to it", "g-w"),
        (0o777, "everybody may write to it", "g-w,o-w"),
        (0o757, "everybody may write to it", "o-w"),
    ],
)
def test_what_all_may_read(domains: Path, name: str, mode: int, what: str, change: str) -> None:
    place = domains / "example.test" / name
    place.chmod(mode)
    assert exposed(str(domains)) == (Fault(str(place), what, f"chmod {change} {place}"),)


def test_the_directory_of_domains_also_through_a_link(domains: Path) -> None:
    domains.chmod(0o775)
    link = domains.parent / "link"
    link.symlink_to(domains)
    for each in (domains, link):
        assert exposed(str(each)) == exposed(f"{each}/")
        assert exposed(str(each)) == (Fault(str(each), "its group may write to it", f"chmod g-w {each}"),)


def test_all_are_told_in_order_and_the_hints_put_them_right(domains: Path) -> None:
    other = domains / "a domain's"  # a wrong name is for others to tell, and must not hurt a shell
    other.mkdir()
    (other / "users").write_text("")
    for path in (domains, *domains.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    faults = exposed(str(domains))
    place = domains / "example.test"
    files = [place / name for name in ("users", "aliases", "rules", "app-passwords")]
    assert [fault.where for fault in faults] == [str(each) for each in (domains, other, other / "users", place, *files)]
    for fault in faults:
        subprocess.run(["sh", "-c", fault.hint], check=True, timeout=10)
    assert exposed(str(domains)) == ()


def test_links_are_not_followed(domains: Path) -> None:
    elsewhere = domains.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "users").write_text("")
    (elsewhere / "users").chmod(0o666)
    (domains / "linked.test").symlink_to(elsewhere)
    (domains / "example.test" / "users").unlink()
    (domains / "example.test" / "users").symlink_to(elsewhere / "users")
    assert exposed(str(domains)) == ()


def test_what_is_no_account_file_is_passed_by(domains: Path) -> None:
    for name in (".hidden", "no-domain"):
        (domains / name).mkdir()
        (domains / name / "aliases").write_text("")
        (domains / name / "aliases").chmod(0o666)
    (domains / ".hidden" / "users").write_text("")
    (domains / "notes").write_text("")
    (domains / "example.test" / "notes").write_text("")
    (domains / "example.test" / "rules").unlink()
    (domains / "example.test" / "rules").mkdir(mode=0o777)
    for path in (domains / "notes", domains / "example.test" / "notes"):
        path.chmod(0o666)
    assert exposed(str(domains)) == ()


def test_what_cannot_be_listed_is_no_fault_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert exposed(str(tmp_path / "nowhere")) == ()

    def refuse(path: str) -> list[str]:
        raise PermissionError(13, "Permission denied", path)

    tmp_path.chmod(0o770)
    monkeypatch.setattr(os, "listdir", refuse)
    (fault,) = exposed(str(tmp_path))
    assert fault.where == str(tmp_path)


def test_each_is_looked_at_once(domains: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    lstat = os.lstat

    def look(path: str) -> os.stat_result:
        seen.append(path)
        return lstat(path)

    monkeypatch.setattr(os, "lstat", look)
    exposed(str(domains))
    assert len(seen) == len(set(seen)), seen
