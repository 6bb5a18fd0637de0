"""`mailgate store`: its commands are there."""

from __future__ import annotations

from click.testing import CliRunner

from mailgate.cli import main


def test_help_names_every_command() -> None:
    result = CliRunner().invoke(main, ["store", "--help"])
    assert result.exit_code == 0
    assert "\n  sweep  " in result.output
