"""Faults of configuration as an administrator reads them."""

from __future__ import annotations

from mailgate.faults import Fault, probably


def test_a_fault_is_a_line() -> None:
    assert str(Fault("smtp.listen", "is empty")) == "smtp.listen: is empty"
    assert str(Fault("users:3", "has no hash", "see docs")) == "users:3: has no hash (see docs)"


def test_a_word_that_is_nearly_right() -> None:
    assert probably("hostnam", ["state", "hostname"]) == "did you mean 'hostname'?"
    assert probably("xyzzy", iter(["state", "hostname"])) == ""
    assert probably("anything", []) == ""
