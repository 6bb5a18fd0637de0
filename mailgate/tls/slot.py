"""The place of one pair: what is shown there, and what became of the files since.

Renewals replace the certificate first and the key a moment later, or write in place. So changed files are read when
they have rested, and what is wrong with them is told when it stayed wrong; at the word of an administrator at once.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

from mailgate.facts import CertificateChanged, CertificateRefused
from mailgate.faults import Fault
from mailgate.tls.files import BadCertificate, Files, Marks
from mailgate.tls.judging import faults_of, remarks_on_host
from mailgate.tls.pair import Pair, understand

SETTLED_SECONDS: Final = 2.0  # files that did not change for so long are not being written
PATIENCE_SECONDS: Final = 10.0  # what is wrong for so long is no renewal under way
RETRY_SECONDS: Final = 60.0  # what was refused may become right without a change: its date comes, a directory opens


@frozen
class Finding:
    """What a look at the files gave: a pair, or faults."""

    marks: Marks
    digest: bytes  # of the files' octets; empty if they could not be read
    pair: Pair | None
    faults: tuple[Fault, ...] = ()


def examine(files: Files) -> Finding:
    """Read the files, which blocks. Raises nothing."""
    marks = files.marks()  # first: a change while they are read shows in the next ones
    contents = files.read()
    try:
        return Finding(marks, contents.digest, understand(files, contents))
    except BadCertificate as error:
        return Finding(marks, contents.digest, None, error.faults)


class Slot:
    """One pair's. `shown` is what clients see, `refused` why they do not see what is in the files."""

    def __init__(self, pair: Pair, marks: Marks, since: float, hostname: str = "") -> None:
        """`marks` are those that the files had before they were read; `since`: when it was shown, Unix time. While it
        is for `hostname`, none that is not will take its place; empty: any name will do.
        """
        self.shown = pair
        self.since = since
        self._hostname = hostname
        self.refused: tuple[Fault, ...] = ()
        self._seen = self._read = marks
        self._seen_at = self._read_at = 0.0
        self._told: tuple[bytes, tuple[Fault, ...]] | None = None  # which content was last said to be refused, and why
        self._is_told = False  # was that said of what is refused now?

    def is_due(self, marks: Marks, seconds: float) -> bool:
        """Are the files worth reading? `seconds` is of a clock that does not jump."""
        if marks != self._seen:
            self._seen, self._seen_at = marks, seconds
        rest = seconds - self._seen_at
        if marks != self._read:
            return rest >= SETTLED_SECONDS
        if not self.refused:
            return False
        return (not self._is_told and rest >= PATIENCE_SECONDS) or seconds - self._read_at >= RETRY_SECONDS

    def take(
        self, finding: Finding, seconds: float, now: float, *, at_once: bool = False
    ) -> CertificateChanged | CertificateRefused | None:
        """Show what was found, if it is no worse than what is shown; what there is to tell. `now` is Unix time.

        `at_once`: tell without patience.
        """
        self._read, self._read_at = finding.marks, seconds
        if finding.digest == self.shown.digest:
            self.refused, self._told = (), None
            return None
        self.refused = finding.faults if finding.pair is None else self._worse(finding.pair, now)
        if finding.pair is None or self.refused:
            return self._refusal(finding.digest, patient=not at_once and seconds - self._seen_at < PATIENCE_SECONDS)
        self.shown, self.since, self._told = finding.pair, now, None
        return CertificateChanged(
            certificate=self.shown.files.certificate,
            names=self.shown.names,
            serial=self.shown.serial,
            not_after=self.shown.not_after,
        )

    def _worse(self, pair: Pair, now: float) -> tuple[Fault, ...]:
        """Faults that would come by the swap; instead of a pair that clients refuse anyway, any other will do."""
        if faults_of(self.shown, now):
            return ()
        lost = () if remarks_on_host(self.shown, self._hostname) else remarks_on_host(pair, self._hostname)
        return (*faults_of(pair, now), *lost)

    def _refusal(self, digest: bytes, *, patient: bool) -> CertificateRefused | None:
        content = (digest, self.refused)
        self._is_told = self._told == content
        if patient or self._is_told:
            return None
        self._told, self._is_told = content, True
        reason = "; ".join(map(str, self.refused))
        return CertificateRefused(certificate=self.shown.files.certificate, reason=reason)
