"""Where commands find the gateway."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from mailgate.cli.reaching import configuration, configuration_file, socket_of


def test_the_socket_is_in_the_state_directory(gateway: Path) -> None:
    assert socket_of(str(gateway / "mailgate.toml")) == str(gateway / "control.sock")


def test_no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailgate.config.find", lambda path, environment: None)
    with pytest.raises(click.ClickException, match="name one with --config"):
        socket_of(None)


def test_a_configuration_that_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "mailgate.toml"
    file.write_text("stat = 1\n")
    with pytest.raises(click.ClickException, match="stat"):
        socket_of(str(file))


def test_a_fault_elsewhere_does_not_hide_the_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mailgate.toml"
    file.write_text("state = 'here'\n[smtp]\nmax_mesage = 1\n")
    assert socket_of(str(file)) == str(tmp_path / "here" / "control.sock")
    assert "max_mesage" in capsys.readouterr().err


def test_the_configuration_and_its_file(gateway: Path) -> None:
    file = str(gateway / "mailgate.toml")
    assert configuration_file(file) == file
    assert configuration(file).state == str(gateway)
