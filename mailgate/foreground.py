"""A gateway for tests in the foreground of this process, until a signal comes or nobody wants it any more.

For programs that start one: no twistd, no pid file; the ports are told when it is ready.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import globalLogBeginner

from mailgate.config import Config
from mailgate.log import observer
from mailgate.service import Gateway

# How many objects may come, and not go, before garbage is looked for. The usual 700 are those of a few sessions.
GARBAGE: Final = 10_000
_STANDARD_INPUT: Final = 0
_BLOCK_OCTETS: Final = 65_536


def serve(config: Config, ready: Callable[[Gateway], None], *, until_input_ends: bool = False) -> None:
    """Run a gateway for anyone, and return when it has come to its end. Raises `CannotStart`.

    `ready` is told when it answers. It ends with SIGINT or SIGTERM, and, `until_input_ends`, when standard input does:
    so it never outlives who has the other end of that pipe, however that one ends.
    """
    from twisted.internet import reactor

    lines = observer(sys.stderr, config.log.format, config.log.level)
    globalLogBeginner.beginLoggingTo([lines], redirectStandardIO=False)
    running: Any = reactor
    gateway = Gateway(config, running, open_to_anyone=True)
    gateway.privilegedStartService()
    gateway.startService()
    running.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(_stop(gateway, running)))
    running.callWhenRunning(ready, gateway)
    running.callWhenRunning(settle)  # who reads that it is ready needs a moment, too
    if until_input_ends:
        Thread(target=_await_end_of_input, args=(running,), name="mailgate-input", daemon=True).start()
    on_hangup(running, running.stop)  # the terminal has gone
    running.run()


def settle() -> None:
    """What is here now stays: searching it for garbage again and again would hold up mail for some 10 ms each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    gc.enable()


def on_hangup(reactor: Any, act: Callable[[], None]) -> None:
    """From now on SIGHUP makes the reactor call `act`."""
    signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(act))


@contextmanager
def on_signal(reactor: Any, act: Callable[[], None]) -> Iterator[None]:
    """While in here, SIGINT and SIGTERM make the reactor call `act`."""

    def handle(*_: object) -> None:
        reactor.callFromThread(act)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _stop(gateway: Gateway, reactor: Any) -> None:
    with on_signal(reactor, gateway.cut):  # a second signal: do not wait any longer
        await gateway.stopService()


def _await_end_of_input(reactor: Any) -> None:
    # In a thread: whatever standard input is, a pipe, a terminal or a file, this is the one way that suits it.
    with suppress(OSError):  # one that cannot be read, or is closed already, has come to its end
        os.set_blocking(_STANDARD_INPUT, True)
        while os.read(_STANDARD_INPUT, _BLOCK_OCTETS):
            pass
    reactor.callFromThread(reactor.stop)
