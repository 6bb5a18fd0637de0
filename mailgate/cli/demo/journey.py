"""What happens to one letter: it is sent, it lies on the disk, it is fetched. Each step gives what was to be seen."""

from __future__ import annotations

import os
import ssl
from typing import Any, Final

from attrs import frozen
from twisted.internet.defer import TimeoutError
from twisted.internet.threads import deferToThreadPool

from mailgate.cli.demo.clients import TIMEOUT_SECONDS, Trouble, fetch, send
from mailgate.cli.demo.letters import Letter
from mailgate.cli.demo.transcript import Transcript, transcribe
from mailgate.cli.demo.wiretap import Place, Wiretap
from mailgate.cli.demo.witness import Witness
from mailgate.facts import Accepted, Delivered, Handled, NotDelivered
from mailgate.service import Gateway

FIRST_OCTETS: Final = 2048  # of a file; enough for the lines that are shown


@frozen
class Door:
    """Where a client goes in, and who overhears what is said there."""

    place: Place
    tap: Wiretap


@frozen
class Sent:
    """A letter was handed to the gateway, or should have been."""

    transcript: Transcript
    handled: tuple[Handled, ...]
    copies: tuple[str, ...]  # the paths of the files
    trouble: str = ""  # why it did not come to that


@frozen
class Kept:
    """The file that the gateway made."""

    path: str
    octets: int
    first_lines: tuple[bytes, ...]


@frozen
class Got:
    """A letter was fetched, or should have been."""

    transcript: Transcript
    content: bytes
    trouble: str = ""


class Journey:
    """Takes letters through one gateway, one at a time."""

    def __init__(self, reactor: Any, gateway: Gateway, smtp: Door, pop3: Door, tls: ssl.SSLContext) -> None:
        self._reactor = reactor
        self._gateway = gateway
        self._smtp = smtp
        self._pop3 = pop3
        self._tls = tls

    async def send(self, letter: Letter) -> Sent:
        """Hand it in by SMTP, and wait until the gateway says that it has it."""
        witness = Witness()
        self._gateway.add_reader(witness)
        trouble = ""
        try:
            await self._in_thread(send, self._smtp.place, letter, self._tls if letter.tls else None)
            await witness.first(Accepted, self._reactor, TIMEOUT_SECONDS)
        except Trouble as error:
            trouble = "; ".join([str(error), *(f"the store said: {fact.reason}" for fact in witness.all(NotDelivered))])
        except TimeoutError:
            trouble = "the client heard 250, but the gateway never told that it accepted the message"
        finally:
            self._gateway.bulletin.remove(witness)
        copies = tuple(copy for fact in witness.all(Delivered) for copy in fact.copies)
        return Sent(transcribe(self._smtp.tap.overheard()), witness.all(Handled), copies, trouble)

    async def fetch(self, letter: Letter) -> Got:
        """Fetch the newest message of its recipient by POP3."""
        content, trouble = b"", ""
        try:
            tls = self._tls if letter.tls else None
            content = await self._in_thread(fetch, self._pop3.place, letter.recipient, tls)
        except Trouble as error:
            trouble = str(error)
        return Got(transcribe(self._pop3.tap.overheard()), content, trouble)

    def _in_thread(self, work: Any, *arguments: object) -> Any:
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), work, *arguments)


def look_at(path: str) -> Kept:
    """What lies on the disk. Raises OSError."""
    with open(path, "rb") as file:
        first = file.read(FIRST_OCTETS)
        return Kept(path, os.fstat(file.fileno()).st_size, tuple(first.split(b"\n")))
