"""Tells systemd how the service is, by the protocol of sd_notify(3): lines of NAME=value in a datagram.

Without systemd (no NOTIFY_SOCKET) nothing is told, and nothing costs anything. What systemd does not take is written
to the log once: no mail is to wait for it.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, MutableMapping
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

SOCKET: Final = "NOTIFY_SOCKET"
WATCHDOG: Final = "WATCHDOG_USEC"
WATCHDOG_PID: Final = "WATCHDOG_PID"
STATUS_SECONDS: Final = 60.0  # how often `systemctl status` has something new to show
# In what part of the watchdog's time a sign of life is given: sd_watchdog_enabled(3) advises a half, and a reactor
# that is busy may be late.
WATCHDOG_PART: Final = 3
MARGIN_SECONDS: Final = 10.0  # for commits and threads, after the last session
_MICROSECONDS: Final = 1_000_000

log = Logger(namespace="mailgate.service")

Send = Callable[[str, bytes], None]  # to a socket's address: raises OSError


def send_datagram(address: str, content: bytes) -> None:
    """To a UNIX socket; "@" in front is one of Linux's names without a file. Never waits. Raises OSError."""
    place = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.sendto(content, place)


class Notifier:
    """Begins with `ready`, ends with `stopping`. The order is systemd's: ready, any number of reloads, stopping."""

    def __init__(
        self,
        environment: MutableMapping[str, str],
        clock: IReactorTime,
        status: Callable[[], str],
        send: Send = send_datagram,
        pid: Callable[[], int] = os.getpid,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Takes its variables out of `environment`: no program that we start is to speak in our name. `status` gives
        a line about how it is, for people.
        """
        self._address = environment.pop(SOCKET, "")
        self._watchdog_seconds = _seconds(environment.pop(WATCHDOG, ""))
        self._watched = environment.pop(WATCHDOG_PID, "")
        self._status = status
        self._send = send
        self._pid = pid
        self._monotonic = monotonic
        self._failed = False
        self._telling = LoopingCall(self._tell_status)
        self._living = LoopingCall(self._tell, "WATCHDOG=1")
        self._telling.clock = self._living.clock = clock

    def ready(self) -> None:
        """Clients are answered from now on, or again after `reloading`."""
        if not self._address:
            return
        self._tell("READY=1", self._status_line())
        if not self._telling.running:
            self._telling.start(STATUS_SECONDS, now=False)
        # Who else has the variable may have inherited it (sd_watchdog_enabled(3)).
        if self._watchdog_seconds and self._watched in ("", str(self._pid())) and not self._living.running:
            self._living.start(self._watchdog_seconds / WATCHDOG_PART)

    def reloading(self) -> None:
        """The configuration is read again; `ready` follows, whatever came of it."""
        # The time is for Type=notify-reload: it tells this reload from those before.
        now = int(self._monotonic() * _MICROSECONDS)
        self._tell("RELOADING=1", f"MONOTONIC_USEC={now}", "STATUS=Reading the configuration again.")

    def stopping(self, seconds: float) -> None:
        """It stops, and may take `seconds` and a little: systemd is not to kill it before. Signs of life go on."""
        if self._telling.running:
            self._telling.stop()
        microseconds = int((seconds + MARGIN_SECONDS) * _MICROSECONDS)
        self._tell("STOPPING=1", f"EXTEND_TIMEOUT_USEC={microseconds}", "STATUS=Ending sessions.")

    def stopped(self) -> None:
        """All is over."""
        for call in (self._telling, self._living):
            if call.running:
                call.stop()

    def _tell_status(self) -> None:
        self._tell(self._status_line())

    def _status_line(self) -> str:
        return "STATUS=" + " ".join(self._status().split())

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            self._send(self._address, "\n".join(lines).encode())
        except OSError as error:
            if not self._failed:
                self._failed = True
                log.warn("systemd cannot be told at {address}: {error}", address=self._address, error=error)


def _seconds(microseconds: str) -> float:
    """0 for what is no time."""
    return int(microseconds) / _MICROSECONDS if microseconds.isascii() and microseconds.isdigit() else 0.0
