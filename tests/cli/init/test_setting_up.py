"""The course of it: nothing before it can be done, everything again after a failure half-way."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
import pytest
from attrs import evolve

from mailgate.accounts.users import parse_users
from mailgate.cli.init import setting_up, writing
from mailgate.cli.init.pieces import Piece
from mailgate.cli.init.setting_up import SettingUp
from tests.cli.init.support import ME, RUNNER, WISHES, layout


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setting_up, "public_addresses", lambda: ())


def perform(directory: Path, **changes: Any) -> None:
    runner = evolve(RUNNER, is_root=changes.pop("is_root", False))
    create_user = changes.pop("create_user", False)
    SettingUp(WISHES, layout(directory, **changes), runner).perform(
        create_user=create_user, from_stdin=False, generate=True
    )


def snapshot(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in directory.rglob("*")}


def test_all_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    perform(tmp_path)
    said = capsys.readouterr().out
    (line,) = [line for line in said.splitlines() if line.startswith("The password of ")]
    text = (tmp_path / "domains" / "example.test" / "users").read_text()
    accounts, _ = parse_users(text, "example.test", "users")
    assert accounts["alice@example.test"].password.verify(line.rpartition(" ")[2].encode())
    assert "does not pass" not in said and said.index("Made:") < said.index("1. Start it")


def test_after_a_failure_half_way_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever was made last, the rest is made by the next run, and what was made is not touched."""
    real = writing.make
    for number in range(11):
        place = tmp_path / str(number)
        place.mkdir(0o750)
        made: list[Piece] = []

        def failing(piece: Piece, *, give_away: bool, made: list[Piece] = made, number: int = number) -> None:
            if len(made) == number:
                raise OSError(28, "No space left on device")
            made.append(piece)
            real(piece, give_away=give_away)

        monkeypatch.setattr(setting_up, "make", failing)
        if number < 10:
            with pytest.raises(click.ClickException, match="cannot be made: No space left"):
                perform(place)
        before = snapshot(place)
        monkeypatch.setattr(setting_up, "make", real)
        perform(place)
        after = snapshot(place)
        assert before.items() <= after.items() and len(after) == 10
        capsys.readouterr()
        perform(place)
        assert "alice@example.test keeps its password." in capsys.readouterr().out
        assert snapshot(place) == after


def test_nothing_is_made_where_something_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "mailgate.toml").write_text("hostname = 'mine'\n")
    before = snapshot(tmp_path)
    with pytest.raises(click.ClickException, match=r"In the way:\n .*mailgate\.toml\n .*another content"):
        perform(tmp_path)
    assert snapshot(tmp_path) == before


def test_nothing_is_asked_or_made_where_it_may_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(setting_up, "new_password", None)
    with pytest.raises(click.ClickException) as refused:
        perform(tmp_path / "a")
    assert " ".join(refused.value.message.split()).startswith(f"Nothing was made. {tmp_path} is not yours")
    assert os.listdir(tmp_path) == [] and capsys.readouterr().out == ""
    with pytest.raises(click.ClickException, match=r"is\s+not\s+yours"):  # broken where the path ends
        SettingUp(WISHES, layout(tmp_path / "a"), RUNNER).rehearse(create_user=False)
    assert 'hostname = "mx.example.test"' in capsys.readouterr().out


def test_a_user_who_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(click.ClickException, match=r"no user .*--create-user"):
        perform(tmp_path / "a", user_exists=False)
    assert not (tmp_path / "a").exists()
    created: list[tuple[str, str]] = []
    monkeypatch.setattr(setting_up, "create_user", lambda user, home: created.append((user, home)))
    perform(tmp_path / "a", user_exists=False, create_user=True)
    assert created == [(ME, str(tmp_path / "a"))]


def test_a_password_that_lets_nobody_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setting_up, "new_password", lambda *_: "")
    with pytest.raises(click.ClickException, match="1 to 1024 octets"):
        perform(tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_root_is_told_of_modes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tmp_path.chmod(0o755)
    perform(tmp_path)
    assert "should be 0750" not in capsys.readouterr().out  # whose home it is knows
    perform(tmp_path, is_root=True)
    assert "should be 0750" in capsys.readouterr().out


def test_what_does_not_pass_its_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    perform(tmp_path)
    (tmp_path / "domains" / "other.test").mkdir()
    (tmp_path / "domains" / "other.test" / "users").write_text("nonsense\n")
    with pytest.raises(SystemExit) as ended:
        perform(tmp_path)
    assert ended.value.code == 2
    assert "other.test/users:1: " in capsys.readouterr().out


def test_remarks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(setting_up, "closed_directory", lambda paths, user: "/root")
    work = SettingUp(evolve(WISHES, domain="test", hostname="host"), layout(tmp_path, user="root"), RUNNER)
    work.perform(create_user=False, from_stdin=False, generate=True)
    remarks = " ".join(capsys.readouterr().err.split())
    for part in ("may not enter /root", "will run as root", "test is a name", "host is a name"):
        assert part in remarks


def test_what_was_made_where_its_user_cannot_get(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "a"
    closing = lambda paths, user: "/root" if f"{place}/" in list(paths) else ""  # noqa: E731
    monkeypatch.setattr(setting_up, "closed_directory", closing)
    perform(place, user="mailgate")
    said = " ".join(capsys.readouterr().err.split())
    assert "may not enter /root, and so cannot read what was made" in said and "cannot start" not in said


def test_nothing_to_remark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(setting_up, "closed_directory", lambda paths, user: "")
    perform(tmp_path, user="mailgate")
    assert capsys.readouterr().err == ""


def test_a_certificate_that_others_vouch_for_is_praised_by_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    perform(tmp_path)
    assert "GET A REAL CERTIFICATE" in capsys.readouterr().out
    monkeypatch.setattr(setting_up, "is_self_signed", lambda pem: False)
    perform(tmp_path)
    assert "GET A REAL CERTIFICATE" not in capsys.readouterr().out


def test_a_rehearsal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "a"
    SettingUp(WISHES, layout(place), RUNNER).rehearse(create_user=False)
    said = capsys.readouterr().out
    assert "alice:{ARGON2ID}…" in said and 'hostname = "mx.example.test"' in said and "ProtectSystem" not in said
    assert "argon2id$" not in said and "PRIVATE" not in said and "1. Start it" in said
    assert "GET A REAL CERTIFICATE" in said
    assert not place.exists()
    for create_user, verb in ((True, "would be made"), (False, "is not there")):
        SettingUp(WISHES, layout(place, user_exists=False), RUNNER).rehearse(create_user=create_user)
        assert f"The user {ME} {verb}" in capsys.readouterr().out


def test_a_rehearsal_of_what_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mailgate.toml").write_text("mine")
    with pytest.raises(click.ClickException, match="In the way"):
        SettingUp(WISHES, layout(tmp_path), RUNNER).rehearse(create_user=False)
    assert 'hostname = "mx.example.test"' in capsys.readouterr().out  # to be merged by hand
    assert os.listdir(tmp_path) == ["mailgate.toml"]
