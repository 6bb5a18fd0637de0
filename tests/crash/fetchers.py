"""POP3 clients: each has a maildrop to itself, reads a few messages, deletes some of them, and comes again."""

from __future__ import annotations

from random import Random
from threading import Event
from typing import Final

from tests.crash.gate import Gate
from tests.crash.ledger import Found, Ledger
from tests.crash.messages import PASSWORD, digest_of_copy
from tests.crash.wire import Unexpected, Wire

FETCHED: Final = 6  # messages a session, at most
DELETE_CHANCE: Final = 0.4
QUIT_CHANCE: Final = 0.8  # else it goes without a word, and nothing is removed (RFC 1939 section 6)
_PAUSE_SECONDS: Final = 0.1


class Session:
    """A POP3 session that is logged in. Raises OSError and `Unexpected`."""

    def __init__(self, wire: Wire, user: str) -> None:
        self._wire = wire
        self._user = user
        wire.ok()
        self._ask(f"USER {user}")
        self._ask(f"PASS {PASSWORD}")

    def uids(self) -> dict[int, str]:
        """By number."""
        self._ask("UIDL")
        pairs = (line.split() for line in self._wire.lines())
        return {int(number): uid.decode() for number, uid in pairs}

    def fetch(self, number: int) -> bytes:
        """The digest."""
        self._ask(f"RETR {number}")
        return digest_of_copy(b"".join(self._wire.lines()).replace(b"\r\n", b"\n"), self._user)

    def delete(self, number: int) -> None:
        """Mark it."""
        self._ask(f"DELE {number}")

    def quit(self) -> None:
        """What is marked is gone when this returns."""
        self._ask("QUIT")

    def _ask(self, command: str) -> None:
        self._wire.send(command.encode() + b"\r\n")
        self._wire.ok()


class Fetcher:
    """`run` is for a thread of its own, and returns some time after `enough` is set."""

    def __init__(self, user: str, seed: int, ledger: Ledger, gate: Gate, port: int) -> None:
        self._user = user
        self._random = Random(f"{seed} {user}")
        self._ledger = ledger
        self._gate = gate
        self._port = port
        self.enough = Event()
        self.sessions = 0

    def run(self) -> None:
        """See above."""
        try:
            while not self.enough.wait(_PAUSE_SECONDS):
                self._gate.wait()
                try:
                    with Wire(self._port) as wire:
                        self._session(Session(wire, self._user))
                except TimeoutError as error:
                    self._ledger.complain(f"{self._user} has no reply by POP3: {error}")
                except OSError:
                    pass  # the gateway was killed; what QUIT left open is in the ledger
                except Unexpected as error:
                    self._ledger.complain(f"{self._user} was told by POP3 {error}")
        finally:
            self._gate.leave()

    def _session(self, session: Session) -> None:
        uids = session.uids()
        self._ledger.see(self._user, set(uids.values()))
        marked: dict[str, bytes] = {}
        for number in self._random.sample(list(uids), min(len(uids), FETCHED)):
            digest = session.fetch(number)
            self._ledger.fetch(self._user, uids[number], digest)
            if self._random.random() < DELETE_CHANCE:
                session.delete(number)
                marked[uids[number]] = digest
        if self._random.random() < QUIT_CHANCE:
            self._ledger.ask_removal(self._user, marked)
            session.quit()
            self._ledger.confirm_removal(self._user, marked)
        self.sessions += 1


def read_all(port: int, user: str) -> list[Found]:
    """All that a user has, read by POP3; nothing is removed. Raises OSError and `Unexpected`."""
    with Wire(port) as wire:
        session = Session(wire, user)
        found = [Found(uid, session.fetch(number)) for number, uid in session.uids().items()]
        session.quit()
        return found
