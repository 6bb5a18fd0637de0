"""What an explanation is: questions and answers in the order in which mail meets them, and how it ends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal

from attrs import asdict, field, frozen

from mailgate.explaining.words import listed
from mailgate.mail import Reply

Topic = Literal[
    "client", "message", "domain", "name", "policy", "user", "quota", "handler", "path", "login", "retention"
]
Result = Literal["kept", "discarded", "put off", "refused"]

ACCEPTED: Final = Reply(250, "2.0.0", "accepted")


@frozen(kw_only=True)
class Step:
    """One question and its answer."""

    topic: Topic  # for programs; the words are for people
    question: str
    answer: str
    detail: str = ""  # what else there is to know
    where: str = ""  # who says so: a file, with its line where that is known, or a section of the configuration
    about: str = ""  # the maildrop, if it is about one


@frozen
class Part:
    """Answers that belong together, and what the sender hears because of them."""

    steps: tuple[Step, ...] = field(default=(), converter=tuple[Step, ...])
    refusal: Reply | None = None  # None: nothing that would end it
    why: str = ""  # the refusal's reason, for the administrator


@frozen(kw_only=True)
class Ending:
    """What comes of it."""

    reply: Reply  # what the sender hears in the end
    why: str = ""
    maildrops: tuple[str, ...] = ()  # that have it
    unasked: tuple[str, ...] = ()  # policies and handlers that could not be asked, and may say otherwise

    @property
    def result(self) -> Result:
        """In a word."""
        if not self.reply.is_positive:
            return "put off" if self.reply.is_temporary else "refused"
        return "kept" if self.maildrops else "discarded"


@frozen(kw_only=True)
class Explanation:
    """All of it, for one address."""

    address: str  # as it stands between angle brackets
    steps: tuple[Step, ...]
    ending: Ending

    @property
    def sentence(self) -> str:
        """The ending in words."""
        mail, ending = f"Mail to <{self.address}>", self.ending
        reason = f" ({ending.why})" if ending.why else ""
        if ending.result in ("put off", "refused"):
            return f"{mail} would be {ending.result}: {ending.reply}{reason}"
        if ending.result == "discarded":
            return f"{mail} would be taken and thrown away, and the sender not told{reason}"
        verb = "says" if len(ending.unasked) == 1 else "say"
        unless = f", unless {listed(ending.unasked)} {verb} otherwise" if ending.unasked else ""
        return f"{mail} reaches {listed(ending.maildrops)}{unless}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        ending = self.ending
        return {
            "address": self.address,
            "result": ending.result,
            "sentence": self.sentence,
            "reply": {**asdict(ending.reply), "line": str(ending.reply)},
            "why": ending.why,
            "maildrops": list(ending.maildrops),
            "unasked": list(ending.unasked),
            "steps": [asdict(step) for step in self.steps],
        }


def first_refusal(parts: Iterable[Part]) -> Part | None:
    """The part that ends it, if any does; the parts come in the order of a session."""
    return next((part for part in parts if part.refusal is not None), None)
