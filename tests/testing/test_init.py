"""The package: every name is there, and none costs anything before it is used."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import mailgate.testing


@pytest.mark.parametrize("name", mailgate.testing.__all__)
def test_a_name_is_what_its_module_has(name: str) -> None:
    value = getattr(mailgate.testing, name)
    assert value is getattr(import_module(value.__module__), name)
    assert value.__module__.startswith(("mailgate.testing.", "mailgate.control.caller"))


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Mesage'"):
        mailgate.testing.Mesage  # type: ignore[attr-defined]  # noqa: B018


def test_importing_it_imports_nothing_else() -> None:
    script = "import sys; before = set(sys.modules); import mailgate.testing; print(*sorted(set(sys.modules) - before))"
    imported = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True, timeout=30)
    ours = [name for name in imported.stdout.split() if name.startswith("mailgate")]
    assert ours == ["mailgate", "mailgate.testing"]


def test_nothing_of_the_client_needs_twisted() -> None:
    names = ", ".join(name for name in mailgate.testing.__all__ if name != "GatewayService")
    script = f"import sys; from mailgate.testing import {names}; print('twisted' in sys.modules, 'zope' in sys.modules)"
    imported = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True, timeout=30)
    assert imported.stdout.split() == ["False", "False"]
