"""The round of fetching: every client fetches in every way, and what it has then is compared with what was there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tests.clients.awkward import AWKWARD
from tests.clients.fetching import NotFetched, got
from tests.clients.installing import install
from tests.clients.maildrops import DOMAIN, Keeper
from tests.clients.receivers import RECEIVERS, Receiver
from tests.clients.reception import RECEPTIONS, Errand, Reception
from tests.clients.round import CERTIFICATE, Wrong, difference
from tests.clients.table import YES, Section


class FetchRound:
    """Clients and gateways of one run, and what came of it."""

    def __init__(self, directory: Path) -> None:
        """Installs what is missing. Raises `CannotInstall`."""
        install([need for receiver in RECEIVERS for need in receiver.needs])
        self.rows: dict[str, list[str]] = {}
        self.failures: list[str] = []
        self._directory = directory
        self._stops: list[Callable[[], None]] = []
        self._clear = self._start("clear", clear=True)
        self._strict = self._start("strict", clear=False)

    def run(self) -> None:
        """Fill the rows."""
        for reception in RECEPTIONS:
            self.rows[reception.title] = [self._cell(receiver, reception) for receiver in RECEIVERS]

    def section(self) -> Section:
        """What it has found, for the table."""
        clients = [(receiver.name, receiver.version()) for receiver in RECEIVERS]
        changes = {f"Compared without what {each.name} changes": each.changes for each in RECEIVERS if each.changes}
        return Section("Fetching", clients, self.rows, changes)

    def close(self) -> None:
        """End what was started."""
        while self._stops:
            self._stops.pop()()

    def _start(self, name: str, *, clear: bool) -> Keeper:
        keeper = Keeper(
            self._directory / name, [_user(each, way) for each in RECEIVERS for way in RECEPTIONS], clear=clear
        )
        self._stops.append(keeper.stop)
        return keeper

    def _cell(self, receiver: Receiver, reception: Reception) -> str:
        if why := receiver.lacks(reception):
            return why
        sys.stdout.write(f"{receiver.name}: {reception.title}\n")
        try:
            self._try(receiver, reception)
        except (NotFetched, Wrong) as error:
            self.failures.append(f"{receiver.name}: {reception.title}: {error}")
            return f"**no**: {str(error).splitlines()[-1]}"
        return YES

    def _try(self, receiver: Receiver, reception: Reception) -> None:
        keeper = self._clear if reception.tls == "clear" else self._strict
        user = _user(receiver, reception)
        ca = keeper.ca if reception.trusted else keeper.stranger
        directory = self._directory / user
        directory.mkdir()
        errand = Errand(reception, keeper.port(reception.tls), ca, f"{user}@{DOMAIN}", len(AWKWARD), directory)
        if not reception.trusted:
            refuse(receiver, errand)
        else:
            for _ in range(2 if reception.again else 1):
                receiver.fetch(errand)
            compare([receiver.undo(message) for message in got(errand)])
        wanted = len(AWKWARD) if reception.keep else 0
        if (left := keeper.left(user)) != wanted:
            raise Wrong(f"{left} messages are left instead of {wanted}")


def refuse(receiver: Receiver, errand: Errand) -> None:
    """Raises `Wrong` unless the client sees that nobody it knows vouches for the server."""
    try:
        receiver.fetch(errand)
    except NotFetched as error:
        if not any(word in str(error).lower() for word in CERTIFICATE):
            raise Wrong(f"it does not fetch, but for another reason: {error}") from None
    else:
        raise Wrong("it fetches from whomever")
    if got(errand):
        raise Wrong("it says that it has not fetched, but has something")


def compare(messages: list[bytes]) -> None:
    """Raises `Wrong` unless these are the awkward messages, in any order, octet for octet but for their line ends."""
    found = [message.replace(b"\r\n", b"\n") for message in messages]
    if len(messages) != len(AWKWARD):
        raise Wrong(f"it has {len(messages)} messages instead of {len(AWKWARD)}")
    for name, octets in AWKWARD.items():
        wanted = octets.replace(b"\r\n", b"\n")
        named = [message for message in found if f"\nSubject: {name},".encode() in message]
        if len(named) != 1:
            raise Wrong(f"it has {len(named)} messages with the subject {name!r}")
        if named[0] != wanted:
            raise Wrong(f"{name!r}: {difference(named[0], wanted)}")


def _user(receiver: Receiver, reception: Reception) -> str:
    name = receiver.name.partition(" ")[0].replace("::", "-").lower()
    return f"{name}-{reception.key}"
