"""The clients that send, as a table of values: to add one, add a value."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Callable
from typing import Final

from attrs import field, frozen

from tests.clients import commands
from tests.clients.commands import sending
from tests.clients.installing import Need, with_sbin
from tests.clients.modes import Job, Mode


@frozen
class Sender:
    """A client: how it is had, which version it is, what it cannot do, and how it sends."""

    name: str
    needs: tuple[Need, ...]
    version: Callable[[], str]
    lacks: Callable[[Mode], str] = field(default=lambda mode: "")  # why it cannot, or empty
    send: Callable[[Job], None] | None = None  # None: a Postfix of our own does it
    node_module: str = ""


def said_by(*command: str) -> Callable[[], str]:
    """The first thing that looks like a version in what a command says."""

    def version() -> str:
        done = subprocess.run(command, env=with_sbin(), capture_output=True, text=True, timeout=60, check=False)
        found = re.search(r"\d+(?:\.\d+)+", done.stdout + done.stderr)
        return found[0] if found is not None else "of unknown version"

    return version


def _no_lmtp(mode: Mode) -> str:
    return "has no LMTP" if mode.lmtp else ""


def on_path(package: str, program: str = "") -> Need:
    return Need(package, ("sh", "-c", f"command -v {program or package}"))


SENDERS: Final = (
    Sender(
        "Postfix",
        (on_path("postfix"), Need("libsasl2-modules", ("sh", "-c", "ls /usr/lib/*/sasl2/libplain.so"))),
        said_by("postconf", "-d", "mail_version"),
    ),
    Sender(
        "swaks",
        (on_path("swaks"), Need("libnet-ssleay-perl", ("perl", "-MNet::SSLeay", "-e", "1"))),
        said_by("swaks", "--version"),
        send=sending(commands.swaks),
    ),
    Sender("msmtp", (on_path("msmtp"),), said_by("msmtp", "--version"), send=sending(commands.msmtp)),
    Sender("curl", (on_path("curl"),), said_by("curl", "--version"), _no_lmtp, sending(commands.curl)),
    Sender("smtplib of Python", (), platform.python_version, send=sending(commands.smtplib)),
    Sender(
        "nodemailer",
        (on_path("nodejs", "node"), on_path("npm")),
        said_by("true"),
        send=sending(commands.nodemailer),
        node_module="nodemailer",
    ),
)
