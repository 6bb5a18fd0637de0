"""Would a gateway of this configuration come up, and if not, what is all that is wrong?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from attrs import evolve

from mailgate.config import Config, Reading, not_directories
from mailgate.faults import Fault
from mailgate.handlers.finding import BadHandler, check_handler, make_handler
from mailgate.sending.inspection import inspect_smarthost
from mailgate.sending.login import read_password
from mailgate.sending.place import parse_smarthost
from mailgate.sending.trust import verified
from mailgate.service.desk import has_http
from mailgate.service.sockets import missing_directory
from mailgate.service.token import BadToken, read_token
from mailgate.tls import BadCertificate, ServerCertificate


def inspect(reading: Reading, *, build: bool) -> tuple[Fault, ...]:
    """Every fault: those of `reading`, and those of what it leads to, as far as it was understood: directories,
    certificate, handlers. Opens no port, writes nothing.

    `build`: also make the handlers, and drop them; what they open is theirs to answer for. Without it, it shows
    only when the gateway makes them whether they take the values of their settings.
    """
    config = reading.config
    if config is None:
        return reading.faults
    if not reading.is_sure("state"):  # all paths may belong to it
        return (*reading.faults, *_handlers(reading, config, build))
    return (
        *reading.faults,
        *_directories(reading, config),
        *_certificate(reading, config),
        *_smarthost(reading, config, careful=build),
        *_http(reading, config),
        *_handlers(reading, config, build),
    )


def _directories(reading: Reading, config: Config) -> Iterator[Fault]:
    for key, path in not_directories(config):
        yield Fault(reading.where(key), f"{path} is not a directory")
    for key, listener in config.listeners():
        if (fault := missing_directory(reading.where(key), listener)) is not None:
            yield fault


def _certificate(reading: Reading, config: Config) -> Iterator[Fault]:
    keys = {config.tls.certificate: "tls.certificate", config.tls.key: "tls.key"}
    if keys.keys() == {""}:
        return
    try:
        ServerCertificate(config.tls.certificate, config.tls.key).load()
    except BadCertificate as error:
        for fault in error.faults:
            if fault.where:  # that a file is not named at all has been said
                key = keys[fault.where] if len(keys) == 2 else "tls"
                astray = "" if os.path.lexists(fault.where) else f"relative paths belong to state, {config.state}"
                yield Fault(reading.where(key), f"{fault.where} {fault.what}", fault.hint or astray)


def _smarthost(reading: Reading, config: Config, *, careful: bool) -> Iterator[Fault]:
    """`careful`: tell also what does not keep it from working, such as a password that others can read."""
    section = config.submission
    if not section.smarthost or not reading.is_sure("submission.smarthost"):
        return
    try:
        place = parse_smarthost(section.smarthost)
    except ValueError:
        return  # which has been told
    if careful:
        for fault in inspect_smarthost(place, config.hostname, section.smarthost_password):
            yield evolve(fault, where=reading.where(f"submission.{fault.where}"))
    if place.user and (password := section.smarthost_password):
        yield from _readable(reading, "submission.smarthost_password", lambda: read_password(password))
    if section.smarthost_ca:
        yield from _readable(reading, "submission.smarthost_ca", lambda: verified(place.host, section.smarthost_ca))


def _http(reading: Reading, config: Config) -> Iterator[Fault]:
    if not config.http.listen:
        return
    if not has_http():
        yield Fault(reading.where("http.listen"), "klein is not installed", "pip install 'mailgate[http]'")
    if config.http.token:
        try:
            read_token(config.http.token)
        except BadToken as error:
            yield Fault(reading.where("http.token"), str(error))


def _readable(reading: Reading, key: str, read: Callable[[], object]) -> Iterator[Fault]:
    try:
        read()
    except OSError as error:
        yield Fault(reading.where(key), f"{error.filename} cannot be read: {error.strerror}")
    except ValueError as error:
        yield Fault(reading.where(key), str(error))


def _handlers(reading: Reading, config: Config, build: bool) -> Iterator[Fault]:
    for number, entry in enumerate(config.handler, 1):
        where = reading.where(f"handler[{number}]")
        if not entry.use:
            continue  # it was not understood, or says no name, which has been told
        if not build:
            yield from check_handler(entry.use, entry.options, where)
            continue
        try:
            make_handler(entry.use, entry.options, where)
        except BadHandler as error:
            yield from error.faults
