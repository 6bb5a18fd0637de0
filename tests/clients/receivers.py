"""The clients that fetch, as a table of values: to add one, add a value."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from typing import Final

from attrs import frozen

from tests.clients import fetching
from tests.clients.fetching import Fetch
from tests.clients.installing import Need
from tests.clients.reception import Reception
from tests.clients.senders import on_path, said_by
from tests.clients.thunderbird import thunderbird


@frozen
class Receiver:
    """A client: how it is had, which version it is, what it cannot do, how it fetches and what it changes."""

    name: str
    needs: tuple[Need, ...]
    version: Callable[[], str]
    fetch: Fetch
    remembers: bool = False  # does it know the next time what it has fetched?
    changes: str = ""  # in words; empty: every octet is kept, but for line ends
    undo: Callable[[bytes], bytes] = lambda message: message  # takes back what it is known to change
    stls: bool = True  # can it?

    def lacks(self, reception: Reception) -> str:
        """Why it cannot, or empty."""
        if reception.tls == "stls" and not self.stls:
            return "has no STLS"
        return "keeps no record" if reception.again and not self.remembers else ""


def _without_received(message: bytes) -> bytes:
    return re.sub(rb"\AReceived:[^\n]*\n(?:[ \t][^\n]*\n)*", b"", message)


def _without_counts(message: bytes) -> bytes:
    return re.sub(rb"\nContent-Length: \d+\nLines: \d+\n\n", b"\n\n", message, count=1)


def _without_mozilla(message: bytes) -> bytes:
    return re.sub(rb"\A(?:X-(?:Account-Key|UIDL|Mozilla-[\w-]+):[^\n]*\n)+", b"", message)


RECEIVERS: Final = (
    Receiver("curl", (on_path("curl"),), said_by("curl", "--version"), fetching.curl),
    Receiver(
        "fetchmail",
        (on_path("fetchmail"),),
        said_by("fetchmail", "--version"),
        fetching.fetchmail,
        remembers=True,
        changes="it puts a Received field in front",
        undo=_without_received,
    ),
    Receiver(
        "getmail6",
        (on_path("getmail6", "getmail"),),
        said_by("getmail", "--version"),
        fetching.getmail,
        True,
        stls=False,
    ),
    Receiver("mpop", (on_path("mpop"),), said_by("mpop", "--version"), fetching.mpop, True),
    Receiver(
        "mutt",
        (on_path("mutt"),),
        said_by("mutt", "-v"),
        fetching.mutt,
        changes="it puts Content-Length and Lines behind the other fields",
        undo=_without_counts,
    ),
    Receiver(
        "Thunderbird",
        (on_path("thunderbird"),),
        said_by("thunderbird", "--version"),
        thunderbird,
        remembers=True,
        changes="it puts fields of its own in front, X-Mozilla-Status and the like",
        undo=_without_mozilla,
    ),
    Receiver("poplib of Python", (), platform.python_version, fetching.poplib),
    Receiver(
        "Net::POP3 of Perl",
        (
            on_path("perl"),
            Need("libio-socket-ssl-perl", ("perl", "-MIO::Socket::SSL", "-e", "1")),
        ),
        said_by("perl", "-MNet::POP3", "-e", "print Net::POP3->VERSION"),
        fetching.net_pop3,
    ),
)
