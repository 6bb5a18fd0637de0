"""What a configuration must be beyond its types: minima of the RFCs, keys that need each other, ports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from attrs import frozen

from mailgate.accounts.decisions import KEYS
from mailgate.accounts.passwords import MAX_ARGON2_MEMORY_KIB, MAX_ARGON2_PASSES
from mailgate.accounts.spelling import wrong_separators
from mailgate.config.listeners import clashes, on_loopback, parse_listener
from mailgate.config.model import LISTENERS, LMTP, POP3, Accounts, Config, Journal, Limits, Maildrops, Submission
from mailgate.pop3.language import LANGUAGES
from mailgate.sending.place import parse_smarthost
from mailgate.wire import address

MAX_HOSTNAME_OCTETS: Final = 200  # greetings and Received lines hold it and more, in 512 and 998 octets
MIN_MESSAGE_OCTETS: Final = 65_536  # RFC 5321 4.5.3.1.7
MIN_RECIPIENTS: Final = 100  # RFC 5321 4.5.3.1.8
MIN_LINE_OCTETS: Final = 1_000  # RFC 5321 4.5.3.1.6
MIN_HOPS: Final = 100  # RFC 5321 6.3
MIN_IDLE_COMMANDS: Final = 10
SMTP_PORT: Final = 25
MIN_SMTP_IDLE_SECONDS: Final = 300  # RFC 5321 4.5.3.2.7
MIN_POP3_IDLE_SECONDS: Final = 600  # RFC 1939 section 3
MIN_HASH_MEMORY: Final = 8 << 20
MAX_JOURNAL_DAYS: Final = 3_650
MIN_JOURNAL_SIZE: Final = 1 << 20


@frozen
class Breach:
    """A rule that is broken. `keys` are those it depends on, the one to blame first; if they are lists, does it depend
    on the `whole` of them?
    """

    keys: tuple[str, ...]
    what: str
    hint: str = ""
    whole: bool = False


def breaches(config: Config) -> Iterator[Breach]:
    """Every rule that `config` breaks."""
    yield from _hostname(config.hostname)
    yield from _paths(config)
    yield from _minima(config)
    yield from _handlers(config)
    yield from _addresses(config.accounts)
    yield from _limits(config.limits)
    yield from _maildrops(config.maildrops)
    yield from _language(config.pop3)
    yield from _lmtp(config.lmtp)
    yield from _smarthost(config.submission)
    yield from _tls(config)
    yield from _hashes(config.accounts)
    yield from _journal(config.journal)
    for name, section in (("submission", config.submission), ("pop3", config.pop3)):
        yield from _logins(name, section, config.tls.is_configured)
    for (key, listener), (other_key, other) in clashes(config.listeners()):
        yield Breach(
            (key, other_key), f"{listener} wants the same port as {other} of {other_key}", _dual(listener, other)
        )


def silence(config: Config) -> Iterator[Breach]:
    """The one rule for servers alone: something listens."""
    if not any(config.listeners()):
        yield Breach(
            tuple(f"{section}.{door}" for section, door in LISTENERS),
            "nothing listens, in no section",
            'such as listen = ["tcp:25"] in [smtp]',
            whole=True,
        )


def liberties(config: Config) -> Iterator[Breach]:
    """What development mode may do, and a server that others use may not."""
    for number, listener in enumerate(config.http.listen, 1):
        if on_loopback(listener) != listener:
            what = f"{listener}: others could reach it, and read everybody's mail by it"
            yield Breach((f"http.listen[{number}]",), what, 'put it on loopback: "tcp:8025:interface=127.0.0.1"')
    if config.http.listen and not config.http.token:
        keys = ("http.token", "http.listen")
        yield Breach(keys, "missing: who asks has to know it", "name a file that nobody else can read")
    if config.testing.faults:
        yield Breach(("testing.faults",), "failures on demand are for development mode alone", "take the line out")


def _hostname(name: str) -> Iterator[Breach]:
    # The name goes into greetings, EHLO and Received, where only ASCII may be (RFC 5321 4.1.2; RFC 5890 2.3.2.1).
    try:
        reason = "" if name.isascii() else "not ASCII"
        address.check_domain(name)
    except address.AddressError as error:
        reason = str(error)
    if not reason and len(name) > MAX_HOSTNAME_OCTETS:
        reason = f"longer than {MAX_HOSTNAME_OCTETS} octets"
    if reason:
        hint = 'expected such as "mx.example.org"; what is not ASCII is written as "xn--…"'
        yield Breach(("hostname",), f"{name[:80]!r}: {reason}", hint)


def _paths(config: Config) -> Iterator[Breach]:
    if not config.state:
        yield Breach(("state",), "the path is empty", 'write "." for the directory of the configuration')
    for key, path in (("accounts.directory", config.accounts.directory), ("store.directory", config.store.directory)):
        if not path:
            yield Breach((key,), "the path is empty", "leave the key out for its default")


def _addresses(accounts: Accounts) -> Iterator[Breach]:
    if wrong := wrong_separators(accounts.separators):
        yield Breach(("accounts.separators",), wrong)
    for number, domain in enumerate(accounts.ignore_dots, 1):
        try:
            address.check_domain(domain)
        except address.AddressError as error:
            yield Breach((f"accounts.ignore_dots[{number}]",), f"{domain[:80]!r}: {error}", 'such as "example.org"')


def _handlers(config: Config) -> Iterator[Breach]:
    for number, handler in enumerate(config.handler, 1):
        if not handler.use:
            yield Breach((f"handler[{number}].use",), "the name is empty", 'expected such as "loop-guard"')
        if not handler.timeout:
            yield Breach((f"handler[{number}].timeout",), "more than 0")


def _minima(config: Config) -> Iterator[Breach]:
    for name, section in (("smtp", config.smtp), ("submission", config.submission), ("lmtp", config.lmtp)):
        if section.max_message < MIN_MESSAGE_OCTETS:
            yield Breach((f"{name}.max_message",), "at least 64 KiB (RFC 5321 4.5.3.1.7)")
        if section.max_recipients < MIN_RECIPIENTS:
            yield Breach((f"{name}.max_recipients",), f"at least {MIN_RECIPIENTS} (RFC 5321 4.5.3.1.8)")
    for name, section in (("smtp", config.smtp), ("submission", config.submission)):
        if section.idle_timeout < MIN_SMTP_IDLE_SECONDS:
            yield Breach((f"{name}.idle_timeout",), "at least 5m (RFC 5321 4.5.3.2.7)")
    if config.pop3.idle_timeout < MIN_POP3_IDLE_SECONDS:
        yield Breach(("pop3.idle_timeout",), "at least 10m (RFC 1939 section 3)")
    for key, seconds in (
        ("handlers_timeout", config.handlers_timeout),
        ("submission.smarthost_timeout", config.submission.smarthost_timeout),
        ("lmtp.idle_timeout", config.lmtp.idle_timeout),
        ("pop3.login_timeout", config.pop3.login_timeout),
        ("limits.greeting_timeout", config.limits.greeting_timeout),
        ("limits.session_timeout", config.limits.session_timeout),
    ):
        if not seconds:
            yield Breach((key,), "more than 0")


def _hashes(accounts: Accounts) -> Iterator[Breach]:
    # What `accounts.passwords` verifies at most is what it may be told to make.
    if not MIN_HASH_MEMORY <= accounts.hash_memory <= MAX_ARGON2_MEMORY_KIB * 1024:
        yield Breach(("accounts.hash_memory",), "8 MiB to 1 GiB")
    if not 1 <= accounts.hash_passes <= MAX_ARGON2_PASSES:
        yield Breach(("accounts.hash_passes",), f"1 to {MAX_ARGON2_PASSES}")
    for number, checker in enumerate(accounts.checkers, 1):
        if re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", checker) is None:
            key = f"accounts.checkers[{number}]"
            yield Breach((key,), f"{checker[:60]!r} names no checker", 'such as "package.module:factory"')


def _journal(journal: Journal) -> Iterator[Breach]:
    if not 0 <= journal.keep_days <= MAX_JOURNAL_DAYS:
        yield Breach(("journal.keep_days",), f"0 to {MAX_JOURNAL_DAYS}")
    if journal.max_size < MIN_JOURNAL_SIZE:
        yield Breach(("journal.max_size",), "at least 1 MiB")


def _limits(limits: Limits) -> Iterator[Breach]:
    for name, least, why in (
        ("line", MIN_LINE_OCTETS, " (RFC 5321 4.5.3.1.6)"),
        ("hops", MIN_HOPS, " (RFC 5321 6.3)"),
        ("connections", 1, ""),
        ("transactions", 1, ""),
        ("errors", 1, ""),
        ("refused_recipients", 1, ""),
        ("wrong_passwords", 3, ": people mistype"),
        ("unknown_users", 3, ": people mistype"),
        ("idle_commands", MIN_IDLE_COMMANDS, ": clients say EHLO and RSET for good reasons"),
        ("connections_per_client", 0, ""),
        ("connections_per_minute", 0, ""),
        ("recipients_per_minute", 0, ""),
    ):
        if getattr(limits, name) < least:
            yield Breach((f"limits.{name}",), f"at least {least}{why}")


def _maildrops(maildrops: Maildrops) -> Iterator[Breach]:
    for key, parse in KEYS.items():
        try:
            parse(getattr(maildrops, key))
        except ValueError as error:
            yield Breach((f"maildrops.{key}",), str(error))
    if maildrops.dele == "trash" and maildrops.removed_days == 0:
        keys = ("maildrops.dele", "maildrops.removed_days")
        yield Breach(keys, "a trash that keeps nothing", "set maildrops.removed_days to 1 or more")


def _language(pop3: POP3) -> Iterator[Breach]:
    if pop3.language.lower() not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        yield Breach(("pop3.language",), f"{pop3.language[:40]!r} is no language that is there", f"known: {known}")


def _lmtp(lmtp: LMTP) -> Iterator[Breach]:
    for number, listener in enumerate(lmtp.listen, 1):
        place = parse_listener(listener)
        if place is not None and place.port == SMTP_PORT:
            what = f"{listener} is the port of SMTP, where LMTP must not be spoken (RFC 2033 section 5)"
            yield Breach((f"lmtp.listen[{number}]",), what, 'such as "tcp:24:interface=127.0.0.1"')


def _smarthost(submission: Submission) -> Iterator[Breach]:
    if not submission.smarthost:
        for key in ("smarthost_password", "smarthost_ca"):
            if getattr(submission, key):
                yield Breach((f"submission.{key}", "submission.smarthost"), "there is no smarthost")
        return
    try:
        place = parse_smarthost(submission.smarthost)
    except ValueError as error:
        yield Breach(("submission.smarthost",), str(error))
        return
    if place.user and not submission.smarthost_password:
        keys = ("submission.smarthost_password", "submission.smarthost")
        yield Breach(keys, f"missing: {place.user} needs a password", "name a file that nobody else can read")
    if submission.smarthost_password and not place.user:
        keys = ("submission.smarthost_password", "submission.smarthost")
        yield Breach(
            keys, "nobody needs it", 'the smarthost names no user, as in "smtp+starttls://user@relay.example.org"'
        )


def _tls(config: Config) -> Iterator[Breach]:
    for key, value, other_key, other in (
        ("tls.certificate", config.tls.certificate, "tls.key", config.tls.key),
        ("tls.key", config.tls.key, "tls.certificate", config.tls.certificate),
    ):
        if not value and other:
            yield Breach((key, other_key), "missing", f"{other_key} is there: both are needed, or neither")
    for number, pair in enumerate(config.tls.also, 1):
        for name, value in (("certificate", pair.certificate), ("key", pair.key)):
            if not value:
                yield Breach((f"tls.also[{number}].{name}",), "missing", "every pair has a certificate and a key")
    if config.tls.also and not config.tls.is_configured:
        keys = ("tls.certificate", "tls.also")
        yield Breach(keys, "missing", "clients that ask for no name, or another one, are shown this certificate")


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
