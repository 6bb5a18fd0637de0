"""A Postfix of our own, apart from the system's: it relays to the gateway, one way for each domain."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import smtplib
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.clients.commands import NotSent
from tests.clients.installing import with_sbin
from tests.clients.modes import PASSWORD, SENDER, USER, Job, Mode

START_SECONDS: Final = 30
RELAY_SECONDS: Final = 30
POLL_SECONDS: Final = 0.05
MAIN: Final = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/log
maillog_file_prefixes = {directory}
myhostname = relay.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
transport_maps = texthash:{directory}/transport
smtp_host_lookup = native
lmtp_host_lookup = native
smtp_tls_secure_cert_match = mx.example.test
smtp_sasl_password_maps = inline:{{ localhost={user}:{password} }}
smtp_sasl_security_options = noanonymous
smtp_connection_cache_on_demand = no
default_destination_recipient_limit = 50
"""
# name, type, process limit, command; all of them unprivileged but those that must not be, none of them in a chroot.
SERVICES: Final = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
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
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
_STATUS: Final = re.compile(r"to=<(?P<to>[^>]+)>.*? status=(?P<status>\w+) \((?P<why>.*)\)")

Listening = Callable[[Mode], tuple[int, str]]  # the port and the socket for a mode


class CannotStart(Exception):
    """Postfix does not start; the message has what it said."""


class Postfix:
    """A running Postfix. `routes` are the domains it relays, each by the mode that it stands for."""

    def __init__(self, directory: Path, routes: Mapping[str, Mode], listening: Listening, cas: Callable[[Mode], str]):
        """`cas` says which file of CAs a mode knows. Raises `CannotStart`."""
        self._log = directory / "log"
        self._master = directory / "queue" / "pid" / "master.pid"
        self._port = _free_port()
        for name in ("queue", "data"):
            (directory / name).mkdir()
        services = [SERVICES.format(port=self._port)]
        transports = []
        for number, (domain, mode) in enumerate(routes.items()):
            services.append(_service(number, mode, cas(mode)))
            transports.append(f"{domain} {_transport(number, mode, *listening(mode))}\n")
        (directory / "master.cf").write_text("".join(services))
        (directory / "transport").write_text("".join(transports))
        (directory / "main.cf").write_text(MAIN.format(directory=directory, user=USER, password=PASSWORD))
        subprocess.run(
            ["chown", "postfix", str(directory / "data")], check=True, capture_output=True, timeout=START_SECONDS
        )
        self._said = directory / "said"
        with self._said.open("w") as said:
            # In the foreground, so that there is something to wait for.
            self._process = subprocess.Popen(
                ["postfix", "-c", str(directory), "start-fg"],
                env=with_sbin(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        self._wait_until_it_listens()

    def send(self, job: Job) -> None:
        """Hand a message in, and wait until it has been relayed. Raises `NotSent`."""
        status, why = self.relay(job.file.read_bytes(), (job.recipient,))[job.recipient]
        if status != "sent":
            raise NotSent(f"{status}: {why}")

    def relay(self, content: bytes, recipients: Sequence[str], and_then: str = "") -> dict[str, tuple[str, str]]:
        """Hand a message in; give what became of each recipient, by the log: such as "bounced", and the reason.

        `and_then` is somebody else who gets mail because of it. Raises `NotSent` if that takes too long.
        """
        begin = self._log.stat().st_size
        with smtplib.SMTP("127.0.0.1", self._port, timeout=RELAY_SECONDS) as smtp:
            smtp.sendmail(SENDER, recipients, content, ["BODY=8BITMIME"])
        deadline = time.monotonic() + RELAY_SECONDS
        while time.monotonic() < deadline:
            log = self._log.read_bytes()[begin:].decode(errors="replace")
            became = {found["to"]: (found["status"], found["why"]) for found in _STATUS.finditer(log)}
            if became.keys() >= {*recipients, and_then} - {""}:
                return became
            time.sleep(POLL_SECONDS)
        raise NotSent(f"Postfix's log has no end of it after {RELAY_SECONDS} s: {log[-500:]}")

    def stop(self) -> None:
        """End it, and all of its children with it."""
        # Not only the process that we have started, a script that waits for the master: it would leave the master.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            end(int(self._master.read_text()))
        self._process.terminate()
        self._process.wait(START_SECONDS)

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=START_SECONDS).close()
                return
            except ConnectionRefusedError:
                time.sleep(POLL_SECONDS)
        self.stop()
        log = self._log.read_text() if self._log.exists() else ""
        raise CannotStart(f"Postfix does not start: {self._said.read_text()} {log}")


def end(pid: int) -> None:
    """End a process that is no child of ours, and wait until it is gone. Raises ProcessLookupError."""
    process = os.pidfd_open(pid)
    try:
        os.kill(pid, signal.SIGTERM)
        select.select([process], [], [], START_SECONDS)
    finally:
        os.close(process)


def _service(number: int, mode: Mode, ca: str) -> str:
    program = "lmtp" if mode.lmtp else "smtp"
    settings = {
        "smtp_tls_security_level": "none" if mode.tls == "clear" else "secure",
        "smtp_tls_CAfile": ca,
        "smtp_tls_wrappermode": "yes" if mode.tls == "implicit" else "no",
        "smtp_sasl_auth_enable": "yes" if mode.auth else "no",
        "smtp_sasl_mechanism_filter": mode.auth.lower(),
    }
    options = "".join(f"\n  -o {name}={value}" for name, value in settings.items()) if program == "smtp" else ""
    return f"by{number} unix - - n - - {program}{options}\n"


def _transport(number: int, mode: Mode, port: int, path: str) -> str:
    if path:
        return f"by{number}:unix:{path}"
    if mode.lmtp:
        return f"by{number}:inet:[localhost]:{port}"
    return f"by{number}:[localhost]:{port}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
