"""`mailgate store`: its commands are there."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from mailgate.cli import main
from mailgate.store.maildir import verifying

COMMANDS = ("list", "show", "export", "import", "verify", "sweep")


def test_help_names_every_command() -> None:
    result = CliRunner().invoke(main, ["store", "--help"])
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name}  " in result.output


def test_help_does_not_import_twisted() -> None:
    program = (
        "import sys; from click.testing import CliRunner; from mailgate.cli import main\n"
        f"for name in {COMMANDS}:\n"
        "    assert CliRunner().invoke(main, ['store', name, '--help']).exit_code == 0\n"
        "print(sorted(name for name in ('twisted', 'rich', 'mailgate.service') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_page_about_them_is_right() -> None:
    page = (Path(__file__).parents[2] / "docs" / "store.md").read_text()
    assert set(re.findall(r"mailgate store ([a-z]+)", page)) == set(COMMANDS)
    assert re.findall(r"(?m)^## ([a-z]+)$", page) == list(COMMANDS)
    help_texts = [CliRunner().invoke(main, ["store", name, "--help"]).output for name in COMMANDS]
    for option in set(re.findall(r"(?<![a-z-])--[a-z][a-z0-9-]+", page)):
        assert any(f"{option} " in text or f"{option}\n" in text for text in help_texts), option
    kinds = set(re.findall(r'_found\(\s*"([a-z]+)"', inspect.getsource(verifying))) | {"truncated", "size", "trouble"}
    table = page[page.index("| kind (") : page.index("It changes nothing")]
    assert set(re.findall(r"`([a-z]+)`", table)) - {"tmp", "new", "cur"} == kinds
