"""The smarthost as delivery knows it: hands messages over, each on a connection of its own, so many at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import CancelledError, DeferredSemaphore
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectError, ConnectingCancelledError
from twisted.internet.interfaces import (
    IAddress,
    IOpenSSLClientConnectionCreator,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory
from zope.interface import implementer

from mailgate.facts import Bulletin, NotRelayed, Relayed
from mailgate.interfaces import ISmarthost
from mailgate.mail import Message, Path, Refused, Reply
from mailgate.sending.channel import Channel
from mailgate.sending.deadline import Deadline
from mailgate.sending.dialogue import Dialogue
from mailgate.sending.login import read_password
from mailgate.sending.place import Smarthost
from mailgate.sending.trouble import CONGESTED, INSECURE, UNREACHABLE, Trouble
from mailgate.sending.trust import verified

# RFC 5321 4.5.3.2 gives a client minutes for every command, and ten for the final dot. Ours waits meanwhile, and has no
# more than those ten: so all of it, the line included, has one limit well below.
SMARTHOST_SECONDS: Final = 300.0
LINE_SECONDS: Final = 120.0  # of them may be spent in line; who waits longer would begin with too little time left
CONNECT_SECONDS: Final = 30.0  # name resolution and all addresses together
MAX_AT_ONCE: Final = 20  # hand-overs; the others wait in line


@implementer(ISmarthost)
class SmarthostClient:
    """Hands messages over to one smarthost, and tells what became of it."""

    def __init__(
        self,
        place: Smarthost,
        hostname: str,
        password: Callable[[], str],
        tls: IOpenSSLClientConnectionCreator,
        endpoint: IStreamClientEndpoint,
        clock: IReactorTime,
        bulletin: Bulletin,
        *,
        seconds: float = SMARTHOST_SECONDS,
        at_once: int = MAX_AT_ONCE,
    ) -> None:
        """`hostname` is our own, for EHLO. `password` is asked at each hand-over that logs in, so that a new one counts
        at once; it may raise OSError or ValueError. `seconds` is the limit for a hand-over, waiting in line included.
        """
        self._place = place
        self._hostname = hostname
        self._password = password
        self._tls = tls
        self._endpoint = endpoint
        self._clock = clock
        self._bulletin = bulletin
        self._seconds = seconds
        self._line = DeferredSemaphore(at_once)

    async def send(self, message: Message, paths: Sequence[Path]) -> Reply:
        """See `ISmarthost`. After the final dot is out it does not let itself be cancelled.

        If the connection breaks between the final dot and its answer, the client hears 451 and tries again, although
        the smarthost may have the message: a duplicate is possible (RFC 5321 6.1), a loss is not.
        """
        deadline = Deadline(self._clock, self._clock.seconds() + self._seconds)
        try:
            reply = await self._in_line(deadline, message, paths)
        except Trouble as trouble:
            self._tell_not_relayed(message, paths, trouble.reply, trouble.reason)
            raise Refused(trouble.reply) from trouble
        except Refused as refusal:
            self._tell_not_relayed(message, paths, refusal.reply, "")
            raise
        self._bulletin.tell(
            Relayed(message=message.id, smarthost=str(self._place), recipients=_names(paths), reply=str(reply))
        )
        return reply

    async def _in_line(self, deadline: Deadline, message: Message, paths: Sequence[Path]) -> Reply:
        try:
            await deadline.wait(self._line.acquire(), LINE_SECONDS)
        except TimeoutError:
            limit = self._line.limit
            raise Trouble(CONGESTED, f"{limit} hand-overs at once are the limit, and none of them ended") from None
        try:
            return await self._hand_over(deadline, message, paths)
        finally:
            self._line.release()

    async def _hand_over(self, deadline: Deadline, message: Message, paths: Sequence[Path]) -> Reply:
        password = self._read_password()
        channel = await self._connect(deadline)
        try:
            reply = await Dialogue(channel, self._place, self._hostname, password).hand_over(message, paths)
        except (Refused, Trouble):
            channel.quit()
            raise
        except BaseException:
            channel.abort()
            raise
        channel.quit()  # its answer says nothing that anybody would wait for
        return reply

    def _read_password(self) -> str:
        if not self._place.user:
            return ""
        try:
            return self._password()
        except (OSError, ValueError) as error:
            raise Trouble(INSECURE, f"the smarthost's password cannot be read: {error}") from error

    async def _connect(self, deadline: Deadline) -> Channel:
        channel = Channel(self._place.host, self._tls, deadline)
        try:
            await deadline.wait(self._endpoint.connect(_One(channel)), CONNECT_SECONDS)
        except ConnectingCancelledError:
            raise CancelledError from None  # what endpoints make of it
        except TimeoutError:
            raise Trouble(UNREACHABLE, "no connection in time") from None
        except (ConnectError, OSError, ValueError) as error:  # ValueError: a name that cannot be resolved at all
            raise Trouble(UNREACHABLE, f"no connection: {error}") from error
        return channel

    def _tell_not_relayed(self, message: Message, paths: Sequence[Path], reply: Reply, reason: str) -> None:
        self._bulletin.tell(
            NotRelayed(
                message=message.id,
                smarthost=str(self._place),
                recipients=_names(paths),
                reply=str(reply),
                reason=reason,
            )
        )


class _One(Factory):
    """Has one channel to give."""

    noisy = False  # two lines of the log for every message say nothing

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def buildProtocol(self, addr: IAddress | None) -> Channel:
        return self._channel


def smarthost_client(
    place: Smarthost,
    hostname: str,
    password_file: str,
    ca_file: str | None,
    reactor: Any,
    bulletin: Bulletin,
    seconds: float = SMARTHOST_SECONDS,
) -> SmarthostClient:
    """A client on the network. The password's file is read at each hand-over, the authorities' now.

    Raises OSError and ValueError for a `ca_file` that cannot be used.
    """
    return SmarthostClient(
        place,
        hostname,
        lambda: read_password(password_file),
        verified(place.host, ca_file),
        HostnameEndpoint(reactor, place.host, place.port, timeout=CONNECT_SECONDS),
        reactor,
        bulletin,
        seconds=seconds,
    )


def _names(paths: Sequence[Path]) -> tuple[str, ...]:
    return tuple(map(str, paths))
