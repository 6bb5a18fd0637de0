"""Counts what an administrator has to see to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mailgate import facts
from mailgate.metrics.families import Counter, Family


class Trouble:
    """`reads` says what to call for which fact."""

    def __init__(self) -> None:
        self.unavailable = Counter(
            "mailgate_unavailable_total", "Times when a maildrop or the accounts could not be used."
        )
        self.errors = Counter("mailgate_unexpected_errors_total", "Errors that nobody expected; the log has them.")
        self.refused = Counter(
            "mailgate_certificates_refused_total", "Renewed certificates that were wrong, and are not shown."
        )
        self.changed = Counter("mailgate_certificates_changed_total", "Renewed certificates that are shown.")
        self.reads: Mapping[type[facts.Fact], Callable[[Any], None]] = {
            facts.Unavailable: lambda fact: self.unavailable.add(),
            facts.Failed: lambda fact: self.errors.add(),
            facts.CertificateRefused: lambda fact: self.refused.add(),
            facts.CertificateChanged: lambda fact: self.changed.add(),
        }

    @property
    def families(self) -> tuple[Family, ...]:
        """What there is to tell."""
        return (self.unavailable, self.errors, self.refused, self.changed)
