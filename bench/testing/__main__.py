"""`python -m bench.testing`: how soon a gateway for tests is ready, and how soon a test hears of a message."""

from __future__ import annotations

import sys

from bench import command
from bench.testing.bench import SECTION

if __name__ == "__main__":
    sys.exit(command.main("python -m bench.testing", [SECTION]))
