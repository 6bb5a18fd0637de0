"""One call: its arguments, as either door brings them, and what may come of it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Literal, NoReturn

from attrs import frozen

Kind = Literal["bad", "forbidden", "missing", "timeout", "busy", "too large", "failed", "unavailable"]

STATUSES: Final[Mapping[Kind, int]] = {  # RFC 9110 section 15.5, 15.6
    "bad": 400,
    "forbidden": 403,
    "missing": 404,
    "timeout": 408,
    "busy": 409,
    "too large": 413,
    "failed": 500,
    "unavailable": 503,
}
_YES: Final = frozenset({"1", "true", "yes", "on"})
_NO: Final = frozenset({"0", "false", "no", "off", ""})


class CallError(Exception):
    """A call that did not come to what was asked. The message says what to do; `details` are for programs."""

    def __init__(self, kind: Kind, message: str, **details: Any) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = message
        self.details = details

    def as_json(self) -> dict[str, Any]:
        """What either door answers."""
        return {"error": {"kind": self.kind, "message": self.message, **self.details}}


@frozen
class Octets:
    """A result that is no JSON: over HTTP it is the body; the socket puts it into `{"content": <base64>, …}`."""

    content: bytes
    content_type: str = "application/octet-stream"
    filename: str = ""


class Arguments:
    """The arguments of a call. HTTP's are text, the socket's are what JSON has; both are taken.

    Every method raises `CallError` "bad" for what does not fit, with the argument's name.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def only(self, *names: str) -> None:
        """Complain of an argument that has another name: it may be a misspelling that changes what is asked."""
        if unknown := sorted(set(self._values) - set(names)):
            raise CallError("bad", f"there is no argument {unknown[0]!r}; there are {', '.join(sorted(names))}")

    def besides(self, *names: str) -> dict[str, Any]:
        """All but these, as they came."""
        return {name: value for name, value in self._values.items() if name not in names}

    def text(self, name: str, default: str = "") -> str:
        """A text."""
        value = self._values.get(name, default)
        if not isinstance(value, str):
            self._complain(name, "a text", value)
        return value

    def texts(self, name: str) -> Sequence[str]:
        """A text or a list of texts; empty if it is not there."""
        value = self._values.get(name, [])
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
            self._complain(name, "a text or a list of texts", value)
        return [text for text in texts if text]

    def wanted(self, name: str) -> str:
        """A text that has to be there."""
        return self.text(name) or self._complain(name, "a text", None)

    def number(self, name: str, default: float, *, least: float = 0.0, most: float) -> float:
        """A number from `least` to `most`, both included."""
        value = self._values.get(name, default)
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not least <= number <= most:
            self._complain(name, f"a number from {least:g} to {most:g}", value)
        return number

    def integer(self, name: str, default: int, *, least: int = 0, most: int) -> int:
        """A whole number from `least` to `most`, both included."""
        number = self.number(name, default, least=least, most=most)
        if number != int(number):
            self._complain(name, "a whole number", number)
        return int(number)

    def flag(self, name: str, default: bool = False) -> bool:
        """Yes or no."""
        value = self._values.get(name, default)
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in _YES | _NO:
            return value.lower() in _YES
        return self._complain(name, "true or false", value)

    def table(self, name: str) -> Mapping[str, Any]:
        """An object; empty if it is not there."""
        value = self._values.get(name, {})
        if not isinstance(value, Mapping):
            self._complain(name, "an object", value)
        return value

    def list(self, name: str) -> list[Any]:
        """A list; empty if it is not there."""
        value = self._values.get(name, [])
        if not isinstance(value, list):
            self._complain(name, "a list", value)
        return value

    def _complain(self, name: str, wanted: str, value: Any) -> NoReturn:
        got = "nothing" if value is None or value == "" else repr(value)[:80]
        raise CallError("bad", f"{name} has to be {wanted}, not {got}")


Function = Callable[[Arguments], Awaitable[Any]]
"""Gives what JSON can have, or `Octets`. Raises `CallError`; whatever else it raises is a fault of ours."""

Functions = Mapping[str, Function]
"""By the name of the call."""
