"""HTTP's connections and requests: who comes in, and how much is taken from one.

Twisted's own keep any body, as long as it comes, before anybody is asked. Here a request is decided upon when its
fields have come: nothing is kept of the body of one that may not come in, or of one that is too large.
"""

# mypy: disable-error-code="no-untyped-call"
# Twisted's HTTP has hardly any types.

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from attrs import frozen
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.resource import IResource
from twisted.web.server import Request, Site

from mailgate.control.access import Access
from mailgate.control.answering import Calls
from mailgate.control.replying import Reply, refusal, reply_of, write_head

MAX_BODY_OCTETS: Final = 40 * 1024 * 1024
MAX_CONNECTIONS: Final = 500  # they use up descriptors, which the mail needs as well
# Between requests and while one comes; none while one is answered, so that a long poll lasts as long as it has to. It
# begins again with the answer: a client that takes longer than this to read one is cut off.
IDLE_SECONDS: Final = 60.0
LINGER_SECONDS: Final = 10.0  # for a client that still writes what is not taken, to come to its end and read the answer


ANYBODY: Final = Access(None)  # whoever has no token, but is on this machine


class APIRequest(Request):
    """One request."""

    channel: APIChannel
    content: BytesIO
    is_trusted = True  # False: it came in without the token, to an open page
    _refusal: Reply | None = None

    def gotLength(self, length: int | None) -> None:
        """The fields have come. `length` is that of the body in octets; None if it comes in chunks."""
        self.content = BytesIO()
        self._refusal = self.channel.factory.access.refuse(self.requestHeaders)
        if self._refusal is None and length is not None and length > MAX_BODY_OCTETS:
            self._refusal = _too_large()
        if self._refusal is not None and length != 0:
            self.channel.turn_away(self, self._refusal)

    def handleContentChunk(self, data: bytes) -> None:
        if self._refusal is not None:
            return
        if self.content.tell() + len(data) > MAX_BODY_OCTETS:
            self._refusal = _too_large()
            self.content = BytesIO()
            self.channel.turn_away(self, self._refusal)
        else:
            self.content.write(data)

    def process(self) -> None:
        if self._refusal is not None and self.path in self.channel.factory.open_paths:
            # Only the fields were looked at so far, and of what was refused by them no body is here.
            self._refusal = ANYBODY.refuse(self.requestHeaders)
            self.is_trusted = False
        self._refusal = self._refusal or _unreadable(self.path)
        if self._refusal is None:
            super().process()
        else:
            self._send(self._refusal)

    def processingFailed(self, reason: Failure) -> Failure:
        """Something went wrong where nobody looked after it."""
        self._send(reply_of(self.channel.factory.calls.failed(reason, "HTTP")))
        return reason

    def _send(self, reply: Reply) -> None:
        self.write(write_head(self, reply))
        self.finish()


class APIChannel(HTTPChannel):
    """One connection."""

    factory: APISite
    transport: Any
    _turned_away = False

    def connectionMade(self) -> None:
        self.factory.open.add(self)
        super().connectionMade()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self.factory.open.discard(self)
        super().connectionLost(reason)

    def dataReceived(self, data: bytes) -> None:
        if not self._turned_away:
            super().dataReceived(data)

    def rawDataReceived(self, data: bytes) -> None:
        if not self._turned_away:
            super().rawDataReceived(data)

    def allContentReceived(self) -> None:
        if not self._turned_away:
            super().allContentReceived()

    def turn_away(self, request: APIRequest, reply: Reply) -> None:
        """Answer before the body has come, and take no more of it. The client is to close: closing on one that still
        writes would take the answer away from it.
        """
        self._turned_away = True
        request.clientproto = b"HTTP/1.1"
        request.requestHeaders.removeHeader("Expect")  # or it would be told to go on
        request.responseHeaders.setRawHeaders("Connection", ["close"])
        request.write(write_head(request, reply))
        self.setTimeout(LINGER_SECONDS)


@frozen
class Page:
    """What is answered to GET at a path that belongs to no call."""

    path: str
    answer: Callable[[APIRequest], Reply]
    is_open: bool = False  # for those who have no token, too


class APISite(Site):
    """The connections of one listener. Nothing of a request is logged: its URL has addresses and subjects in it."""

    noisy = False
    protocol = APIChannel  # type: ignore[assignment]  # Twisted's own would take HTTP/2 as well

    def __init__(
        self, resource: IResource, access: Access, calls: Calls, clock: IReactorTime, open_paths: Iterable[str] = ()
    ) -> None:
        """At `open_paths` nobody is asked for a token; a request with a body is turned away there all the same."""
        super().__init__(
            resource, requestFactory=APIRequest, timeout=IDLE_SECONDS, reactor=clock, parsePOSTFormSubmission=False
        )
        self.access = access
        self.calls = calls
        self.open_paths = frozenset(path.encode("ascii") for path in open_paths)
        self.open: set[APIChannel] = set()

    def buildProtocol(self, addr: IAddress | None) -> Any:
        return super().buildProtocol(addr) if len(self.open) < MAX_CONNECTIONS else None

    def close_all(self) -> None:
        """Cut all connections, and with them what their clients wait for."""
        for channel in list(self.open):
            channel.transport.abortConnection()

    def startFactory(self) -> None:
        """No access log is opened, and no clock runs for its sake."""

    def stopFactory(self) -> None:
        """There is nothing to close."""

    def log(self, request: object) -> None:
        """Not even to Twisted's log, where it would go otherwise."""


def _too_large() -> Reply:
    return refusal("too large", f"a request's body has at most {MAX_BODY_OCTETS} octets")


def _unreadable(path: bytes) -> Reply | None:
    try:
        unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return refusal("bad", "the path has to be in UTF-8")
    return refusal("missing", "there is nothing of this name") if path == b"*" else None
