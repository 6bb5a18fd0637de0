"""Trouble, counted."""

from __future__ import annotations

from mailgate import facts
from mailgate.metrics.trouble import Trouble
from tests.metrics.samples import a


def test_trouble() -> None:
    trouble = Trouble()
    happened = [a(facts.Failed), a(facts.Failed), a(facts.Unavailable), a(facts.CertificateRefused)]
    for fact in happened:
        trouble.reads[type(fact)](fact)
    trouble.reads[facts.CertificateChanged](a(facts.CertificateChanged))
    values = {family.name: family.values[()] for family in (trouble.errors, trouble.unavailable, trouble.refused)}
    assert values == {
        "mailgate_unexpected_errors_total": 2,
        "mailgate_unavailable_total": 1,
        "mailgate_certificates_refused_total": 1,
    }
    assert trouble.changed.values[()] == 1 and len(trouble.families) == 4
