"""What shall go wrong, and what a listener shall be like: the words of a test, written down for the server.

The server decides what makes sense; what does not is answered with a sentence that says what to do instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Required, TypedDict


@dataclass(frozen=True, kw_only=True)
class Action:
    """What happens when a fault strikes. Nothing at all: the server goes on as if there were no fault.

    `reply` is what is said instead of the server's own, as in `451 4.3.0 Try later` or `-ERR [IN-USE] locked`;
    `delay` is in seconds, `slow` in octets a second; `drop` cuts the connection, `drop_after_octets` after so many
    octets of the reply.
    """

    reply: str | None = None
    delay: float | None = None
    slow: float | None = None
    drop: bool = False
    drop_after_octets: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As the server is told."""
        return _said(
            reply=self.reply,
            delay=self.delay,
            slow=self.slow,
            drop=self.drop or None,
            drop_after_octets=self.drop_after_octets,
        )


class FaultWords(TypedDict, total=False):
    """The keywords of `Fault`, which `faults.smtp` and `faults.pop3` take as well."""

    at: Required[str]
    to: str | None
    from_: str | None
    user: str | None
    reply: str | None
    delay: float | None
    slow: float | None
    drop: bool
    drop_after_octets: int | None
    times: int | None
    sequence: Sequence[str | Action]
    per_second: float | None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault: where it strikes, whom, and what happens then.

    `at` is a phase. SMTP: connect, helo, auth, starttls, mail, rcpt, data, dot (before the delivery), delivered
    (after it), quit; POP3: greeting, capa, stls, login, stat, list, uidl, top, retr, dele, quit. It strikes for `to`,
    `from_` or `user`, an address each; without any of them, for all of the namespace. `times`: so often, then no
    more; always if it is not given. `sequence`: one after the other, then no more; a text is a reply. `per_second`:
    only what comes faster. The rest is as for `Action`.
    """

    at: str
    to: str | None = None
    from_: str | None = None
    user: str | None = None
    reply: str | None = None
    delay: float | None = None
    slow: float | None = None
    drop: bool = False
    drop_after_octets: int | None = None
    times: int | None = None
    sequence: Sequence[str | Action] = ()
    per_second: float | None = None

    def as_json(self, protocol: str) -> dict[str, Any]:
        """As the server is told; `protocol` is smtp or pop3."""
        action = Action(
            reply=self.reply,
            delay=self.delay,
            slow=self.slow,
            drop=self.drop,
            drop_after_octets=self.drop_after_octets,
        )
        said = _said(to=self.to, user=self.user, times=self.times, per_second=self.per_second, **{"from": self.from_})
        if self.sequence:
            said["sequence"] = [_step(step) for step in self.sequence]
        return {"protocol": protocol, "at": self.at, **said, **action.as_json()}


@dataclass(frozen=True, kw_only=True)
class Personality:
    """What a listener is like: keywords of EHLO or CAPA that it does not have, the SIZE that it shows and keeps, in
    octets, and the text of its greeting.
    """

    hide: Sequence[str] = ()
    size: int | None = None
    greeting: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As the server is told."""
        return _said(hide=list(self.hide) or None, size=self.size, greeting=self.greeting)


def _step(step: str | Action) -> Mapping[str, Any]:
    return {"reply": step} if isinstance(step, str) else step.as_json()


def _said(**words: Any) -> dict[str, Any]:
    return {name: value for name, value in words.items() if value is not None}
