"""mailgate as an organisation runs it, with POP3 alone."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Final

from bench.interpreter import Interpreter
from bench.pop3.maildrops import DOMAIN, Site
from bench.servers import Kind, Server, running

OURS: Final = "mailgate"
CONFIGURATION: Final = """\
hostname = "localhost"
state = "."
[tls]
certificate = "{certificate}"
key = "{key}"
[pop3]
listen = ["tcp:0:interface=127.0.0.1"]
listen_tls = ["tcp:0:interface=127.0.0.1"]
allow_plaintext = true
[store]
directory = "{mail}"
[limits]
connections = 5000
"""
_LISTENING: Final = re.compile(r"listening on 127\.0\.0\.1:(\d+) \((\S+)\)")


def mailgate(python: Interpreter, site: Site) -> Kind:
    """The gateway, for the maildrops and accounts of a site."""

    def start(directory: Path) -> contextlib.AbstractContextManager[Server]:
        text = CONFIGURATION.format(certificate=site.certificate, key=site.key, mail=site.mail)
        (directory / "mailgate.toml").write_text(text)
        users = directory / "domains" / DOMAIN / "users"
        users.parent.mkdir(parents=True)
        users.write_text("".join(f"{user}:{site.secret}\n" for user in site.users))
        return running(OURS, python.twistd(), directory, _ports, python.environment)

    return Kind(OURS, start)


def _ports(said: str) -> tuple[int, int] | None:
    ports = {name: int(port) for port, name in _LISTENING.findall(said)}
    return (ports["pop3.listen"], ports["pop3.listen_tls"]) if len(ports) == 2 else None
