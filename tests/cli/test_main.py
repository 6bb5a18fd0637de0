"""The command's door: help and version at once, subcommands by name."""

from __future__ import annotations

import subprocess
import sys

from click.testing import CliRunner

from mailgate import __version__
from mailgate.cli import COMMANDS, main


def test_help_names_every_command() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name}  " in result.output
    assert "twistd -n mailgate --dev" in result.output


def test_version() -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert (result.exit_code, result.output) == (0, f"mailgate {__version__}\n")


def test_a_command_that_is_not_there() -> None:
    result = CliRunner().invoke(main, ["dmeo"])
    assert result.exit_code == 2
    assert "dmeo" in result.output


def test_help_does_not_import_twisted() -> None:
    program = (
        "import sys; from click.testing import CliRunner; from mailgate.cli import main\n"
        "for arguments in (['--help'], ['demo', '--help']):\n"
        "    assert CliRunner().invoke(main, arguments).exit_code == 0\n"
        "print(sorted(name for name in ('twisted', 'rich', 'mailgate.service') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mailgate.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"mailgate {__version__}\n"
