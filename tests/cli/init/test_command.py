"""`mailgate init`, as it is typed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click import Context
from click.testing import CliRunner

from mailgate.accounts.users import parse_users
from mailgate.cli import main
from tests.cli.init.support import run


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailgate.cli.init.setting_up.public_addresses", lambda: ())


def is_right(directory: Path, password: bytes) -> bool:
    text = (directory / "domains" / "example.test" / "users").read_text()
    accounts, _ = parse_users(text, "example.test", "users")
    return accounts["alice@example.test"].password.verify(password)


def test_from_standard_input(tmp_path: Path) -> None:
    result = run(tmp_path / "mail")
    assert result.exit_code == 0, result.output
    assert is_right(tmp_path / "mail", b"wonderland") and "wonderland" not in result.output


def test_from_a_prompt_that_hides_and_asks_twice(tmp_path: Path) -> None:
    result = run(tmp_path / "mail", "--prompt", said="wonderland\nwonderland\n")
    assert result.exit_code == 0, result.output
    assert is_right(tmp_path / "mail", b"wonderland") and "wonderland" not in result.output
    assert "A password for alice@example.test:" in result.stderr


def test_again(tmp_path: Path) -> None:
    run(tmp_path / "mail")
    result = run(tmp_path / "mail", said="another\n")
    assert result.exit_code == 0 and "Exists already" in result.stdout
    assert is_right(tmp_path / "mail", b"wonderland")
    result = run(tmp_path / "mail", address="bob@example.test")
    assert result.exit_code == 1 and "domains/example.test/users" in result.stderr


def test_a_dry_run(tmp_path: Path) -> None:
    result = run(tmp_path / "mail", "--dry-run")
    assert result.exit_code == 0 and "Nothing is made" in result.stdout
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("address", "options", "code", "why"),
    [
        ("alice", [], 1, "is no address"),
        ("a{b@example.test", [], 1, "cannot be an account"),
        ("alice@example.test", ["--hostname", "mx example"], 1, "host name 'mx example'"),
        ("alice@example.test", ["--stdin", "--generate"], 2, "not both"),
        ("alice@example.test", ["--directory", "/"], 1, "--directory /"),
    ],
)
def test_bad_input(address: str, options: list[str], code: int, why: str, tmp_path: Path) -> None:
    arguments = ["init", address, "--directory", str(tmp_path / "mail"), *options]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code and why in result.stderr
    assert os.listdir(tmp_path) == []


def test_every_option_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs" / "install.md").read_text()
    for parameter in main.get_command(Context(main), "init").params:  # type: ignore[union-attr]
        for name in (*parameter.opts, *parameter.secondary_opts):
            assert f"`{name}" in page or f"`{name.upper()}" in page, name


def test_help_says_where_it_goes() -> None:
    result = CliRunner().invoke(main, ["init", "--help"])
    assert result.exit_code == 0 and "/var/lib/mailgate" in result.output and "--dry-run" in result.output
