"""The round of sending: every client sends by every mode, and what arrives is compared with what it was given."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.clients.commands import NotSent
from tests.clients.gateway import Running, without_trace
from tests.clients.installing import CannotInstall, install, install_node_module
from tests.clients.modes import MODES, SENDER, Job, Mode
from tests.clients.postfix import Postfix
from tests.clients.senders import SENDERS, Sender
from tests.clients.table import YES, Section

# All that is apt to be changed on the way, and lines enough to fill every buffer.
CONTENT: Final = (
    """\
From: Alice <alice@example.test>
To: Bob <bob@example.test>
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=,
\tfolded
Date: Mon, 23 Nov 2026 10:00:00 +0000
Message-ID: <round@example.test>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Доброго дня, こんにちは
.
..
.a line that begins with a dot
From the beginning of a line
spaces at the end{spaces}
\ta tab, a % sign, "quotes", 'quotes', $HOME, `backquotes`
{longest}
{lines}
the last but two


""".format(spaces=" " * 3, longest="x" * 998, lines="0123456789abcdef.\n" * 5_000)
    .replace("\n", "\r\n")
    .encode()
)
UNKNOWN: Final = "nobody"
CERTIFICATE: Final = ("certif", "verif", "untrusted", "not trusted")  # what clients say of a CA that they do not know


class Round:
    """Clients, gateway and Postfix of one run, and what came of it."""

    def __init__(self, directory: Path) -> None:
        """Installs what is missing. Raises `CannotInstall`."""
        if os.geteuid() != 0:
            raise CannotInstall("this wants root: to install clients, and because Postfix starts as nobody else")
        install([need for sender in SENDERS for need in sender.needs])
        for sender in SENDERS:
            if sender.node_module:
                install_node_module(sender.node_module, directory)
        self.clients = [(sender.name, _version(sender, directory)) for sender in SENDERS]
        self.rows: dict[str, list[str]] = {}
        self.besides: dict[str, str] = {}
        self.failures: list[str] = []
        self._directory = directory
        self._file = directory / "message"
        self._file.write_bytes(CONTENT)
        self._stops: list[Callable[[], None]] = []
        self._gateway = Running(directory)
        self._stops.append(self._gateway.stop)

    def run(self) -> None:
        """Fill the rows. Raises `CannotStart`."""
        postfix_directory = self._directory / "postfix"
        postfix_directory.mkdir(mode=0o755)
        routes = {mode.domain: mode for mode in MODES} | {"example.test": MODES[0]}
        self._postfix = Postfix(postfix_directory, routes, self._listening, self._ca)
        self._stops.append(self._postfix.stop)
        for mode in MODES:
            self.rows[mode.title] = [self._cell(sender, mode) for sender in SENDERS]
        for mode in MODES:
            if mode.lmtp:
                self._besides(
                    f"{mode.title}, Postfix, one recipient known and one unknown: only that one bounces", mode
                )

    def section(self) -> Section:
        """What it has found, for the table."""
        return Section("Sending", self.clients, self.rows, self.besides)

    def close(self) -> None:
        """End what was started."""
        while self._stops:
            self._stops.pop()()

    def _cell(self, sender: Sender, mode: Mode) -> str:
        if why := sender.lacks(mode):
            return why
        port, socket = self._listening(mode)
        job = Job(mode, port, socket, self._ca(mode), self._file, f"bob@{mode.domain}", self._directory)
        sys.stdout.write(f"{sender.name}: {mode.title}\n")
        try:
            self._try(sender.send or self._postfix.send, job)
        except (NotSent, Wrong) as error:
            self._gateway.fetch(job.recipient)  # should it have come all the same, it is not the next client's
            self.failures.append(f"{sender.name}: {mode.title}: {error}")
            return f"**no**: {str(error).splitlines()[-1]}"
        return YES

    def _try(self, send: Callable[[Job], None], job: Job) -> None:
        if job.mode.trusted:
            send(job)
            compare(self._gateway.fetch(job.recipient), job.mode)
            return
        try:
            send(job)
        except NotSent as error:
            if not any(word in str(error).lower() for word in CERTIFICATE):
                raise Wrong(f"it does not send, but for another reason: {error}") from None
        else:
            raise Wrong("it sends to whoever")
        if self._gateway.fetch(job.recipient):
            raise Wrong("it says that it has not sent, but something has come")

    def _besides(self, title: str, mode: Mode) -> None:
        sys.stdout.write(f"{title}\n")
        known, unknown = f"bob@{mode.domain}", f"{UNKNOWN}@{mode.domain}"
        try:
            self._gateway.fetch(SENDER)  # bounces of what has failed before are no concern of this
            became = self._postfix.relay(CONTENT, (known, unknown), and_then=SENDER)
            if (became[known][0], became[unknown][0]) != ("sent", "bounced") or "550 5.1.1" not in became[unknown][1]:
                raise Wrong(f"Postfix's log says {became}")
            compare(self._gateway.fetch(known), mode)
            look_at_bounce(self._gateway.fetch(SENDER), unknown)
        except (NotSent, Wrong) as error:
            self.failures.append(f"{title}: {error}")
            self.besides[title] = f"**no**: {error}"
        else:
            self.besides[title] = YES

    def _listening(self, mode: Mode) -> tuple[int, str]:
        return (0, self._gateway.socket) if mode.unix else (self._gateway.daemon.ports[mode.listener], "")

    def _ca(self, mode: Mode) -> str:
        return self._gateway.ca if mode.trusted else self._gateway.stranger


class Wrong(Exception):
    """A client has done something else than it was to do, or the gateway has."""


def compare(messages: list[bytes], mode: Mode) -> None:
    """Raises `Wrong` unless there is one message that came by this mode, octet for octet what was given."""
    if len(messages) != 1:
        raise Wrong(f"{len(messages)} messages have come")
    if f"by mx.example.test (mailgate) with {mode.protocol} ".encode() not in messages[0]:
        raise Wrong(f"it has not come by {mode.protocol}: {messages[0][:400]!r}")
    content = without_trace(messages[0])
    if content != CONTENT:
        raise Wrong(difference(content, CONTENT))


def difference(found: bytes, wanted: bytes) -> str:
    """Where two messages begin to differ, in words."""
    pairs = enumerate(zip(found, wanted, strict=False))
    at = next((number for number, (one, other) in pairs if one != other), min(len(found), len(wanted)))
    return f"from octet {at} on it is {found[at : at + 40]!r} instead of {wanted[at : at + 40]!r}"


def look_at_bounce(messages: list[bytes], unknown: str) -> None:
    """Raises `Wrong` unless the sender has one bounce (RFC 5321 4.5.5), which names who is unknown."""
    if len(messages) != 1:
        raise Wrong(f"{len(messages)} bounces have come")
    if not messages[0].startswith(b"Return-Path: <>\r\n") or f"<{unknown}>".encode() not in messages[0]:
        raise Wrong(f"the bounce is none, or is about somebody else: {messages[0][:200]!r}")


def _version(sender: Sender, directory: Path) -> str:
    if sender.node_module:
        package = directory / "node_modules" / sender.node_module / "package.json"
        return str(json.loads(package.read_text())["version"])
    return sender.version()
