"""Every attack of bench/hostile.py on a small scale, each on a real gateway."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ATTACKS = 9


def test_bad_clients_cost_little_and_are_gone_in_time() -> None:
    # A gateway whose every line is traced would be measured slower, and larger, than it is.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, ROOT / "bench" / "hostile.py", "--quick"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0, done.stdout
    attacks = {line[:44].rstrip() for line in done.stdout.splitlines()}
    assert len(attacks) == ATTACKS + 1  # the large header comes in two forms
    assert "OVER" not in done.stdout
