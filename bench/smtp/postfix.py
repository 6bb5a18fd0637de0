"""A Postfix with a configuration, a queue and state of its own, apart from the system's. Wants root, as Postfix does.

Settings are its defaults, and a master.cf as it is shipped without what relays or takes mail from local programs.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.servers import CannotStart, Server, free_ports, running
from bench.smtp.maildrops import DOMAIN, Site
from tests.clients.installing import Need, with_sbin

OWNER: Final = 5000  # user and group of the mail: Postfix delivers as nobody whose number is below 100
NEEDS: Final = (Need("postfix", ("sh", "-c", "command -v postfix")),)
CHECK_SECONDS: Final = 60
MAIN: Final = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/log
maillog_file_prefixes = {directory}
myhostname = localhost
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {mail}
virtual_mailbox_maps = texthash:{directory}/users
virtual_uid_maps = static:{owner}
virtual_gid_maps = static:{owner}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
"""
# name, type, private, unprivileged, chroot, wake-up, process limit, command
MASTER: Final = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def why_not() -> str:
    """Why it cannot run here, whatever is installed; empty if it can."""
    return "" if os.geteuid() == 0 else "Postfix is started by root alone"


def version() -> str:
    """What it calls itself."""
    return _run("postconf", "-h", "-d", "mail_version")


@contextlib.contextmanager
def start(name: str, directory: Path, site: Site) -> Iterator[Server]:
    """Postfix with its queue and state in a directory, which it may have had before. Raises `CannotStart`."""
    (port,) = free_ports(1)
    values = {"domain": DOMAIN, "mail": site.mail, "certificate": site.certificate, "key": site.key, "owner": OWNER}
    (directory / "main.cf").write_text(MAIN.format(directory=directory, **values))
    (directory / "master.cf").write_text(MASTER.format(port=port))
    (directory / "users").write_text("".join(f"{user}@{DOMAIN} {DOMAIN}/{user}/\n" for user in site.users))
    if not (directory / "queue").exists():
        _prepare(directory, site)
    # Not "postfix start-fg", a script that waits for the master, and that would leave it behind.
    master = Path(_run("postconf", "-c", str(directory), "-h", "daemon_directory")) / "master"
    with running(name, [str(master), "-c", str(directory), "-d"], directory, lambda said: (port, 0)) as server:
        yield server


def _prepare(directory: Path, site: Site) -> None:
    for folder in ("queue", "data"):
        (directory / folder).mkdir()
    shutil.chown(directory / "data", "postfix")
    domain = site.mail / DOMAIN
    domain.mkdir()
    for place in (site.mail, domain):
        os.chown(place, OWNER, OWNER)
    directory.chmod(0o755)  # its processes go through under names of their own
    _run("postfix", "-c", str(directory), "check")  # makes the queue's directories, and takes seconds


def _run(*command: str) -> str:
    done = subprocess.run(command, env=with_sbin(), capture_output=True, text=True, timeout=CHECK_SECONDS, check=False)
    if done.returncode != 0:
        raise CannotStart(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.strip()
