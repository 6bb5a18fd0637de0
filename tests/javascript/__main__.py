"""`python -m tests.javascript`: a suite in JavaScript, as people of other languages have it, against the HTTP API.

It wants root and a Debian if node or npm is missing; nodemailer comes from npm, into dist/.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.clients.installing import CannotInstall, Need, install, install_node_module

HERE: Final = Path(__file__).parent
MODULES: Final = HERE.parents[1] / "dist" / "javascript"
NEEDS: Final = (
    # The first version that has both fetch and a test runner.
    Need("nodejs", ("node", "-e", "process.exit(process.versions.node.split('.')[0] >= 18 ? 0 : 1)")),
    Need("npm", ("npm", "--version")),
)
MAILER: Final = "nodemailer"
SUITE_SECONDS: Final = 300


def main() -> int:
    """The suite's exit status; 2 if there is something missing that cannot be had."""
    try:
        install(NEEDS)
        if not (MODULES / "node_modules" / MAILER).exists():
            MODULES.mkdir(parents=True, exist_ok=True)
            install_node_module(MAILER, MODULES)
    except CannotInstall as error:
        sys.stderr.write(f"javascript: {error}\n")
        return 2
    environment = {
        **os.environ,
        "NODE_PATH": str(MODULES / "node_modules"),
        "MAILGATE": str(Path(sys.executable).with_name("mailgate")),
    }
    suites = map(str, sorted(HERE.glob("*.test.js")))
    return subprocess.run(["node", "--test", *suites], env=environment, timeout=SUITE_SECONDS, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
