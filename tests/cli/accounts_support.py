"""What the tests of commands about accounts share: the command, and the files that it edits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from mailgate.accounts.domains import Domains
from mailgate.accounts.register import Register
from mailgate.cli import main
from mailgate.faults import Fault


def run(house: Path, *arguments: str, typed: str = "") -> Result:
    """`mailgate …` with its configuration; the configuration makes hashes cheap."""
    return CliRunner().invoke(main, [*arguments, "--config", str(house / "mailgate.toml")], input=typed)


def done(house: Path, *arguments: str, typed: str = "") -> str:
    """The same, which must come off: what it said."""
    result = run(house, *arguments, typed=typed)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(house: Path, *arguments: str, typed: str = "") -> str:
    """The same, which must not: why, on one line, and nothing on standard output."""
    result = run(house, *arguments, typed=typed)
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    return unfolded(result.stderr)


def unfolded(text: str) -> str:
    """What was said, wherever its lines ended."""
    return " ".join(text.split())


def rows(text: str) -> list[dict[str, Any]]:
    """JSON objects, one a line."""
    return [json.loads(line) for line in text.splitlines()]


def write(house: Path, file: str, text: str, domain: str = "example.test") -> None:
    """A file of a domain."""
    (house / "domains" / domain).mkdir(exist_ok=True)
    (house / "domains" / domain / file).write_text(text)


def read(house: Path, file: str, domain: str = "example.test") -> str:
    """The same."""
    return (house / "domains" / domain / file).read_text()


def register(house: Path) -> Register:
    """What the files say, which must be without fault."""
    domains = Domains(str(house / "domains"), list[Fault]().append)
    assert domains.load() == ()
    return domains.current()
