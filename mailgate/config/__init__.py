"""The configuration: TOML in, a frozen `Config` or one `ConfigError` with every fault out.

It dies at the composition root: what is below `service` gets plain arguments.
"""

from __future__ import annotations

from mailgate.config.listeners import on_loopback, with_backlog
from mailgate.config.load import ConfigError, check, load
from mailgate.config.model import POP3, SMTP, TLS, Accounts, Config, Handler, Listener, Log, Store, Submission
from mailgate.config.places import find, missing_files

__all__ = [
    "POP3",
    "SMTP",
    "TLS",
    "Accounts",
    "Config",
    "ConfigError",
    "Handler",
    "Listener",
    "Log",
    "Store",
    "Submission",
    "check",
    "find",
    "load",
    "missing_files",
    "on_loopback",
    "with_backlog",
]
