"""The peers: how each is had, which version it is, and how it is started, as a table of values."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from attrs import frozen

from bench.interpreter import CACHE
from bench.servers import Server, free_ports, running
from bench.smtp import postfix
from bench.smtp.maildrops import Site
from tests.clients.installing import CannotInstall, Need, install, install_node_module, with_sbin

POSTFIX: Final = "Postfix"
NODE: Final = "Node smtp-server"
AIOSMTPD: Final = "aiosmtpd"
HERE: Final = Path(__file__).parent
INSTALL_SECONDS: Final = 300
NODE_NEEDS: Final = (
    Need("nodejs", ("node", "--version")),
    Need("npm", ("npm", "--version")),
)


@frozen
class Peer:
    """A server beside ours. `prepare` installs what is missing and tells the version; it may raise `CannotInstall`."""

    name: str
    prepare: Callable[[], str]
    start: Callable[[Path, Site], contextlib.AbstractContextManager[Server]]


def _prepare_postfix() -> str:
    if why_not := postfix.why_not():
        raise CannotInstall(why_not)
    install(postfix.NEEDS)
    return f"{postfix.version()}, virtual(8), logs to a file of its own"


def _prepare_node() -> str:
    install(NODE_NEEDS)
    module = CACHE / "node" / "node_modules" / "smtp-server" / "package.json"
    if not module.exists():
        module.parents[2].mkdir(parents=True, exist_ok=True)
        install_node_module("smtp-server", CACHE / "node")
    return f"{json.loads(module.read_text())['version']}, Node.js {_said('node', '--version').lstrip('v')}"


def _prepare_aiosmtpd() -> str:
    python = _python()
    if not python.exists():
        _said(sys.executable, "-m", "venv", str(CACHE / "aiosmtpd"))
    ask = (str(python), "-c", "import aiosmtpd, platform; print(aiosmtpd.__version__, platform.python_version())")
    try:
        version = _said(*ask)
    except CannotInstall:
        _said(str(python), "-m", "pip", "install", "--quiet", "aiosmtpd")
        version = _said(*ask)
    return "{}, CPython {}".format(*version.split())


def _start_postfix(directory: Path, site: Site) -> contextlib.AbstractContextManager[Server]:
    return postfix.start(POSTFIX, directory, site)


def _start_node(directory: Path, site: Site) -> contextlib.AbstractContextManager[Server]:
    # The script is no part of the module's directory: Node finds it by this.
    environment = {"NODE_PATH": str(CACHE / "node" / "node_modules")}
    return _start(NODE, ["node", str(HERE / "node_server.js")], directory, site, environment)


def _start_aiosmtpd(directory: Path, site: Site) -> contextlib.AbstractContextManager[Server]:
    return _start(AIOSMTPD, [str(_python()), str(HERE / "aiosmtpd_server.py")], directory, site, {})


def _start(
    name: str, command: list[str], directory: Path, site: Site, environment: dict[str, str]
) -> contextlib.AbstractContextManager[Server]:
    (port,) = free_ports(1)
    words = [*command, str(port), str(site.mail), str(site.certificate), str(site.key)]
    return running(name, words, directory, lambda said: (port, 0), environment)


def _python() -> Path:
    return CACHE / "aiosmtpd" / "bin" / "python"


def _said(*command: str) -> str:
    try:
        done = subprocess.run(
            command, env=with_sbin(), capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotInstall(f"{' '.join(command)}: {error}") from error
    if done.returncode != 0:
        raise CannotInstall(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")
    return done.stdout.strip()


PEERS: Final = (
    Peer(POSTFIX, _prepare_postfix, _start_postfix),
    Peer(NODE, _prepare_node, _start_node),
    Peer(AIOSMTPD, _prepare_aiosmtpd, _start_aiosmtpd),
)
