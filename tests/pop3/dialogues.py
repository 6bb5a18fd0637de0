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
from mailgate.failures import Gone, NotRemoved, StoreError, TooSoon, Unrepaired
from mailgate.interfaces import IContent, IMaildrop
from mailgate.mail import Copy, Entry, Snapshot
from mailgate.pop3.personality import Personality
from mailgate.pop3.server import pop3_door
from mailgate.rules import NO_RULES, Promise, Retention, Rules
from mailgate.store.memory import MemoryStore
from tests.dialogues.runner import Script
from tests.limits.support import Refusing
from tests.smtp.support import HOSTNAME
from tests.store.support import at_once
from tests.support import Facts, a_message, result_of

ALICE, BOB = "alice@example.test", "bob@example.test"


class FailingStore(MemoryStore):
    """Opens no maildrop, or (with a name) all but one."""

    def __init__(self, error: Exception, name: str = "") -> None:
        super().__init__()
        self._error = error
        self._name = name

    async def open(self, maildrop: str, rules: Rules = NO_RULES) -> IMaildrop:
        if self._name in ("", maildrop):
            raise self._error
        return await super().open(maildrop, rules)


class BusyStore(MemoryStore):
    """Another session has alice's maildrop."""

    def __init__(self) -> None:
        super().__init__()
        self.other = result_of(self.open(ALICE))


class RuledStore(MemoryStore):
    """Every account has its rules."""

    async def open(self, maildrop: str, rules: Rules = NO_RULES) -> IMaildrop:
        return await super().open(maildrop, RULES[maildrop])


class TroubledStore(MemoryStore):
    """Something happens to the maildrops while they are open."""

    def __init__(self, make: Callable[[IMaildrop, MemoryStore], TroubledMaildrop]) -> None:
        super().__init__()
        self._make = make

    async def open(self, maildrop: str, rules: Rules = NO_RULES) -> IMaildrop:
        return self._make(await super().open(maildrop, rules), self)


@implementer(IMaildrop)
class TroubledMaildrop:
    """Nothing is wrong with it; others are made of it."""

    def __init__(self, maildrop: IMaildrop, store: MemoryStore) -> None:
        self._maildrop = maildrop
        self._store = store
        self.name = maildrop.name
        self.rules = maildrop.rules

    async def snapshot(self) -> Snapshot:
        return await self._maildrop.snapshot()

    async def read(self, entry: Entry) -> IContent:
        return await self._maildrop.read(entry)

    async def remove(self, entries: Sequence[Entry], *, to_trash: bool = False) -> None:
        await self._maildrop.remove(entries, to_trash=to_trash)

    def release(self) -> None:
        self._maildrop.release()


class Interfered(TroubledMaildrop):
    """Its messages are gone when they are wanted, and there when they are to be removed."""

    async def read(self, entry: Entry) -> IContent:
        raise Gone(entry.uid)

    async def remove(self, entries: Sequence[Entry], *, to_trash: bool = False) -> None:
        raise NotRemoved("read-only", entries)


class Unrepairable(TroubledMaildrop):
    """Somebody has to see to its messages."""

    async def read(self, entry: Entry) -> IContent:
        raise Unrepaired("permission denied")

    async def remove(self, entries: Sequence[Entry], *, to_trash: bool = False) -> None:
        raise Unrepaired("permission denied")


class Emptied(TroubledMaildrop):
    """Its messages are gone as soon as they were seen."""

    async def snapshot(self) -> Snapshot:
        snapshot = await super().snapshot()
        await super().remove(snapshot.entries)
        return snapshot


class Filled(TroubledMaildrop):
    """A message comes as soon as it was looked at."""

    async def snapshot(self) -> Snapshot:
        snapshot = await super().snapshot()
        deliver(self._store, b"Subject: late\n\nlate\n", smtputf8=False)
        return snapshot


class Clinging(TroubledMaildrop):
    """Its first message cannot be removed."""

    async def remove(self, entries: Sequence[Entry], *, to_trash: bool = False) -> None:
        await super().remove(entries[1:], to_trash=to_trash)
        raise NotRemoved("input/output error", entries[:1])


EXPIRING = "alice's mail expires after 30 days and bob's after 7, and alice has to wait between logins"
RULES = {
    ALICE: Rules(retention=Retention(days=30), login_delay_seconds=60),
    BOB: Rules(retention=Retention(days=90, fetched_days=7)),
}
THROTTLED = "too many passwords were guessed"
INTERNATIONAL = "alice's mail was received with SMTPUTF8"
TROUBLES: Mapping[str, Callable[[], MemoryStore]] = {
    "the maildrop is in use": BusyStore,
    "alice has logged in a moment ago": lambda: FailingStore(TooSoon("3 seconds ago"), ALICE),
    "somebody has to repair alice's maildrop": lambda: FailingStore(Unrepaired("permission denied"), ALICE),
    "somebody has to repair alice's messages": lambda: TroubledStore(Unrepairable),
    "maildrops cannot be opened": lambda: FailingStore(StoreError("no such device")),
    "the store has a bug": lambda: FailingStore(RuntimeError("a bug")),
    "another program interferes with the maildrop": lambda: TroubledStore(Interfered),
    "another program removes alice's mail": lambda: TroubledStore(Emptied),
    "another message comes after the login": lambda: TroubledStore(Filled),
    "alice's first message cannot be removed": lambda: TroubledStore(Clinging),
    INTERNATIONAL: MemoryStore,
    THROTTLED: MemoryStore,
    EXPIRING: RuledStore,
}


def deliver(store: MemoryStore, content: bytes, *, smtputf8: bool) -> None:
    """One message for alice, with nothing in front of it."""
    message = a_message(content=content)
    envelope = evolve(message.envelope, smtputf8=smtputf8)
    result_of(result_of(store.stage(evolve(message, fields=(), envelope=envelope), [Copy(ALICE)])).commit())


def pop3_house(script: Script, accounts: Path) -> Build[Any]:
    """The door of the house; `accounts` is an empty directory."""
    store = TROUBLES[script.trouble]() if script.trouble else MemoryStore()
    for content in script.messages:
        deliver(store, content, smtputf8=script.trouble == INTERNATIONAL and not content.isascii())
    users = accounts / "example.test" / "users"
    users.parent.mkdir()
    users.write_text("alice:{PLAIN}secret\nbob:{PLAIN}secret\n")
    domains = Domains(str(accounts), lambda fault: None)
    portal = Portal(Realm(store, domains), [PasswordChecker(domains, at_once)])
    personality = Personality(hostname=HOSTNAME, tls_available=True, allow_plaintext=script.allow_plaintext)
    promise = Promise.of(RULES.values() if script.trouble == EXPIRING else [])
    throttle = Refusing() if script.trouble == THROTTLED else None
    return pop3_door(
        personality, portal, Facts(), lambda: "id", lambda: 0.0, promise=lambda: promise, throttle=throttle
    )
