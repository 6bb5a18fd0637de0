"""What may be wrong with the smarthost behind a dialogue that is played in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import Clock
from zope.interface import implementer

from mailgate.facts import Bulletin
from mailgate.sending.client import SmarthostClient
from mailgate.sending.place import Security, Smarthost
from mailgate.sending.trust import verified
from tests.sending.support import HOST, OURS, Host, Link, hang_up, nothing
from tests.support import a_message, path, started


@implementer(IStreamClientEndpoint)
class Way:
    """Leads to one host; without one, nowhere."""

    def __init__(self, host: Host | None, clock: Clock) -> None:
        self._host = host
        self._clock = clock

    def connect(self, factory: Any) -> Deferred[Any]:
        if self._host is None:
            return fail(ConnectionRefusedError())
        channel = factory.buildProtocol(None)
        link = Link(channel, self._host, self._clock)
        self._clock.callLater(0, link.pump)
        return succeed(channel)


Make = Callable[[Clock, Bulletin], SmarthostClient]


def led_to(host: Callable[[], Host | None], security: Security = "clear") -> Make:
    def make(clock: Clock, bulletin: Bulletin) -> SmarthostClient:
        place = Smarthost(HOST, 587, security)
        tls = verified(HOST, None)
        return SmarthostClient(place, OURS, lambda: "", tls, Way(host(), clock), clock, bulletin, at_once=1)

    return make


def taken(clock: Clock, bulletin: Bulletin) -> SmarthostClient:
    """A client whose one place is taken for good by a message that is not answered."""
    client = led_to(lambda: Host(answers={".": nothing}))(clock, bulletin)
    started(client.send(a_message(), [path("somebody@elsewhere.example")]))
    return client


SMARTHOSTS: Final[Mapping[str, Make]] = {
    "the smarthost cannot be reached": led_to(lambda: None),
    "the smarthost hangs up": led_to(lambda: Host(answers={"DATA": hang_up})),
    "the smarthost is kept busy": taken,
    "the smarthost is this host itself": led_to(lambda: Host(name=OURS)),
    "the smarthost answers before it is asked": led_to(
        lambda: Host(answers={"DATA": b"354 go ahead\r\n250 2.0.0 queued\r\n", ".": "550 5.7.1 refused"})
    ),
    "the smarthost has no TLS": led_to(Host, "starttls"),
    "the smarthost knows ASCII alone": led_to(Host),
    "the smarthost refuses recipients": led_to(lambda: Host(answers={"RCPT": "550 5.1.1 No such user"})),
}
