"""What a gateway for tests has besides: conversations, failures on demand, passwords, listeners on demand.

A gateway for people is built without: `service.gateway` makes one for development mode alone.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from twisted.internet.interfaces import IReactorTime

from mailgate.accounts.names import account_name
from mailgate.connection import Build
from mailgate.control.calls import Arguments, CallError, Functions
from mailgate.control.matching import namespace_in
from mailgate.conversations import Conversations, overheard
from mailgate.interference import Rule, Rules, Spoken, interfered, parse_rule
from mailgate.mail import Path
from mailgate.namespaces import SHARED, namespace_of
from mailgate.service.on_demand import OnDemand
from mailgate.wire.address import AddressError

MAX_PASSWORDS: Final = 10_000


class Testbed:
    """One gateway's. What is in it belongs to a namespace, and goes with `end_namespace`."""

    __test__ = False  # a test suite that imports it shall not take it for a test

    def __init__(self, clock: IReactorTime, *, faults: bool) -> None:
        """`faults`: may there be failures on demand?"""
        self.passwords: dict[str, str] = {}
        self._clock = clock
        self._rules = Rules() if faults else None
        self._conversations = Conversations()

    def decorated(
        self, build: Build[Any], protocol: Spoken, own: Sequence[Rule] = (), namespace: str | None = None
    ) -> Build[Any]:
        """A door of which is remembered what is said there, and whose replies may be interfered with; `own` are a
        listener's own rules, `namespace` is who opened it. `protocol` is "smtp", for LMTP as well, or "pop3".
        """
        if self._rules is not None:
            build = interfered(build, protocol, self._rules, own, self._clock)
        return overheard(build, self._conversations, protocol, time.time, namespace)

    def conversations(self, namespace: str, since: float = 0.0) -> list[dict[str, Any]]:
        """What a namespace may know of, for JSON."""
        return [conversation.as_json() for conversation in self._conversations.of(namespace, since)]

    def functions(self, listeners: OnDemand, end_mail: Callable[[str], Awaitable[None]]) -> Functions:
        """The calls. `end_mail` removes the mail of a namespace, and ends the waits for more."""

        async def end_namespace(arguments: Arguments) -> dict[str, Any]:
            arguments.only("namespace")
            arguments.wanted("namespace")
            namespace = namespace_in(arguments)
            await listeners.end(namespace)
            self._forget(namespace)
            await end_mail(namespace)
            return {"ended": namespace}

        return {
            "conversations": self._tell,
            "set_password": self._set_password,
            "end_namespace": end_namespace,
            **listeners.functions(),
            **(self._fault_functions(self._rules) if self._rules is not None else {}),
        }

    def _forget(self, namespace: str) -> None:
        if self._rules is not None:
            self._rules.clear(namespace)
        self._conversations.clear(namespace)
        for name in [name for name in self.passwords if namespace_of(name) == namespace]:
            del self.passwords[name]

    async def _tell(self, arguments: Arguments) -> dict[str, Any]:
        arguments.only("namespace", "since")
        namespace = namespace_in(arguments)
        since = arguments.number("since", 0.0, most=float(1 << 40))
        return {"conversations": self.conversations(namespace, since)}

    async def _set_password(self, arguments: Arguments) -> dict[str, Any]:
        """From now on this is the account's only password; an empty one: any is right again."""
        arguments.only("namespace", "user", "password")
        namespace = namespace_in(arguments)
        try:
            path = Path.parse(arguments.wanted("user"))
        except AddressError as error:
            raise CallError("bad", f"user: {error}") from error
        name = account_name(path.local_part, path.domain)
        if namespace_of(name) not in (SHARED, namespace):
            raise CallError("bad", f"{name} belongs to another namespace")
        password = arguments.text("password")
        if not password:
            self.passwords.pop(name, None)
        elif len(self.passwords) >= MAX_PASSWORDS and name not in self.passwords:
            raise CallError(
                "busy", f"{MAX_PASSWORDS} passwords are set: end the namespaces that are not needed any more"
            )
        else:
            self.passwords[name] = password
        return {"user": name}

    @staticmethod
    def _fault_functions(rules: Rules) -> Functions:
        async def add(arguments: Arguments) -> dict[str, Any]:
            namespace = namespace_in(arguments)
            try:
                return {"id": rules.add(parse_rule(arguments.besides("namespace")), namespace)}
            except ValueError as error:
                raise CallError("bad", str(error)) from error

        async def tell(arguments: Arguments) -> dict[str, Any]:
            arguments.only("namespace")
            return {"faults": rules.list(namespace_in(arguments))}

        async def remove(arguments: Arguments) -> dict[str, Any]:
            arguments.only("namespace", "id")
            name, namespace = arguments.wanted("id"), namespace_in(arguments)
            try:
                rules.remove(name, namespace)
            except KeyError:
                raise CallError("missing", f"there is no fault {name[:40]!r}") from None
            return {"removed": name}

        async def clear(arguments: Arguments) -> dict[str, Any]:
            arguments.only("namespace")
            rules.clear(namespace_in(arguments))
            return {}

        return {"add_fault": add, "faults": tell, "remove_fault": remove, "clear_faults": clear}
