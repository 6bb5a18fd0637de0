"""`mailgate password`."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from mailgate.accounts.passwords import StoredPassword
from mailgate.cli import main


def test_from_a_prompt_that_hides() -> None:
    result = CliRunner().invoke(main, ["password"], input="wonder land\nwonder land\n")
    assert result.exit_code == 0
    assert StoredPassword.parse(result.stdout.strip()).verify(b"wonder land")
    assert "wonder land" not in result.output.replace(result.stdout, "")


def test_from_standard_input() -> None:
    result = CliRunner().invoke(main, ["password", "--stdin"], input="wonder land\r\n")
    assert StoredPassword.parse(result.stdout.strip()).verify(b"wonder land")


def test_what_lets_nobody_in_is_no_password() -> None:
    for line in ("\n", "shorter\n", "x" * 2000 + "\n", "nul\0\n"):
        result = CliRunner().invoke(main, ["password", "--stdin"], input=line)
        assert result.exit_code == 1 and result.stdout == ""


def test_the_cost_is_the_configuration_s(tmp_path: Path) -> None:
    config = tmp_path / "mailgate.toml"
    config.write_text('[accounts]\nhash_memory = "8 MiB"\nhash_passes = 3\n')
    result = CliRunner().invoke(main, ["password", "--stdin", "--config", str(config)], input="wonder land\n")
    assert "$m=8192,t=3,p=1$" in result.stdout


def test_a_configuration_that_is_wrong(tmp_path: Path) -> None:
    config = tmp_path / "mailgate.toml"
    config.write_text("[accounts]\nhash_passes = 0\n")
    result = CliRunner().invoke(main, ["password", "--stdin", "--config", str(config)], input="wonder land\n")
    assert result.exit_code == 1 and "hash_passes" in result.stderr
