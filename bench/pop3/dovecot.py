"""Dovecot, with a configuration, sockets and state of its own, apart from the system's. Wants root, as Dovecot does."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from bench.pop3.maildrops import DOMAIN, Site
from bench.servers import Kind, Server, free_ports, running
from tests.clients.installing import CannotInstall, Need, install, with_sbin

OWNER: Final = 5000  # user and group of the mail: Dovecot refuses to serve root's
NEEDS: Final = (
    Need("dovecot-core", ("sh", "-c", "command -v dovecot")),
    Need("dovecot-pop3d", ("sh", "-c", "command -v /usr/lib/dovecot/pop3")),
)
# Raised are only limits that a thousand sessions would hit. Nothing else of the mail's side differs from the defaults.
CONFIGURATION: Final = """\
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
protocols = pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
mail_location = maildir:{mail}/%d/%n
passdb {{
  driver = passwd-file
  args = username_format=%u {directory}/passwd
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner} home={mail}/%d/%n
}}
default_client_limit = 5000
service pop3-login {{
  process_limit = 1200
  inet_listener pop3 {{
    port = {clear}
  }}
  inet_listener pop3s {{
    port = {tls}
    ssl = yes
  }}
  {login}
}}
service pop3 {{
  process_limit = 1200
}}
"""
# What stands in the service of logins: nothing, or the "high-performance mode" of doc.dovecot.org.
AS_SHIPPED: Final = ""
HIGH_PERFORMANCE: Final = "service_count = 0\n  process_min_avail = 2"


def why_not() -> str:
    """Install what is missing; then say why Dovecot cannot be run here, or nothing if it can."""
    if os.geteuid() != 0:
        return "Dovecot is started by root alone"
    try:
        install(NEEDS)
    except CannotInstall as error:
        return str(error)
    return ""


def version() -> str:
    """What Dovecot calls itself."""
    return subprocess.run([_program(), "--version"], capture_output=True, text=True, check=True).stdout.strip()


def dovecot(name: str, site: Site, login: str) -> Kind:
    """Dovecot in one of its modes, for the maildrops and accounts of a site."""

    def start(directory: Path) -> contextlib.AbstractContextManager[Server]:
        clear, tls = free_ports(2)
        configuration = directory / "dovecot.conf"
        configuration.write_text(
            CONFIGURATION.format(
                directory=directory,
                certificate=site.certificate,
                key=site.key,
                mail=site.mail,
                owner=OWNER,
                clear=clear,
                tls=tls,
                login=login,
            )
        )
        passwords = "".join(f"{user}@{DOMAIN}:{site.secret}::::::\n" for user in site.users)
        (directory / "passwd").write_text(passwords)
        directory.chmod(0o755)  # its processes go through under names of their own
        return running(name, [_program(), "-F", "-c", str(configuration)], directory, lambda said: (clear, tls))

    return Kind(name, start)


def _program() -> str:
    return shutil.which("dovecot", path=with_sbin()["PATH"]) or "dovecot"
