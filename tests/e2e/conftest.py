"""Daemons for the tests of this folder, and the accounts and certificate that they serve."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailgate.development import write_certificate
from tests.e2e.daemon import Daemon, development

# The configuration that the documentation promises, with a state and ports of its own.
SHOWN = (Path(__file__).parents[1] / "config" / "shown.toml").read_text()
LMTP = '\n[lmtp]\nlisten = ["tcp:24"]\n'  # none is shown, for there must not be one unless it is asked for
CONFIGURATION = re.sub(r'"tcp:\d+"', '"tcp:0:interface=127.0.0.1"', SHOWN.replace("/var/lib/mailgate", "state") + LMTP)
USERS = "alice:{PLAIN}wonderland\nbob:{PLAIN}builder\n"
ALIASES = "info: alice, bob\n"


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A gateway in development mode."""
    daemon = development(tmp_path_factory.mktemp("dev"))
    yield daemon
    daemon.stop()


def lay_out(directory: Path) -> None:
    """Configuration, certificate and accounts of a small organisation."""
    state = directory / "state"
    domain = state / "domains" / "example.test"
    domain.mkdir(parents=True)
    (state / "tls").mkdir()
    write_certificate(str(state / "tls"))
    (directory / "mailgate.toml").write_text(CONFIGURATION)
    (domain / "users").write_text(USERS)
    (domain / "aliases").write_text(ALIASES)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A gateway as an organisation runs it, from a file with accounts."""
    directory = tmp_path_factory.mktemp("server")
    lay_out(directory)
    daemon = Daemon([], directory)
    daemon.wait_for(r"pop3\.listen_tls")
    yield daemon
    daemon.stop()


@pytest.fixture(scope="session")
def trusting() -> ssl.SSLContext:
    """TLS that believes any certificate; others check that it is the right one."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
