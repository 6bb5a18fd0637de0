"""All certificates of a gateway: shown to whom they are for, and swapped when their files change."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Sequence

from OpenSSL import SSL
from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from mailgate.facts import CertificateChanged, Fact
from mailgate.faults import Fault
from mailgate.interfaces import Offload
from mailgate.tls.files import BadCertificate, Files
from mailgate.tls.judging import faults_of, names_missing, remarks_on, remarks_on_names
from mailgate.tls.reminders import Reminders
from mailgate.tls.selection import Selection
from mailgate.tls.slot import Slot, examine


@implementer(IOpenSSLServerConnectionCreator)
class Certificates:
    """What listeners show, for implicit TLS and for STARTTLS alike. `load` comes first; `Watch` has it look.

    What cannot be used never replaces what can, and what clients would refuse (by its dates, by its chain) never
    replaces what they take. Sessions that are open, and handshakes under way, keep what they began with.
    """

    def __init__(
        self,
        pairs: Sequence[tuple[str, str]],
        *,
        hostname: str,
        offload: Offload,
        tell: Callable[[Fact], None],
        warn: Callable[[Fault], None],
        seconds: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        """`pairs`: files of certificate and key; the first is for clients that ask for no name, or for one that none
        has. `hostname`: a name that should be in one of them; empty: any will do. `warn` is told what somebody should
        see to, once a content. `seconds` is of a clock that does not jump, `now` gives Unix time.
        """
        self._files = tuple(Files(*pair) for pair in pairs)
        self._hostname = hostname
        self._offload = offload
        self._tell = tell
        self._warn = warn
        self._seconds = seconds
        self._now = now
        self._slots: tuple[Slot, ...] = ()
        self._selection: Selection | None = None
        self._reminders = Reminders()
        self._turn = DeferredLock()

    def load(self) -> None:
        """Read all files and show them. Raises `BadCertificate` with every fault of all that cannot be used.

        Dates and chains keep nothing from being shown here: a gateway with an expired certificate still takes mail
        from most servers. They are warned of.
        """
        findings = [examine(files) for files in self._files]
        if faults := [fault for finding in findings for fault in finding.faults]:
            raise BadCertificate(*faults)
        now = self._now()
        self._slots = tuple(
            Slot(each.pair, each.marks, now, self._hostname) for each in findings if each.pair is not None
        )
        self._show(self._slots)

    def check_readable(self) -> None:
        """Can whom we are now read the files? Ask when privileges are dropped. Raises `BadCertificate`."""
        faults = [fault for files in self._files for fault in files.read().faults]
        if faults:
            hint = f"let the user {_user()} read it, or a renewal would never be seen; docs/certificates.md shows how"
            raise BadCertificate(*(Fault(fault.where, fault.what, hint) for fault in faults))

    @property
    def slots(self) -> Sequence[Slot]:
        """What is shown now, the main one first, and what was refused since."""
        return self._slots

    def expiry(self) -> Sequence[tuple[tuple[str, ...], float]]:
        """Of every certificate that is shown, its names, and until when it is valid, Unix time."""
        return [(slot.shown.names, slot.shown.not_after) for slot in self._slots]

    def misnamed(self) -> str:
        """Why clients refuse all that is shown, by its names; empty: they do not."""
        return "; ".join(map(str, names_missing([slot.shown for slot in self._slots], self._hostname)))

    async def look(self) -> None:
        """Show what has changed since, if it has settled; remind of what is about to expire."""
        await self._turn.run(self._look)

    async def reload(self) -> Sequence[Fault]:
        """Read all files now, whether they changed or not; gives why some are not shown."""
        await self._turn.run(self._renew, self._slots, at_once=True)
        return [fault for slot in self._slots for fault in slot.refused]

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        assert self._selection is not None, "load() comes first"
        return self._selection.connection()

    async def _look(self) -> None:
        seconds = self._seconds()
        due = [slot for slot in self._slots if slot.is_due(slot.shown.files.marks(), seconds)]
        await self._renew(due, at_once=False)
        for slot in self._slots:
            if (reminder := self._reminders.due(slot.shown, self._now())) is not None:
                self._tell(reminder)

    async def _renew(self, slots: Sequence[Slot], *, at_once: bool) -> None:
        findings = await self._offload(lambda: [examine(slot.shown.files) for slot in slots]) if slots else ()
        changed, told = [], []
        for slot, finding in zip(slots, findings, strict=True):
            fact = slot.take(finding, self._seconds(), self._now(), at_once=at_once)
            if isinstance(fact, CertificateChanged):
                changed.append(slot)
            if fact is not None:
                told.append(fact)
        if changed:
            self._show(changed)
        for fact in told:
            self._tell(fact)

    def _show(self, changed: Sequence[Slot]) -> None:
        now, pairs = self._now(), [slot.shown for slot in self._slots]
        self._selection = Selection(pairs)
        for slot in changed:
            for fault in (*faults_of(slot.shown, now), *remarks_on(slot.shown, now)):
                self._warn(fault)
        for fault in remarks_on_names(pairs, self._hostname):
            self._warn(fault)


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
