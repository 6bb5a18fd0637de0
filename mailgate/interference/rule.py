"""What was asked for: when to strike, whom, how, and how often. Values."""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from mailgate.interference.phases import Parties, Spoken
from mailgate.interference.replies import Reply, is_positive


@frozen(kw_only=True)
class Action:
    """What happens once. All that is set happens, `delay_seconds` first; without anything it is "nothing"."""

    reply: Reply | None = None  # in place of the real one
    delay_seconds: float = 0.0
    octets_per_second: float | None = None  # how fast the reply is sent
    drop: bool = False  # close the connection in place of a reply
    drop_after_octets: int | None = None  # close it when so much of the reply is sent, or all

    @property
    def refuses(self) -> bool:
        """Does the client hear a refusal?"""
        return self.reply is not None and not is_positive(self.reply)

    def as_json(self) -> dict[str, Any]:
        """As `parsing` reads it."""
        values = {
            "reply": None if self.reply is None else str(self.reply),
            "delay": self.delay_seconds or None,
            "slow": self.octets_per_second,
            "drop": self.drop or None,
            "drop_after_octets": self.drop_after_octets,
        }
        return {name: value for name, value in values.items() if value is not None}


NOTHING: Final = Action()


@frozen(kw_only=True)
class Rule:
    """One or several actions at a phase, in turn. Addresses are folded; None stands for any."""

    protocol: Spoken
    at: str  # a phase
    actions: tuple[Action, ...]
    in_sequence: bool = False  # one after the other, and then no more
    to: str | None = None
    sender: str | None = None  # empty: the null path
    user: str | None = None
    times: int | None = None  # how often it strikes, or the sequence is gone through; None: always, or once
    per_second: int | None = None  # strikes only what is more than so many within a second

    @property
    def strikes(self) -> int | None:
        """How many replies it strikes before it is used up; None: any number."""
        return len(self.actions) * (self.times or 1) if self.in_sequence else self.times

    @property
    def names_somebody(self) -> bool:
        """Is it meant for certain addresses?"""
        return (self.to, self.sender, self.user) != (None, None, None)

    def concerns(self, parties: Parties) -> bool:
        """Are all whom it names among those?"""
        return (
            (self.to is None or self.to in parties.to)
            and (self.sender is None or self.sender == parties.sender)
            and (self.user is None or self.user == parties.user)
        )

    def as_json(self) -> dict[str, Any]:
        """As `parsing` reads it."""
        addresses = {"to": self.to, "from": self.sender if self.sender != "" else "<>", "user": self.user}
        counts = {"times": self.times, "per_second": self.per_second}
        given = {name: value for name, value in {**addresses, **counts}.items() if value is not None}
        actions = [action.as_json() for action in self.actions]
        how: dict[str, Any] = {"sequence": actions} if self.in_sequence else actions[0]
        return {"protocol": self.protocol, "at": self.at, **given, **how}
