"""What a test has of the server: addresses, mail, faults and listeners that no other test sees."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, Self, TypeVar, Unpack, overload

from mailgate.control.caller import Call, CallFailed
from mailgate.testing import asking
from mailgate.testing.asking import Mail
from mailgate.testing.conversation import Conversation
from mailgate.testing.corner import Corner
from mailgate.testing.criteria import Criteria, described
from mailgate.testing.faults import Fault, FaultWords, Personality
from mailgate.testing.listener import Listener
from mailgate.testing.message import Message
from mailgate.testing.no_mail import NoMail, UnexpectedMail
from mailgate.testing.places import Pop3Place
from mailgate.testing.ready import Ready
from mailgate.testing.waiting import QUIET_SECONDS, WAIT_SECONDS, Waiting

T = TypeVar("T")

_PLAIN: Final = Personality()


class Server(Protocol):
    """A running server, wherever it runs."""

    @property
    def ready(self) -> Ready:
        """Where it listens."""

    def ask(self, call: Call[T]) -> T:
        """Call it. Raises `CallFailed` and `GatewayGone`."""


class Namespace(Corner):
    """One test's corner of the server. pytest's fixture `mailgate` is one.

    Every method raises `CallFailed` if the server refuses, and `GatewayGone` if it does not answer.
    """

    def __init__(self, server: Server, name: str) -> None:
        super().__init__(name, lambda: server.ready)
        self.faults = Faults(server, name)
        self._server = server

    # What came.

    @overload
    def wait_for(self, *, timeout: float = WAIT_SECONDS, **criteria: Unpack[Criteria]) -> Message: ...

    @overload
    def wait_for(self, *, count: int, timeout: float = WAIT_SECONDS, **criteria: Unpack[Criteria]) -> list[Message]: ...

    def wait_for(
        self, *, count: int | None = None, timeout: float = WAIT_SECONDS, **criteria: Unpack[Criteria]
    ) -> Message | list[Message]:
        """The first message that fits, or the first `count` as a list; at once if they are there already.

        The criteria are `to=`, `from_=`, `subject=`, `header=`, `body=` and `after=`, see `Criteria`. Without `to`
        only mail to addresses of this namespace is looked at; `to` may name an address outside of all namespaces,
        such as user@corp.test. `timeout` is in seconds. Raises `NoMail`, which tells what did arrive.
        """
        __tracebackhide__ = True  # pytest's: what failed is the line that waits
        found = self._wait(criteria, 1 if count is None else count, timeout)
        return found[0] if count is None else found

    def assert_no_mail(self, *, within: float = QUIET_SECONDS, **criteria: Unpack[Criteria]) -> None:
        """Raise `UnexpectedMail` if a message that fits is there, or comes within so many seconds."""
        __tracebackhide__ = True
        try:
            found = self._wait(criteria, 1, within)
        except NoMail:
            return
        raise UnexpectedMail(f"no message{described(criteria)} was expected", found[0])

    def messages(self, *, removed: bool = False, **criteria: Unpack[Criteria]) -> list[Message]:
        """Those that fit and are there now, the oldest first; with `removed`, also those that were there before."""
        return self._server.ask(asking.messages(self.name, criteria, removed=removed))

    def clear(self) -> int:
        """Remove all messages of this namespace, from the maildrops as well; give how many there were."""
        return self._server.ask(asking.clear(self.name))

    def preload(self, to: str, mail: Mail) -> list[str]:
        """Put mail into the maildrop of `to`, as it is, without SMTP; give the ids of the messages.

        `mail` is an EmailMessage, the octets of a message, or the path of an .eml file or of a directory of such
        files, which come in the order of their names. Raises OSError for a file that cannot be read.
        """
        return [self._server.ask(asking.preload(self.name, to, content)) for content in asking.contents(mail)]

    def conversations(self) -> list[Conversation]:
        """What was said in the sessions that named an address of this namespace."""
        return self._server.ask(asking.conversations(self.name, self.began))

    # What shall be different.

    def set_password(self, to: str, password: str) -> None:
        """From now on this is the only right password of `to`, for POP3 and AUTH; `pop3()` uses it too."""
        self._server.ask(asking.set_password(self.name, to, password))
        self.remember_password(to, password)

    def listener(
        self,
        protocol: str = "smtp",
        *,
        faults: Sequence[Fault] = (),
        personality: Personality = _PLAIN,
        tls: bool = False,
    ) -> Listener:
        """Open a free port of one's own. `protocol` is smtp, submission, lmtp or pop3; `tls`: TLS comes first."""
        opened = self._server.ask(asking.open_listener(self.name, protocol, faults, personality, tls=tls))
        place = Pop3Place(opened["host"], opened["port"], self.password_of, self.ssl_context if tls else None)
        return Listener(place, lambda: self._server.ask(asking.close_listener(self.name, opened["id"])))

    def end(self) -> None:
        """Remove its mail, faults and listeners."""
        self._server.ask(asking.end_namespace(self.name))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _wait(self, criteria: Criteria, count: int, timeout: float) -> list[Message]:
        __tracebackhide__ = True
        waiting = Waiting(self.name, criteria, count, timeout, time.monotonic, self.began)
        while not waiting.is_over:
            try:
                waiting.take(self._server.ask(waiting.next_call()))
            except CallFailed as error:
                raise waiting.failed(error) from None
        return waiting.found


class Faults:
    """Failures on demand at the shared ports, for the addresses of one namespace.

        mailgate.faults.smtp(to=to, at="rcpt", reply="451 4.3.0 Try later", times=2)
        mailgate.faults.pop3(user=to, at="retr", drop_after_octets=100, times=1)

    The keywords are those of `Fault`. What strikes before an address is known belongs to a listener of one's own.
    """

    def __init__(self, server: Server, namespace: str) -> None:
        self._server = server
        self._namespace = namespace

    def smtp(self, **words: Unpack[FaultWords]) -> str:
        """Set one in SMTP, submission and LMTP; give its id."""
        return self._server.ask(asking.add_fault(self._namespace, "smtp", Fault(**words)))

    def pop3(self, **words: Unpack[FaultWords]) -> str:
        """Set one in POP3; give its id."""
        return self._server.ask(asking.add_fault(self._namespace, "pop3", Fault(**words)))

    def list(self) -> list[Mapping[str, Any]]:
        """Those that are set, as the server tells them."""
        return self._server.ask(asking.faults(self._namespace))

    def remove(self, fault: str) -> None:
        """Take back the one with this id."""
        self._server.ask(asking.remove_fault(self._namespace, fault))

    def clear(self) -> None:
        """Take back all of this namespace."""
        self._server.ask(asking.clear_faults(self._namespace))
