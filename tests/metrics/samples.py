"""Facts to count, with what a test does not care about filled in."""

from __future__ import annotations

from typing import Any, TypeVar

from attrs import fields

from mailgate import facts
from mailgate.facts import Fact

F = TypeVar("F", bound=Fact)
KINDS: tuple[type[Fact], ...] = tuple(
    kind for name in facts.__all__ if issubclass(kind := getattr(facts, name), Fact) and kind is not Fact
)
_EMPTY: dict[str, Any] = {"str": "", "int": 0, "float": 0.0, "bool": False, "tuple[str, ...]": ()}
_FULL: dict[str, Any] = {"str": "s", "int": 1, "float": 1.0, "bool": True, "tuple[str, ...]": ("x", "y")}


def a(kind: type[F], **values: Any) -> F:
    """A fact of that kind; what is not said is empty, zero or no."""
    return kind(**{**_filled(kind, _EMPTY), **values})


def full(kind: type[F]) -> F:
    """A fact of that kind in which nothing is empty."""
    return kind(**_filled(kind, _FULL))


def _filled(kind: type[Fact], filling: dict[str, Any]) -> dict[str, Any]:
    return {field.name: filling[str(field.type)] for field in fields(kind)}
