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
from mailgate.cli.fitting import COLUMNS
from mailgate.cli.init.dns import Record
from mailgate.cli.init.layout import SYSTEM_UNITS, UNIT, Layout, Runner
from mailgate.cli.init.pieces import Paths
from mailgate.cli.init.telling import INDENT, paragraph
from mailgate.cli.init.wishes import Wishes

_COMMAND: Final = INDENT + "  "


@frozen
class Situation:
    """All that the advice depends on."""

    wishes: Wishes
    layout: Layout
    runner: Runner
    certificate_ends: datetime.datetime | None  # of a self-signed one; None: it is a real one

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
        yield paragraph("That runs until Ctrl-C. To let systemd run it, also while you are not logged in:")
        yield _command("systemctl --user enable --now", quote(layout.unit))
        yield f"{_COMMAND}loginctl enable-linger"
        return
    in_place = os.path.dirname(layout.unit) == SYSTEM_UNITS
    if in_place:
        yield f"{_COMMAND}systemctl daemon-reload"
    yield _command("systemctl enable --now", UNIT if in_place else quote(layout.unit))
    yield f"{_COMMAND}journalctl -u mailgate -f"


def _ports(situation: Situation) -> Iterator[str]:
    ports = situation.wishes.ports
    yield "Open the firewall"
    listed = f"{ports.smtp}, {ports.submission}, {ports.submissions}, {ports.pop3}, {ports.pop3s}"
    yield paragraph(f"TCP ports {listed} have to be reachable from outside.")
    if not ports.are_low:
        yield paragraph(
            f"Other mail servers use port 25 and no other: their mail arrives only if port 25 is redirected to "
            f"{ports.smtp}, which root can do like this, until the next restart of the machine:"
        )
        yield f"{_COMMAND}nft add table inet mail"
        yield f"{_COMMAND}nft add chain inet mail in '{{ type nat hook prerouting priority dstnat; }}'"
        yield f"{_COMMAND}nft add rule inet mail in tcp dport 25 redirect to :{ports.smtp}"


def _dns(situation: Situation, records: Sequence[Record]) -> Iterator[str]:
    wishes = situation.wishes
    yield f"Set the DNS records of {wishes.domain}"
    width = max(len(record.name) for record in records)
    for record in records:
        yield f"{INDENT}{record.name:<{width}} {record.kind:<4} {record.value}"
    yield paragraph(
        f"PTR: ask the provider of your IP address to let it resolve to {wishes.hostname}; many servers refuse mail "
        "from a host without it."
    )
    yield paragraph(
        'SPF, "v=spf1 …", says who may send mail from your domain. If a smarthost sends it for you, add what its '
        "provider tells you, such as include:spf.relay.example.net."
    )
    yield paragraph(
        "DKIM: the smarthost signs; publish the key that it gives you. DMARC, once SPF and DKIM work: a TXT "
        f'record at _dmarc.{wishes.domain}, "v=DMARC1; p=none", and later p=quarantine.'
    )


def _certificate(situation: Situation) -> Iterator[str]:
    if situation.certificate_ends is None:
        return
    yield "GET A REAL CERTIFICATE"
    yield paragraph(
        f"The one that was made is self-signed, for {situation.wishes.hostname}, valid until "
        f"{situation.certificate_ends:%Y-%m-%d}. Other mail servers take it for STARTTLS. Mail programs do not: they "
        "warn, or do not connect. Put a real one in its place, such as certbot gets you (docs/certificates.md). "
        "First the certificate with its chain, then its private key, which only the user "
        f"{situation.layout.user} may be able to read:"
    )
    yield f"{_COMMAND}{situation.paths.certificate}"
    yield f"{_COMMAND}{situation.paths.key}"


def _try(situation: Situation) -> Iterator[str]:
    wishes, ports = situation.wishes, situation.wishes.ports
    trust, configuration = quote(situation.paths.certificate), quote(situation.layout.configuration)
    yield "Try it on this machine, while the server runs"
    yield f"{INDENT}Send a mail in, by STARTTLS:"
    yield f"{_COMMAND}swaks --server localhost:{ports.smtp} --tls --to {quote(wishes.address)}"
    yield f"{INDENT}See its certificate, and whether that is for this host:"
    verify = f"-verify_hostname {wishes.hostname} -verify_return_error"
    connect = f"openssl s_client -starttls smtp -connect localhost:{ports.smtp}"
    yield _command(connect, verify, f"-CAfile {trust}", "-brief </dev/null")
    yield f"{INDENT}Fetch the mail, by POP3S (curl asks for the password):"
    place = f"{wishes.hostname}:{ports.pop3s}"
    login = f"curl --user {quote(wishes.address)}"
    yield _command(login, f"--cacert {trust}", f"--resolve {place}:127.0.0.1", f"pop3s://{place}/1")
    if "user" in COMMANDS:
        yield f"{INDENT}Add more accounts; they count at once, without a restart:"
        yield _command(f"{situation.program('mailgate')} user add bob@{wishes.domain}", f"--config {configuration}")
    if "self-test" in COMMANDS:
        yield f"{INDENT}Test all listeners at once (it asks for the password):"
        yield _command(f"{situation.program('mailgate')} self-test", quote(wishes.address), f"--config {configuration}")


def _command(*parts: str) -> str:
    """A line to paste, broken between the parts where it would be too long."""
    lines = [_COMMAND + parts[0]]
    for number, part in enumerate(parts[1:], 2):
        end = "" if number == len(parts) else " \\"
        if len(f"{lines[-1]} {part}{end}") < COLUMNS - 1:
            lines[-1] += f" {part}"
        else:
            lines[-1] += " \\"
            lines.append(f"{_COMMAND}  {part}")
    return "\n".join(lines)
