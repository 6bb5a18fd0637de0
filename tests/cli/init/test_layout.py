"""Where everything goes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from attrs import evolve

from mailgate.cli.init import layout
from mailgate.cli.init.layout import BadWish, Runner, group_of, lay_out, this_runner
from tests.cli.init.support import ME, MY_GROUP, RUNNER

ROOT = Runner(is_root=True, name="root", home="/root", programs="/opt/mailgate/bin")


def test_root_has_the_places_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "SYSTEM_UNITS", str(tmp_path))
    place = lay_out(ROOT, None, ME, {})
    assert (place.configuration, place.state) == ("/etc/mailgate/mailgate.toml", "/var/lib/mailgate")
    assert place.state_setting == "/var/lib/mailgate" and place.is_system
    assert place.unit == str(tmp_path / "mailgate.service")
    assert (place.configuration_owner, place.user, place.group, place.user_exists) == ("root", ME, MY_GROUP, True)
    monkeypatch.setattr(layout, "SYSTEM_UNITS", str(tmp_path / "none"))
    assert lay_out(ROOT, None, ME, {}).unit == "/etc/mailgate/mailgate.service"


def test_a_user_who_is_not_there_yet() -> None:
    place = lay_out(ROOT, None, "nobody-of-that-name", {})
    assert (place.user, place.group, place.user_exists) == ("nobody-of-that-name", "nobody-of-that-name", False)
    assert lay_out(ROOT, None, None, {}).user == "mailgate"


def test_a_plain_user_has_a_place_at_home() -> None:
    place = lay_out(RUNNER, None, None, {"XDG_DATA_HOME": "not/absolute"})
    assert place.state == "/home/me/.local/share/mailgate" and place.state_setting == "."
    assert place.configuration == f"{place.state}/mailgate.toml" and place.unit == f"{place.state}/mailgate.service"
    assert (place.user, place.configuration_owner, place.is_system) == (ME, ME, False)
    assert lay_out(RUNNER, None, ME, {"XDG_DATA_HOME": "/data"}).state == "/data/mailgate"


def test_a_directory_has_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for runner in (RUNNER, ROOT):
        place = lay_out(runner, "my mail", ME, {})
        assert {os.path.dirname(path) for path in (place.configuration, place.unit)} == {str(tmp_path / "my mail")}
        assert place.state == str(tmp_path / "my mail")


@pytest.mark.parametrize("directory", ["a\nb", 'a"b', "a\\b", "/", "\x7f"])
def test_a_directory_that_no_configuration_can_name(directory: str) -> None:
    with pytest.raises(BadWish, match="--directory"):
        lay_out(RUNNER, directory, None, {})


def test_who_may_be_named() -> None:
    with pytest.raises(BadWish, match="only root"):
        lay_out(RUNNER, None, "mailgate", {})
    for user in ("", "Mail\nGate", "a b"):
        with pytest.raises(BadWish, match="no name of a user"):
            lay_out(ROOT, None, user or " ", {})


def test_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert this_runner().name == ME
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)
    runner = this_runner()
    assert (runner.is_root, runner.name) == (False, "54321")
    assert lay_out(evolve(runner, home="/h"), None, None, {}).user == "54321"


def test_a_group_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert group_of("nobody-of-that-name") is None

    def unknown(gid: int) -> None:
        raise KeyError(gid)

    monkeypatch.setattr("grp.getgrgid", unknown)
    assert (group_of(ME) or "").isdigit()
