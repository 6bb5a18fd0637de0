"""Edits of the account files beside people and a gateway that runs: whole or not at all, and nothing else touched."""

from __future__ import annotations

from mailgate.accounts.editing.editor import Editor, Removed, StillNamed
from mailgate.accounts.editing.files import CannotEdit

__all__ = ["CannotEdit", "Editor", "Removed", "StillNamed"]
