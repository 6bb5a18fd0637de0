"""What a backup says of itself, and where one may be."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from mailgate.cli.backing_record import NAME, check_apart, read, write, written


def test_what_is_written_is_read(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b"
    for number in range(2):
        with written(str(place)) as directory:
            write(directory, {"finished": number})
        assert read(str(place)) == {"version": 1, "finished": number}
    assert os.listdir(place) == [NAME]
    assert (place / NAME).stat().st_mode & 0o077 == 0 == place.stat().st_mode & 0o077


def test_one_at_a_time(tmp_path: Path) -> None:
    with written(str(tmp_path)), pytest.raises(click.ClickException, match="under way"), written(str(tmp_path)):
        pass


@pytest.mark.parametrize(("name", "is_good"), [("lost+found", True), (f"{NAME}.new", True), ("holiday.jpg", False)])
def test_a_directory_of_its_own(tmp_path: Path, name: str, is_good: bool) -> None:
    (tmp_path / name).touch()
    try:
        with written(str(tmp_path)):
            assert is_good
    except click.ClickException as error:
        assert not is_good and "is not empty, and no backup" in error.message


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 2}', "[" * 100_000, "\xff"])
def test_what_is_not_understood(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_bytes(content.encode("latin-1"))
    with pytest.raises(click.ClickException, match="is not understood"):
        read(str(tmp_path))


def test_no_backup(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("nowhere", "file"):
        with pytest.raises(click.ClickException, match="is no backup"):
            read(str(tmp_path / name))


@pytest.mark.parametrize(
    ("place", "is_good"),
    [("mail", False), ("mail/x", False), (".", False), ("link", False), ("mail2", True), ("mail2/x", True)],
)
def test_it_goes_elsewhere(tmp_path: Path, place: str, is_good: bool) -> None:
    (tmp_path / "mail" / "x").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "mail" / "x")
    try:
        check_apart(str(tmp_path / place), [("store.directory", str(tmp_path / "mail"))])
        assert is_good
    except click.ClickException as error:
        assert not is_good and "store.directory" in error.message
