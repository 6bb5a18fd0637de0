"""Runs what `mailgate dev` asks for: makes the gateway up, tells who waits for it, clears up."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterable
from typing import Any, Final

import click
from attrs import frozen

from mailgate.cli.ready_file import ReadyFile
from mailgate.config import Config
from mailgate.development import Development, free_ports
from mailgate.faults import Fault
from mailgate.foreground import serve
from mailgate.service import CannotStart, Gateway, has_http, inspect

ENDED: Final = 0
NOT_STARTED: Final = 1
DRAIN: Final = "drain=1s"  # whoever ends this does not want to wait
NO_HTTP: Final = "no HTTP API, for its packages are not installed: pip install 'mailgate[http]'"
_IN_USE: Final = os.strerror(errno.EADDRINUSE)


@frozen(kw_only=True)
class Order:
    """What was asked for, option by option."""

    port: int | None = None
    as_json: bool = False
    ready_file: str | None = None
    stdin_closes: bool = False
    config: str | None = None
    overrides: tuple[str, ...] = ()
    keep: bool = False
    beyond_loopback: bool = False
    verbose: bool = False

    def settings(self) -> tuple[str, ...]:
        """All that lies over the configuration file; what was set by hand wins."""
        return (*_ports(self.port), f"log.level={'debug' if self.verbose else 'warn'}", DRAIN, *self.overrides)


def run(order: Order) -> int:
    """Serve until somebody ends it; give the exit status."""
    try:
        ready_file = None if order.ready_file is None else ReadyFile(order.ready_file)
        development = Development(keep=order.keep)
    except OSError as error:
        return _fail([f"{error.filename}: {error.strerror}"])
    try:
        return _run(order, development, ready_file)
    finally:
        if ready_file is not None:
            ready_file.remove()


def _run(order: Order, development: Development, ready_file: ReadyFile | None) -> int:
    reading = development.read(order.config, order.settings(), beyond_loopback=order.beyond_loopback)
    faults = inspect(reading, build=False)
    if reading.config is None or faults:
        development.abandon()
        return _fail(map(str, faults))
    announcement = Announcement(order, development, ready_file)
    try:
        _serve(reading.config, announcement, order)
    except CannotStart as error:
        development.abandon()
        return _fail(map(_said, error.faults))
    finally:
        development.end()
    return _fail([announcement.trouble]) if announcement.trouble else ENDED


def _serve(config: Config, announcement: Announcement, order: Order) -> None:
    if not has_http():
        _complain(NO_HTTP)
    serve(config, announcement, until_input_ends=order.stdin_closes)


class Announcement:
    """Tells that the gateway is ready; ends it if there is nobody to be told."""

    def __init__(self, order: Order, development: Development, ready_file: ReadyFile | None) -> None:
        self.trouble = ""
        self._order = order
        self._development = development
        self._ready_file = ready_file

    def __call__(self, gateway: Gateway) -> None:
        try:
            if self._ready_file is not None:
                self._ready_file.write(gateway.places)
            click.echo(self._words(gateway), nl=self._order.as_json)
        except OSError as error:
            self.trouble = f"{error.filename or 'standard output'}: {error.strerror}"
            _stop()
            if error.filename is None:
                _forget_standard_output()

    def _words(self, gateway: Gateway) -> str:
        if self._order.as_json:
            return json.dumps(gateway.places)
        return self._development.banner(gateway.listening, colour=sys.stdout.isatty())


def _ports(port: int | None) -> tuple[str, ...]:
    if port is None:
        return ()
    if port:
        return (f"smtp.listen=tcp:{port}",)
    return free_ports()


def _said(fault: Fault) -> str:
    return f"{fault}; --port 0 takes free ports for everything" if fault.what == _IN_USE else str(fault)


def _fail(faults: Iterable[str]) -> int:
    for fault in dict.fromkeys(faults):
        _complain(fault)
    return NOT_STARTED


def _complain(what: str) -> None:
    click.echo(f"mailgate: {what}", err=True)


def _forget_standard_output() -> None:
    """Nobody reads it, or its disk is full: Python shall not fail once more when it writes the rest of it at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _stop() -> None:
    from twisted.internet import reactor

    running: Any = reactor
    running.stop()
