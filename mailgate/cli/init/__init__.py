"""`mailgate init`. The command imports the rest of this room when it is run."""

from __future__ import annotations

from mailgate.cli.init.command import init

__all__ = ["init"]
