"""The configuration: TOML in, a frozen `Config` or one `ConfigError` with every fault out.

It dies at the composition root: what is below `service` gets plain arguments.
"""

from __future__ import annotations

from mailgate.config.listeners import on_loopback, with_backlog
from mailgate.config.load import ConfigError, check, decisions, load, spelling
from mailgate.config.model import (
    HTTP,
    LISTENERS,
    LMTP,
    POP3,
    SMTP,
    TLS,
    Accounts,
    Config,
    Handler,
    Journal,
    Limits,
    Listener,
    Log,
    Maildrops,
    Pair,
    Store,
    Submission,
    Testing,
)
from mailgate.config.places import find, not_directories
from mailgate.config.reading import Reading

__all__ = [
    "HTTP",
    "LISTENERS",
    "LMTP",
    "POP3",
    "SMTP",
    "TLS",
    "Accounts",
    "Config",
    "ConfigError",
    "Handler",
    "Journal",
    "Limits",
    "Listener",
    "Log",
    "Maildrops",
    "Pair",
    "Reading",
    "Store",
    "Submission",
    "Testing",
    "check",
    "decisions",
    "find",
    "load",
    "not_directories",
    "on_loopback",
    "spelling",
    "with_backlog",
]
