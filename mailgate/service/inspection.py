"""Would a gateway of this configuration come up, and if not, what is all that is wrong?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from attrs import evolve

from mailgate.accounts.finding import check_checker
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
from mailgate.tls import BadCertificate, Files, read_pair

FOR_OTHERS: Final = 0o077


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
        *_certificates(reading, config),
        *_checkers(reading, config),
        *_smarthost(reading, config, careful=build),
        *_http(reading, config, careful=build),
        *_handlers(reading, config, build),
    )


def _directories(reading: Reading, config: Config) -> Iterator[Fault]:
    for key, path in not_directories(config):
        yield Fault(reading.where(key), f"{path} is not a directory")
    for key, listener in config.listeners():
        if (fault := missing_directory(reading.where(key), listener)) is not None:
            yield fault


def _certificates(reading: Reading, config: Config) -> Iterator[Fault]:
    pairs = [("tls", config.tls.pairs[0])] if config.tls.certificate or config.tls.key else []
    pairs += [(f"tls.also[{number}]", pair) for number, pair in enumerate(config.tls.pairs[1:], 1)]
    for key, (certificate, private) in pairs:
        try:
            read_pair(Files(certificate, private))
        except BadCertificate as error:
            for fault in error.faults:
                if fault.where:  # that a file is not named at all has been said
                    yield _of_pair(reading, config, key, {certificate: "certificate", private: "key"}, fault)


def _of_pair(reading: Reading, config: Config, key: str, names: Mapping[str, str], fault: Fault) -> Fault:
    where = f"{key}.{names[fault.where]}" if len(names) == 2 else key
    astray = "" if os.path.lexists(fault.where) else f"relative paths belong to state, {config.state}"
    return Fault(reading.where(where), f"{fault.where} {fault.what}", fault.hint or astray)


def _checkers(reading: Reading, config: Config) -> Iterator[Fault]:
    for number, use in enumerate(config.accounts.checkers, 1):
        yield from check_checker(use, reading.where(f"accounts.checkers[{number}]"))


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


def _http(reading: Reading, config: Config, *, careful: bool) -> Iterator[Fault]:
    """`careful`: tell also that others can read the token."""
    if not config.http.listen:
        return
    if not has_http():
        yield Fault(reading.where("http.listen"), "its packages are not installed", "pip install 'mailgate[http]'")
    if config.http.token:
        try:
            read_token(config.http.token)
        except BadToken as error:
            yield Fault(reading.where("http.token"), str(error))
            return
        if careful and os.stat(config.http.token).st_mode & FOR_OTHERS:
            what = f"others can read {config.http.token}"
            yield Fault(reading.where("http.token"), what, f"chmod 600 {config.http.token}")


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
