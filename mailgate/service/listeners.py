"""All listeners of a gateway: opened while it may be root, filled with what answers when that is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, cast

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IProtocolFactory

from mailgate.config import Config
from mailgate.connection import Build, ConnectionFactory
from mailgate.control.calls import CallError
from mailgate.facts import Fact, TurnedAway
from mailgate.limits.admission import Admission
from mailgate.limits.networks import Networks
from mailgate.limits.sparing import Sparing
from mailgate.service.front import Front
from mailgate.service.on_demand import Opened
from mailgate.service.personalities import Kind
from mailgate.service.ports import CannotListen, Listening, Ports
from mailgate.service.stack import Approach, layered
from mailgate.service.testbed import Testbed
from mailgate.service.wishes import Wish

HTTP = "http"
ON_DEMAND = "tcp:0:interface=127.0.0.1"


class Listeners:
    """One gateway's."""

    def __init__(
        self,
        config: Config,
        reactor: Any,
        tell: Callable[[Fact], None],
        count: Callable[[TurnedAway], None] = lambda fact: None,
    ) -> None:
        """Of those that are turned away `tell` hears now and then, `count` every time."""
        self._config = config
        self._reactor = reactor
        self._ports = Ports(reactor)
        self._factories: list[ConnectionFactory[Any]] = []
        self._doors: dict[str, Build[Any]] = {}  # by the listener's key; filled when the privileges are dropped
        self._certificate: IOpenSSLServerConnectionCreator | None = None
        self._tell_sparingly = Sparing(tell, time.monotonic).tell
        self._count = count
        limits = config.limits
        self.admission = Admission(
            time.monotonic,
            connections=limits.connections,
            connections_per_client=limits.connections_per_client,
            connections_per_minute=limits.connections_per_minute,
            exempt=Networks(limits.exempt),
        )

    @property
    def listening(self) -> Sequence[Listening]:
        """The ports that are open, in the order of the configuration."""
        return self._ports.listening

    @property
    def sessions(self) -> int:
        """How many there are now."""
        return sum(factory.sessions for factory in self._factories)

    @property
    def most_connections(self) -> int:
        """Those that may be let in, and at every listener with proxies those without their header."""
        proxied = sum(bool(self._proxies(key)) for key, _ in self._config.listeners())
        return self.admission.most + proxied * self._config.limits.connections

    def open(self, certificate: IOpenSSLServerConnectionCreator | None, http: IProtocolFactory) -> None:
        """Open the ports of the configuration; `http` answers at that listener. Raises `CannotListen`."""
        self._certificate = certificate
        for key, listener in self._config.listeners():
            if _section(key) == HTTP:
                self._ports.open(key, listener, self._layered(key, http))
            else:
                self._open(key, listener, lambda *peer, key=key: self._doors[key](*peer))

    def fill(self, front: Front, testbed: Testbed | None) -> None:
        """From now on clients are answered."""
        for key, _ in self._config.listeners():
            if (section := _section(key)) != HTTP:
                self._doors[key] = self._door(front, testbed, Wish(cast(Kind, section), key.endswith("_tls")))

    def open_on_demand(self, front: Front, testbed: Testbed, wish: Wish) -> Opened:
        """Open a free port on loopback. Raises `CallError`."""
        if wish.tls and self._certificate is None:
            raise CallError("bad", "there is no certificate: set [tls], or ask for a listener without TLS")
        key = f"{wish.kind}.listen_tls" if wish.tls else f"{wish.kind}.listen"
        try:
            listening, factory = self._open(key, ON_DEMAND, self._door(front, testbed, wish))
        except ValueError as error:
            raise CallError("bad", str(error)) from error
        except CannotListen as error:
            raise CallError("unavailable", str(error)) from error

        async def close() -> None:
            await self._ports.close(listening)
            factory.cut()
            await factory.drain(0)
            self._factories.remove(factory)

        return Opened(listening, close)

    async def close(self) -> None:
        """Close all ports; sessions go on."""
        await self._ports.close()

    async def drain(self, seconds: float) -> None:
        """End all sessions, as `ConnectionFactory.drain`."""
        await DeferredList([Deferred.fromCoroutine(factory.drain(seconds)) for factory in self._factories])

    def cut(self) -> None:
        """Cut all sessions; `drain` goes on waiting for their commits."""
        for factory in self._factories:
            factory.cut()

    def _open(self, key: str, listener: str, build: Build[Any]) -> tuple[Listening, ConnectionFactory[Any]]:
        factory: ConnectionFactory[Any] = ConnectionFactory(self._reactor, self._certificate, build)
        listening = self._ports.open(key, listener, self._layered(key, factory))
        self._factories.append(factory)
        return listening, factory

    def _door(self, front: Front, testbed: Testbed | None, wish: Wish) -> Build[Any]:
        """Raises ValueError for a disguise that cannot be."""
        on_demand = self._certificate is not None and not wish.tls
        build = front.door(wish.kind, tls_on_demand=on_demand, disguise=wish.disguise)
        return build if testbed is None else testbed.decorated(build, wish.protocol, wish.faults, wish.namespace)

    def _layered(self, key: str, factory: IProtocolFactory) -> IProtocolFactory:
        section = _section(key)
        limits = self._config.limits
        approach = Approach(
            enter=self.admission.enter,
            proxies=Networks(self._proxies(key)),
            clock=self._reactor,
            tell=self._turned_away,
            greeting_seconds=self._config.pop3.login_timeout if section == "pop3" else limits.greeting_timeout,
            introductions=limits.connections,
        )
        tls = self._certificate if key.endswith("_tls") else None
        return layered(factory, approach, listener=section, implicit_tls=tls)

    def _turned_away(self, fact: TurnedAway) -> None:
        self._count(fact)
        self._tell_sparingly(fact)

    def _proxies(self, key: str) -> Sequence[str]:
        return getattr(getattr(self._config, _section(key)), "proxies", ())  # LMTP and HTTP have none


def _section(key: str) -> str:
    return key.partition(".")[0]
