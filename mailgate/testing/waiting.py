"""A wait for messages, without any I/O: what to ask the server next, and what has come of it.

What the server can decide it waits for itself. Where a function of the test's has a say, the server is asked for one
message after the other, and the time-out is one deadline for all of that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from mailgate.control.caller import Call, CallFailed
from mailgate.testing.conversation import Conversation
from mailgate.testing.criteria import Criteria, question
from mailgate.testing.message import Message
from mailgate.testing.no_mail import NoMail

WAIT_SECONDS: Final = 5.0
QUIET_SECONDS: Final = 0.2


class Waiting:
    """Ask `next_call()` and hand what it gives to `take`, until `is_over`; then `found` are the messages.

    If the call fails, raise what `failed` makes of it.
    """

    def __init__(
        self,
        namespace: str,
        criteria: Criteria,
        count: int,
        timeout_seconds: float,
        now: Callable[[], float],
        since: float = 0.0,
    ) -> None:
        """`since`: conversations that had ended at that Unix time are not told of."""
        if count < 1:
            raise ValueError(f"a wait is for 1 message or more, not for {count}; assert_no_mail is for none")
        self._question = question(criteria)
        self._arguments = {"namespace": namespace, "content": True, **self._question.arguments}
        self._count = count
        self._timeout_seconds = timeout_seconds
        self._now = now
        self._since = since
        self._deadline = now() + timeout_seconds
        self.found: list[Message] = []

    @property
    def is_over(self) -> bool:
        """Are all there?"""
        return len(self.found) >= self._count

    def next_call(self) -> Call[Sequence[Message]]:
        """What to ask now."""
        seconds = max(0.0, self._deadline - self._now())
        count = 1 if self._question.judgements else self._count
        arguments = {**self._arguments, "count": count, "timeout": seconds}
        return Call("wait", arguments, read_messages, seconds)

    def take(self, messages: Sequence[Message]) -> None:
        """What the server found."""
        self.found += filter(self._question.fits, messages)
        self._arguments["after"] = messages[-1].number

    def failed(self, error: CallFailed) -> Exception:
        """What to raise for it: `NoMail` if the time was over."""
        if error.kind != "timeout":
            return error
        wanted = f"{self._missing()}{self._question.words} within {self._timeout_seconds:g} s"
        told = error.details.get("conversations", ())
        conversations = [Conversation.read(one) for one in told if one["ended"] is None or one["ended"] >= self._since]
        return NoMail(wanted, error.details.get("arrived", ()), conversations)

    def _missing(self) -> str:
        if self._count == 1:
            return "no message"
        if not self._question.judgements:  # the server counted, and does not say how far it came
            return f"not {self._count} messages"
        return f"{len(self.found)} of {self._count} messages"


def read_messages(answer: Mapping[str, Any]) -> list[Message]:
    """The messages of an answer, which were asked for with their contents."""
    return [Message.read(told) for told in answer["messages"]]
