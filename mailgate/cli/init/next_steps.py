"""What to do next, with lines to paste: a certificate, a start, DNS, tests. For 80 columns."""

from __future__ import annotations

import datetime
import os
import shutil
from collections.abc import Iterator, Sequence
from shlex import quote
from typing import Final

from attrs import frozen

from mailgate.cli import COMMANDS
from mailgate.cli.init.dns import Record
from mailgate.cli.init.layout import SYSTEM_UNITS, UNIT, Layout, Runner
from mailgate.cli.init.pieces import Paths
from mailgate.cli.init.telling import INDENT, WIDTH, paragraph
from mailgate.cli.init.wishes import Wishes

_COMMAND: Final = INDENT + "  "


@frozen
class Situation:
    """All that the advice depends on."""

    wishes: Wishes
    layout: Layout
    runner: Runner
    certificate_ends: datetime.datetime | None  # None: it is a real one, or there is none yet

    @property
    def paths(self) -> Paths:
        return Paths.of(self.layout, self.wishes)

    def program(self, name: str) -> str:
        """How to call a program that stands beside our own Python."""
        path = os.path.join(self.runner.programs, name)
        return name if shutil.which(name) == path else quote(path)


def advice(situation: Situation, records: Sequence[Record]) -> Iterator[str]:
    """All of it, line by line."""
    sections = [_start(situation), _ports(situation), _dns(situation, records), _certificate(situation)]
    for number, lines in enumerate([*filter(None, map(list, sections)), list(_try(situation))], 1):
        yield ""
        yield f"{number}. {lines[0]}"
        yield from lines[1:]


def _start(situation: Situation) -> Iterator[str]:
    layout, configuration = situation.layout, quote(situation.layout.configuration)
    twistd = situation.program("twistd")
    yield "Start it"
    yield _command(f"{twistd} mailgate --check", f"--config {configuration}")
    if not layout.is_system:
        yield _command(f"{twistd} -n --pidfile= mailgate", f"--config {configuration}")
        yield paragraph("That runs until Ctrl-C. So that systemd starts it, also when you are not logged in:")
        yield f"{_COMMAND}systemctl --user enable --now {quote(layout.unit)}"
        yield f"{_COMMAND}loginctl enable-linger"
        return
    in_place = os.path.dirname(layout.unit) == SYSTEM_UNITS
    if in_place:
        yield f"{_COMMAND}systemctl daemon-reload"
    yield f"{_COMMAND}systemctl enable --now {UNIT if in_place else quote(layout.unit)}"
    yield f"{_COMMAND}journalctl -u mailgate -f"


def _ports(situation: Situation) -> Iterator[str]:
    ports = situation.wishes.ports
    yield "Let them in (firewall)"
    listed = f"{ports.smtp}, {ports.submission}, {ports.submissions}, {ports.pop3}, {ports.pop3s}"
    yield paragraph(f"TCP ports {listed} have to be open to everybody who shall use them.")
    if not ports.are_low:
        yield paragraph(
            f"Other mail servers come to port 25 and to no other: mail from outside comes only if something leads "
            f"port 25 to {ports.smtp}, such as, by root:"
        )
        yield f"{_COMMAND}nft add table inet mail"
        yield f"{_COMMAND}nft add chain inet mail in '{{ type nat hook prerouting priority dstnat; }}'"
        yield f"{_COMMAND}nft add rule inet mail in tcp dport 25 redirect to :{ports.smtp}"


def _dns(situation: Situation, records: Sequence[Record]) -> Iterator[str]:
    wishes = situation.wishes
    yield f"Tell the world (DNS, at whoever has {wishes.domain})"
    width = max(len(record.name) for record in records)
    for record in records:
        yield f"{INDENT}{record.name:<{width}} {record.kind:<4} {record.value}"
    yield paragraph(
        f"PTR: ask who gives you the IP address to have it lead back to {wishes.hostname}; many servers refuse mail "
        "without it."
    )
    yield paragraph(
        'SPF, "v=spf1 …", says who may send mail from your domain. If a smarthost does, add what it tells you, such '
        "as include:spf.relay.example.net."
    )
    yield paragraph(
        "DKIM: the smarthost signs; publish the key that it gives you. DMARC, once SPF and DKIM are right: a TXT "
        f'record at _dmarc.{wishes.domain}, "v=DMARC1; p=none", and later p=quarantine.'
    )


def _certificate(situation: Situation) -> Iterator[str]:
    if situation.certificate_ends is None:
        return
    yield "GET A REAL CERTIFICATE"
    yield paragraph(
        f"The one that was made is self-signed, for {situation.wishes.hostname}, valid until "
        f"{situation.certificate_ends:%Y-%m-%d}. Other mail servers take it for STARTTLS. Mail programs do not: they "
        "warn, or do not connect. Put a real one (certbot, your authority) in its place:"
    )
    yield f"{_COMMAND}{situation.paths.certificate}   the full chain"
    yield f"{_COMMAND}{situation.paths.key}    its key, for {situation.layout.user} to read, nobody else"


def _try(situation: Situation) -> Iterator[str]:
    wishes, ports = situation.wishes, situation.wishes.ports
    trust, configuration = quote(situation.paths.certificate), quote(situation.layout.configuration)
    yield "Try it, here, while it runs"
    yield f"{INDENT}A mail in, by STARTTLS:"
    yield f"{_COMMAND}swaks --server localhost:{ports.smtp} --tls --to {quote(wishes.address)}"
    yield f"{INDENT}What it shows by STARTTLS, and whether that is for this host:"
    verify = f"-verify_hostname {wishes.hostname} -verify_return_error"
    connect = f"openssl s_client -starttls smtp -connect localhost:{ports.smtp}"
    yield _command(connect, verify, f"-CAfile {trust} -brief </dev/null")
    yield f"{INDENT}The mail out, by POP3S (it asks for the password):"
    place = f"{wishes.hostname}:{ports.pop3s}"
    login = f"curl --user {quote(wishes.address)} --cacert {trust}"
    yield _command(login, f"--resolve {place}:127.0.0.1", f"pop3s://{place}/1")
    if "user" in COMMANDS:
        yield f"{INDENT}More people, at once and without a restart:"
        yield _command(f"{situation.program('mailgate')} user add bob@{wishes.domain}", f"--config {configuration}")
    if "self-test" in COMMANDS:
        yield f"{INDENT}All listeners at once:"
        yield _command(f"{situation.program('mailgate')} self-test", quote(wishes.address), f"--config {configuration}")


def _command(*parts: str) -> str:
    """A line to paste, broken between the parts if it is too long for one."""
    line = _COMMAND + " ".join(parts)
    return line if len(line) <= WIDTH else _COMMAND + f" \\\n{_COMMAND}  ".join(parts)
