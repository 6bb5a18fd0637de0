"""A machine and a session of which is written down what goes over the wire."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any, Final, Generic, Protocol, TypeVar, cast

from mailgate.connection import Build, Ending, Machine, Session
from mailgate.conversations.answer import Answer
from mailgate.conversations.conversations import Conversations
from mailgate.conversations.record import Record
from mailgate.conversations.scribe import POP3Scribe, Scribe, SMTPScribe
from mailgate.wire.output import Output

R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)

_ENDINGS: Final = {  # `connection` has a word for each
    "quit": "closed by the gateway",
    "lost": "closed by the client, or lost",
    "handshake": "closed by the client, or lost, before the TLS handshake was finished",
    "time-out": "closed by the gateway, out of time",
    "stopped": "closed by the gateway, which stops",
}
_SCRIBES: Final[dict[str, Callable[[Record], Scribe]]] = {"smtp": SMTPScribe, "pop3": POP3Scribe}


class SpeakingMachine(Machine[R_contra], Protocol[R_contra]):
    """Both protocols' machines; and what is put around them hands it through."""

    @property
    def said(self) -> str:
        """The command that waits for its reply, for people, without what is secret."""


def overheard(
    build: Build[R],
    conversations: Conversations,
    protocol: str,
    now: Callable[[], float],
    namespace: str | None = None,
) -> Build[R]:
    """What `build` builds, each session written down in `conversations`. Put it around everything else that is put
    around a door, so that what is written is what went out.

    `protocol` is "smtp", for LMTP as well, or "pop3"; `now` gives Unix time; `namespace` is whose the listener is, if
    it is one of somebody's own.
    """
    make_scribe = _SCRIBES[protocol]

    def build_overheard(client: str, port: int) -> tuple[Machine[R], Session[R]]:
        machine, session = build(client, port)
        record = conversations.begin(protocol, client, port, now, namespace)
        scribe = make_scribe(record)
        speaking = cast("SpeakingMachine[R]", machine)
        return OverheardMachine(speaking, scribe), OverheardSession(session, record, scribe)

    return build_overheard


class OverheardMachine(Generic[R]):
    """Writes down what comes in and goes out, and leaves it as it is."""

    def __init__(self, machine: SpeakingMachine[R], scribe: Scribe) -> None:
        self._machine = machine
        self._scribe = scribe

    @property
    def buffered(self) -> int:
        return self._machine.buffered

    @property
    def said(self) -> str:
        return self._machine.said

    def receive(self, data: bytes) -> None:
        self._machine.receive(data)

    def next_event(self) -> object | None:
        event = self._machine.next_event()
        if event is not None:
            self._scribe.hear(event, self._machine.said)
        return event

    def send(self, reply: R) -> Output:
        output = self._machine.send(reply)
        answer = self._scribe.begin_answer()
        answer.feed(output.octets)
        if output.body is not None:
            return output._replace(body=_overheard_body(output.body, answer, self._scribe))
        self._scribe.end_answer(answer, whole=True)
        return output


async def _overheard_body(
    body: AsyncGenerator[bytes, None], answer: Answer, scribe: Scribe
) -> AsyncGenerator[bytes, None]:
    whole = False
    try:
        async for block in body:
            answer.feed(block)
            yield block
        whole = True
    finally:
        await body.aclose()
        scribe.end_answer(answer, whole=whole)


class OverheardSession(Generic[R]):
    """Writes down when TLS begins, and how the session ends."""

    def __init__(self, session: Session[R], record: Record, scribe: Scribe) -> None:
        self._session = session
        self._record = record
        self._scribe = scribe

    def seconds_left(self, silent_seconds: float) -> float:
        return self._session.seconds_left(silent_seconds)

    @property
    def at_rest(self) -> bool:
        return self._session.at_rest

    async def answer(self, event: Any) -> R | None:
        return await self._session.answer(event)

    def secured(self, tls: str) -> None:
        self._record.secured(tls)
        self._session.secured(tls)

    def farewell(self, ending: Ending) -> R | None:
        return self._session.farewell(ending)

    def lost(self) -> None:
        self._session.lost()

    def ended(self, reason: str, octets_in: int, octets_out: int) -> None:
        self._session.ended(reason, octets_in, octets_out)
        self._scribe.end(_ENDINGS.get(reason, reason))
