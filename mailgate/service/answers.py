"""The calls that a gateway answers, put together from all rooms that have some."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from attrs import frozen

from mailgate.accounts.modes import exposed
from mailgate.config import Config
from mailgate.control.calls import Arguments, CallError, Function, Functions
from mailgate.control.certificates import make_certificate_functions
from mailgate.control.functions import make_functions
from mailgate.control.letters import Letters
from mailgate.control.restoring import make_restoring_functions
from mailgate.control.tracing import make_trace_functions
from mailgate.facts import Fact
from mailgate.interfaces import Offload
from mailgate.journal.journal import Journal
from mailgate.metrics.checks import Check
from mailgate.metrics.instruments import Certificate, Instruments
from mailgate.service.explanation import explanation
from mailgate.service.front import Access, Front, new_id
from mailgate.service.listeners import Listeners
from mailgate.service.logins import Logins
from mailgate.service.monitoring import Monitoring
from mailgate.service.on_demand import OnDemand
from mailgate.service.past import Past
from mailgate.service.places import places
from mailgate.service.reloading import Reloading
from mailgate.service.testbed import Testbed
from mailgate.tls import Certificates

# What a server for people answers of its mail. The rest makes mail up, or removes it by the hundred, and is for tests.
FOR_PEOPLE: Final = frozenset({"messages", "message", "raw", "attachment", "wait", "delete"})


@frozen(kw_only=True)
class Answers:
    """One gateway's parts, as far as somebody may ask about them."""

    config: Config
    reactor: Any
    disk: Offload
    listeners: Listeners
    monitoring: Monitoring
    journal: Journal
    certificates: Certificates | None
    letters: Letters | None
    logins: Logins | None
    testbed: Testbed | None
    reloading: Reloading | None  # None: there is no configuration that could be read again
    past: Past
    tell: Callable[[Fact], None]  # every reader of facts

    def places(self) -> dict[str, Any]:
        """Where it can be reached, as `service.places` has it."""
        return places(self.config, self.listeners.listening)

    def instruments(self, node: str, access: Access) -> Instruments:
        """All that can be read of it."""
        unserved = access.domains.unserved if access.domains is not None else tuple
        return self.monitoring.instruments(
            self.config,
            node,
            self._listening,
            self._shown_certificates,
            unserved,
            self._warnings(access),
            self._waiting,
        )

    def functions(self, front: Front, access: Access, instruments: Instruments) -> Functions:
        """The calls."""
        admission = self.listeners.admission
        return {
            "ports": self._tell_places,
            **self.monitoring.functions(instruments, self._listening, self._account_of),
            **make_certificate_functions(self.certificates, now=time.time),
            **make_trace_functions(self.journal, self.disk),
            **make_restoring_functions(self.tell, self.journal, self.disk),
            **explanation(
                self.config,
                access.directory,
                access.rulebook,
                access.domains,
                front.store,
                front.judges,
                self.reactor,
                admission,
                front.has_room,
            ),
            **(self.reloading.functions() if self.reloading is not None else {}),
            **(self.logins.functions() if self.logins is not None else {}),
            **(self._mail(front, self.letters) if self.letters is not None else {}),
        }

    def _mail(self, front: Front, letters: Letters) -> Functions:
        mail = make_functions(
            letters,
            front.store,
            front.directory,
            self.testbed.conversations if self.testbed is not None else lambda _: (),
            clock=self.reactor,
            now=time.time,
            new_id=new_id,
            offload=self.disk,
            patterns=self.testbed is not None,
        )
        if self.testbed is None:
            return {name: mail[name] for name in FOR_PEOPLE}
        listeners = OnDemand(partial(self.listeners.open_on_demand, front, self.testbed))
        return {**mail, **self.testbed.functions(listeners, partial(_end_mail, letters, mail["clear"]))}

    async def _tell_places(self, arguments: Arguments) -> dict[str, Any]:
        arguments.only("namespace")
        return self.places()

    def _warnings(self, access: Access) -> Mapping[str, Check]:
        def accounts() -> str:
            wrong = access.domains.wrong() if access.domains is not None else ""
            return f"{wrong}: what was there before counts until it is repaired; a restart may fail" if wrong else ""

        def modes() -> str:
            found = exposed(access.domains.directory) if access.domains is not None else ()
            files = "1 file of accounts is" if len(found) == 1 else f"{len(found)} files of accounts are"
            return f"{files} open to others: {found[0]}" if found else ""

        def names() -> str:
            return self.certificates.misnamed() if self.certificates is not None else ""

        def journal() -> str:
            return "the journal cannot be written: lines are lost; the log says why" if self.journal.lost else ""

        return {
            "clock": self.past.contradiction,
            "reload": self._refused_reload,
            "accounts": accounts,
            "modes": modes,
            "names": names,
            "journal": journal,
        }

    def _account_of(self, name: str) -> str | None:
        return self.logins.account_of(name) if self.logins is not None else None

    def _refused_reload(self) -> str:
        return self.reloading.refused if self.reloading is not None else ""

    def _waiting(self) -> Sequence[str]:
        return self.reloading.waiting if self.reloading is not None else ()

    def _listening(self) -> Sequence[Any]:
        return self.listeners.listening

    def _shown_certificates(self) -> Sequence[Certificate]:
        slots = self.certificates.slots if self.certificates is not None else ()
        return [
            Certificate(
                next(iter(slot.shown.names), slot.shown.files.certificate),
                slot.shown.not_after,
                "; ".join(map(str, slot.refused)),
            )
            for slot in slots
        ]


async def _end_mail(letters: Letters, clear: Function, namespace: str) -> None:
    """Nobody asks for the mail of a namespace any more."""
    letters.waits.end_namespace(namespace)
    with suppress(CallError):  # what a session still holds goes with the gateway
        await clear(Arguments({"namespace": namespace}))
    letters.clear(namespace)
