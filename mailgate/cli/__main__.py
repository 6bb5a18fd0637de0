"""`python -m mailgate.cli` is `mailgate`."""

from __future__ import annotations

from mailgate.cli import main

main(prog_name="mailgate")
