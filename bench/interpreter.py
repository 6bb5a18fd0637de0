"""The Python that mailgate is measured with: the system's own, as its peers are the system's.

Distributions build theirs with optimisations that come from profiles; one compiled at home has them only if asked for,
and is a tenth slower without: that would be a figure of the compiler.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from attrs import frozen

SYSTEM: Final = Path("/usr/bin/python3")
LEAST: Final = (3, 11)  # as pyproject.toml has it
ROOT: Final = Path(__file__).parents[1]
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mailgate-bench"
INSTALL_SECONDS: Final = 300
_VERSION: Final = "import platform; print(platform.python_version())"


@frozen
class Interpreter:
    """One that has what mailgate needs, and runs the code of this tree."""

    path: str
    about: str  # its version, and whose it is

    def twistd(self, module: str = "twisted.scripts.twistd") -> tuple[str, ...]:
        """The command for a gateway in the foreground; `module` has twistd's `run`, or one like it."""
        return (self.path, "-c", f"from {module} import run; run()", "-n", "--pidfile=", "mailgate")

    @property
    def environment(self) -> dict[str, str]:
        """What it needs beside ours."""
        return {"PYTHONPATH": str(ROOT)}


def ours() -> Interpreter:
    """The one that runs this."""
    return Interpreter(sys.executable, f"{_version(sys.executable)}, {sys.base_prefix}")


def systems() -> Interpreter:
    """The system's, in an environment of its own with mailgate installed; ours, and why, if that cannot be had."""
    directory = CACHE / "python"
    python = str(directory / "bin" / "python")
    try:
        if tuple(map(int, _version(str(SYSTEM)).split(".")[:2])) < LEAST:
            raise OSError(f"{SYSTEM} is too old")
        _run(str(SYSTEM), "-m", "venv", "--without-pip", str(directory))
        # What the tree needs may have changed since the last time. Its code is taken from the tree in any case.
        _run(sys.executable, "-m", "pip", "--quiet", "--python", python, "install", str(ROOT))
        return Interpreter(python, f"{_version(python)}, the system's")
    except (OSError, subprocess.SubprocessError) as error:
        spare = ours()
        return Interpreter(spare.path, f"{spare.about}, as the system's cannot be had ({error})")


def _version(python: str) -> str:
    return _run(python, "-c", _VERSION)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()[-300:]}")
    return done.stdout.strip()
