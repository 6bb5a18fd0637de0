"""Gets the clients onto this machine: from Debian what is missing, and nothing else."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

POLICY: Final = Path("/usr/sbin/policy-rc.d")  # asked by Debian's packages before they start a service
FORBID: Final = "#!/bin/sh\nexit 101\n"
INSTALL_SECONDS: Final = 900


class CannotInstall(Exception):
    """Something is missing and cannot be had; the message says what to do."""


@frozen
class Need:
    """A Debian package, and a command that succeeds where it is installed."""

    package: str
    probe: tuple[str, ...]

    @property
    def is_there(self) -> bool:
        """Does the probe succeed?"""
        with contextlib.suppress(FileNotFoundError):
            done = subprocess.run(self.probe, capture_output=True, timeout=60, check=False, env=with_sbin())
            return done.returncode == 0
        return False


def with_sbin() -> dict[str, str]:
    """The environment, with a PATH that has what only root uses, and messages in English."""
    path = os.environ.get("PATH", os.defpath)
    return {**os.environ, "PATH": f"{path}:/usr/local/sbin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}


def install(needs: Sequence[Need]) -> None:
    """Install what is missing. Raises `CannotInstall`."""
    missing = sorted({need.package for need in needs if not need.is_there})
    if not missing:
        return
    if shutil.which("apt-get", path=with_sbin()["PATH"]) is None:
        raise CannotInstall(f"there is no apt-get here; install {', '.join(missing)} in this system's own way")
    if os.geteuid() != 0:
        raise CannotInstall(f"only root can install; say: apt-get install {' '.join(missing)}")
    sys.stdout.write(f"installing {', '.join(missing)}\n")
    with _no_service_started():
        _apt("update", "-qq")
        _apt("install", "-qq", "--yes", "--no-install-recommends", *missing)
    if missing := sorted({need.package for need in needs if not need.is_there}):
        raise CannotInstall(f"installed, and still of no use: {', '.join(missing)}")


def install_node_module(name: str, directory: Path) -> None:
    """Put a module of npm's into `directory`. Raises `CannotInstall`."""
    command = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(directory), name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    if done.returncode != 0:
        raise CannotInstall(f"npm install {name}: {(done.stderr or done.stdout).strip()[-500:]}")


def _apt(*arguments: str) -> None:
    environment = {**with_sbin(), "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
    )
    if done.returncode != 0:
        raise CannotInstall(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")


@contextlib.contextmanager
def _no_service_started() -> Iterator[None]:
    """Debian starts what it installs; nobody wants a mail server on port 25 because of a test."""
    if POLICY.exists():
        yield  # somebody has a policy already: it is theirs to decide
        return
    POLICY.write_text(FORBID)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
