"""mailgate as an organisation runs it: accounts, certificate, log, limits, trace fields, and the README's handler."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Final

from bench.interpreter import Interpreter
from bench.servers import Server, running
from bench.smtp.maildrops import DOMAIN, Site

OURS: Final = "mailgate"
CONFIGURATION: Final = """\
hostname = "localhost"
state = "."
[tls]
certificate = "{certificate}"
key = "{key}"
[smtp]
listen = ["tcp:0:interface=127.0.0.1"]
[store]
directory = "{mail}"
[[handler]]
use = "loop-guard"
"""
FIELD: Final = """\
[[handler]]
use = "add-field"
field = "X-Passed"
value = "yes"
"""
_LISTENING: Final = re.compile(r"listening on 127\.0\.0\.1:(\d+) \(smtp\.listen\)")


def start(
    python: Interpreter, directory: Path, site: Site, adds_field: bool
) -> contextlib.AbstractContextManager[Server]:
    """The gateway with its state in a directory, which it may have had before."""
    text = CONFIGURATION.format(certificate=site.certificate, key=site.key, mail=site.mail)
    (directory / "mailgate.toml").write_text(text + (FIELD if adds_field else ""))
    users = directory / "domains" / DOMAIN / "users"
    users.parent.mkdir(parents=True, exist_ok=True)
    users.write_text("".join(f"{user}:{{PLAIN}}secret\n" for user in site.users))
    return running(OURS, python.twistd(), directory, _ports, python.environment)


def _ports(said: str) -> tuple[int, int] | None:
    found = _LISTENING.search(said)
    return None if found is None else (int(found[1]), 0)
