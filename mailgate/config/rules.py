"""What a configuration must be beyond its types: minima of the RFCs, keys that need each other, ports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import frozen

from mailgate.config.listeners import clashes
from mailgate.config.model import POP3, Config, Submission
from mailgate.wire import address

MIN_MESSAGE_OCTETS: Final = 65_536  # RFC 5321 4.5.3.1.7
MIN_RECIPIENTS: Final = 100  # RFC 5321 4.5.3.1.8
MIN_POP3_IDLE_SECONDS: Final = 600  # RFC 1939 section 3


@frozen
class Breach:
    """A rule that is broken. `keys` are those it depends on, the one to blame first."""

    keys: tuple[str, ...]
    what: str
    hint: str = ""


def breaches(config: Config) -> Iterator[Breach]:
    """Every rule that `config` breaks."""
    yield from _hostname(config)
    yield from _minima(config)
    yield from _tls(config)
    for name, section in (("submission", config.submission), ("pop3", config.pop3)):
        yield from _logins(name, section, config.tls.is_configured)
    for (key, listener), (other_key, other) in clashes(config.listeners()):
        yield Breach(
            (key, other_key), f"{listener} wants the same port as {other} of {other_key}", _dual(listener, other)
        )


def _hostname(config: Config) -> Iterator[Breach]:
    try:
        address.check_domain(config.hostname)
    except address.AddressError as error:
        yield Breach(("hostname",), f"{config.hostname!r}: {error}", 'expected such as "mx.example.org"')
    if not config.state:
        yield Breach(("state",), "the path is empty", 'write "." for the directory of the configuration')


def _minima(config: Config) -> Iterator[Breach]:
    for name, section in (("smtp", config.smtp), ("submission", config.submission)):
        if section.max_message < MIN_MESSAGE_OCTETS:
            yield Breach((f"{name}.max_message",), "at least 64 KiB (RFC 5321 4.5.3.1.7)")
        if section.max_recipients < MIN_RECIPIENTS:
            yield Breach((f"{name}.max_recipients",), f"at least {MIN_RECIPIENTS} (RFC 5321 4.5.3.1.8)")
    if config.pop3.idle_timeout < MIN_POP3_IDLE_SECONDS:
        yield Breach(("pop3.idle_timeout",), "at least 10m (RFC 1939 section 3)")
    for key, seconds in (
        ("handlers_timeout", config.handlers_timeout),
        ("smtp.idle_timeout", config.smtp.idle_timeout),
        ("submission.idle_timeout", config.submission.idle_timeout),
        ("pop3.login_timeout", config.pop3.login_timeout),
        *((f"handler[{number}].timeout", handler.timeout) for number, handler in enumerate(config.handler)),
    ):
        if not seconds:
            yield Breach((key,), "more than 0")


def _tls(config: Config) -> Iterator[Breach]:
    for key, value, other_key, other in (
        ("tls.certificate", config.tls.certificate, "tls.key", config.tls.key),
        ("tls.key", config.tls.key, "tls.certificate", config.tls.certificate),
    ):
        if not value and other:
            yield Breach((key, other_key), "missing", f"{other_key} is there: both are needed, or neither")


def _logins(name: str, section: Submission | POP3, has_tls: bool) -> Iterator[Breach]:
    if has_tls:
        return
    if section.listen_tls:
        yield Breach((f"{name}.listen_tls", "tls"), "needs a certificate", "set certificate and key in [tls]")
    if section.listen and not section.allow_plaintext:
        hint = f"set certificate and key in [tls], or {name}.allow_plaintext = true where nobody can listen in"
        yield Breach((f"{name}.listen", f"{name}.allow_plaintext", "tls"), "nobody could log in without TLS", hint)


def _dual(one: str, other: str) -> str:
    return "tcp6: takes IPv4 too, leave out tcp:" if one.startswith("tcp6:") != other.startswith("tcp6:") else ""
