"""The house in which the scripts for POP3 are played in memory, and what may be wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve
from twisted.cred.portal import Portal
from zope.interface import implementer

from mailgate.accounts.checker import PasswordChecker
from mailgate.accounts.domains import Domains
from mailgate.accounts.realm import Realm
from mailgate.connection import Build
from mailgate.failures import Gone, NotRemoved, StoreError
from mailgate.interfaces import IContent, IMaildrop
from mailgate.mail import Copy, Entry, Snapshot
from mailgate.pop3.personality import Personality
from mailgate.pop3.server import pop3_door
from mailgate.store.memory import MemoryStore
from tests.dialogues.runner import Script
from tests.smtp.support import HOSTNAME
from tests.store.support import at_once
from tests.support import Facts, a_message, result_of

ALICE = "alice@example.test"


class FailingStore(MemoryStore):
    """Opens no maildrop."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def open(self, maildrop: str) -> IMaildrop:
        raise self._error


class BusyStore(MemoryStore):
    """Another session has alice's maildrop."""

    def __init__(self) -> None:
        super().__init__()
        self.other = result_of(self.open(ALICE))


class InterferedStore(MemoryStore):
    """Another program is at the maildrops."""

    async def open(self, maildrop: str) -> IMaildrop:
        return InterferedMaildrop(await super().open(maildrop))


@implementer(IMaildrop)
class InterferedMaildrop:
    """Its messages are gone when they are wanted, and there when they are to be removed."""

    def __init__(self, maildrop: IMaildrop) -> None:
        self._maildrop = maildrop
        self.name = maildrop.name

    async def snapshot(self) -> Snapshot:
        return await self._maildrop.snapshot()

    async def read(self, entry: Entry) -> IContent:
        raise Gone(entry.uid)

    async def remove(self, entries: Sequence[Entry]) -> None:
        raise NotRemoved("read-only", entries)

    def release(self) -> None:
        self._maildrop.release()


TROUBLES: Mapping[str, Callable[[], MemoryStore]] = {
    "the maildrop is in use": BusyStore,
    "maildrops cannot be opened": lambda: FailingStore(StoreError("no such device")),
    "the store has a bug": lambda: FailingStore(RuntimeError("a bug")),
    "another program interferes with the maildrop": InterferedStore,
}


def pop3_house(script: Script, accounts: Path) -> Build[Any]:
    """The door of the house; `accounts` is an empty directory."""
    store = TROUBLES[script.trouble]() if script.trouble else MemoryStore()
    for content in script.messages:
        message = a_message(content=content)
        result_of(result_of(store.stage(evolve(message, fields=()), [Copy(ALICE)])).commit())
    users = accounts / "example.test" / "users"
    users.parent.mkdir()
    users.write_text("alice:{PLAIN}secret\nbob:{PLAIN}secret\n")
    domains = Domains(str(accounts), lambda fault: None)
    portal = Portal(Realm(store, domains), [PasswordChecker(domains, at_once)])
    personality = Personality(hostname=HOSTNAME, tls_available=True, allow_plaintext=script.allow_plaintext)
    return pop3_door(personality, portal, Facts(), lambda: "id", lambda: 0.0)
