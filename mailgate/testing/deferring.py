"""A namespace that gives Deferreds: it asks what `namespace.py` asks over the control socket, of the functions
themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar, Unpack, overload

from attrs import frozen
from twisted.internet.defer import Deferred

from mailgate.control.caller import Call, CallFailed
from mailgate.control.calls import Arguments, CallError, Functions
from mailgate.testing import asking
from mailgate.testing.asking import Mail
from mailgate.testing.conversation import Conversation
from mailgate.testing.corner import Corner
from mailgate.testing.criteria import Criteria, described
from mailgate.testing.faults import Fault, FaultWords, Personality
from mailgate.testing.message import Message
from mailgate.testing.no_mail import NoMail, UnexpectedMail
from mailgate.testing.ready import Ready
from mailgate.testing.waiting import QUIET_SECONDS, WAIT_SECONDS, Waiting

T = TypeVar("T")

_PLAIN: Final = Personality()


class Asking:
    """Calls the functions of a server, and reads their answers as if they had come over the socket."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def ask(self, call: Call[T]) -> Deferred[T]:
        """Fails with `CallFailed`."""
        return Deferred.fromCoroutine(self.answer(call))

    async def answer(self, call: Call[T]) -> T:
        """Raises `CallFailed`."""
        function = self._functions.get(call.name)
        if function is None:
            raise CallFailed("missing", f"this gateway has no call {call.name!r}", {})
        try:
            return call.read(await function(Arguments(call.arguments)))
        except CallError as error:
            raise CallFailed(error.kind, error.message, error.details) from None


class NamespaceInReactor(Corner):
    """What `mailgate.testing.Namespace` is, with a Deferred wherever that one waits. To cancel one ends the wait."""

    def __init__(
        self,
        name: str,
        ready: Callable[[], Ready],
        functions: Functions,
        seconds: Callable[[], float],
    ) -> None:
        super().__init__(name, ready)
        self._asking = Asking(functions)
        self._seconds = seconds
        self.faults = FaultsInReactor(self._asking, name)

    @overload
    def wait_for(self, *, timeout: float = WAIT_SECONDS, **criteria: Unpack[Criteria]) -> Deferred[Message]: ...

    @overload
    def wait_for(
        self, *, count: int, timeout: float = WAIT_SECONDS, **criteria: Unpack[Criteria]
    ) -> Deferred[list[Message]]: ...

    def wait_for(
        self, *, count: int | None = None, timeout: float = WAIT_SECONDS, **criteria: Unpack[Criteria]
    ) -> Deferred[Message] | Deferred[list[Message]]:
        """The first message that fits, or the first `count`. Fails with `NoMail`."""
        if count is not None:
            return Deferred.fromCoroutine(self._wait(criteria, count, timeout))
        return Deferred.fromCoroutine(self._wait_for_one(criteria, timeout))

    def assert_no_mail(self, *, within: float = QUIET_SECONDS, **criteria: Unpack[Criteria]) -> Deferred[None]:
        """Fails with `UnexpectedMail` if a message that fits is there, or comes within so many seconds."""
        return Deferred.fromCoroutine(self._expect_none(criteria, within))

    def messages(self, *, removed: bool = False, **criteria: Unpack[Criteria]) -> Deferred[list[Message]]:
        """Those that fit and are there now; with `removed`, also those that were there before."""
        return self._asking.ask(asking.messages(self.name, criteria, removed=removed))

    def clear(self) -> Deferred[int]:
        """Remove all messages of this namespace; how many there were."""
        return self._asking.ask(asking.clear(self.name))

    def preload(self, to: str, mail: Mail) -> Deferred[list[str]]:
        """Put mail into the maildrop of `to`, as it is; the ids of the messages."""
        return Deferred.fromCoroutine(self._preload(to, mail))

    def conversations(self) -> Deferred[list[Conversation]]:
        """What was said in the sessions that named an address of this namespace."""
        return self._asking.ask(asking.conversations(self.name, self.began))

    def set_password(self, to: str, password: str) -> Deferred[None]:
        """From now on this is the only right password of `to`."""
        return Deferred.fromCoroutine(self._set_password(to, password))

    def listener(
        self,
        protocol: str = "smtp",
        *,
        faults: Sequence[Fault] = (),
        personality: Personality = _PLAIN,
        tls: bool = False,
    ) -> Deferred[ListenerInReactor]:
        """Open a free port of one's own."""
        return Deferred.fromCoroutine(self._listener(protocol, faults, personality, tls))

    def end(self) -> Deferred[None]:
        """Remove its mail, faults and listeners."""
        return self._asking.ask(asking.end_namespace(self.name))

    async def _wait(self, criteria: Criteria, count: int, timeout: float) -> list[Message]:
        waiting = Waiting(self.name, criteria, count, timeout, self._seconds, self.began)
        while not waiting.is_over:
            try:
                waiting.take(await self._asking.answer(waiting.next_call()))
            except CallFailed as error:
                raise waiting.failed(error) from None
        return waiting.found

    async def _wait_for_one(self, criteria: Criteria, timeout: float) -> Message:
        return (await self._wait(criteria, 1, timeout))[0]

    async def _expect_none(self, criteria: Criteria, within: float) -> None:
        try:
            found = await self._wait(criteria, 1, within)
        except NoMail:
            return
        raise UnexpectedMail(f"no message{described(criteria)} was expected", found[0])

    async def _preload(self, to: str, mail: Mail) -> list[str]:
        return [await self._asking.answer(asking.preload(self.name, to, one)) for one in asking.contents(mail)]

    async def _set_password(self, to: str, password: str) -> None:
        await self._asking.answer(asking.set_password(self.name, to, password))
        self.remember_password(to, password)

    async def _listener(
        self, protocol: str, faults: Sequence[Fault], personality: Personality, tls: bool
    ) -> ListenerInReactor:
        opened = await self._asking.answer(asking.open_listener(self.name, protocol, faults, personality, tls=tls))
        close = asking.close_listener(self.name, opened["id"])
        return ListenerInReactor(opened["host"], opened["port"], lambda: self._asking.ask(close))


@frozen
class ListenerInReactor:
    """A port that was opened on demand. `close()` gives a Deferred; it closes with its namespace at the latest."""

    host: str
    port: int
    close: Callable[[], Deferred[None]]


class FaultsInReactor:
    """What `mailgate.testing.namespace.Faults` is, with Deferreds."""

    def __init__(self, asking_: Asking, namespace: str) -> None:
        self._asking = asking_
        self._namespace = namespace

    def smtp(self, **words: Unpack[FaultWords]) -> Deferred[str]:
        """Set one in SMTP, submission and LMTP; its id."""
        return self._asking.ask(asking.add_fault(self._namespace, "smtp", Fault(**words)))

    def pop3(self, **words: Unpack[FaultWords]) -> Deferred[str]:
        """Set one in POP3; its id."""
        return self._asking.ask(asking.add_fault(self._namespace, "pop3", Fault(**words)))

    def list(self) -> Deferred[list[Mapping[str, Any]]]:
        """Those that are set."""
        return self._asking.ask(asking.faults(self._namespace))

    def remove(self, fault: str) -> Deferred[None]:
        """Take back the one with this id."""
        return self._asking.ask(asking.remove_fault(self._namespace, fault))

    def clear(self) -> Deferred[None]:
        """Take back all of this namespace."""
        return self._asking.ask(asking.clear_faults(self._namespace))
