"""The layers hold, and the tool that says so can say no."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BREACHES = {
    "a machine that knows Twisted": ("mailgate/smtp/machine.py", "import twisted.internet.defer"),
    "a session that knows the store": ("mailgate/pop3/session.py", "import mailgate.store.memory"),
    "a room that knows what is above it": ("mailgate/delivery.py", "import mailgate.config"),
    "asyncio": ("mailgate/pipeline.py", "import asyncio"),
    "a module without a place": ("mailgate/utils.py", ""),
}


def lint(directory: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(directory)}
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("breach", [None, *BREACHES])
def test_layers(breach: str | None, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "mailgate", tmp_path / "mailgate", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    if breach is not None:
        file, line = BREACHES[breach]
        with (tmp_path / file).open("a") as stream:
            stream.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode == (0 if breach is None else 1), done.stdout + done.stderr
