"""What can be configured: frozen classes whose fields are the keys, and whose defaults are the defaults.

Every key is shown, with a sentence, in etc/mailgate.toml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal, NewType

from attrs import Factory, evolve, field, frozen

from mailgate.units import Octets, Seconds

Listener = NewType("Listener", str)  # a Twisted endpoint string

# Every key that has listeners, as section and key; what goes through all of them goes through this table.
LISTENERS: Final = (
    ("smtp", "listen"),
    ("submission", "listen"),
    ("submission", "listen_tls"),
    ("pop3", "listen"),
    ("pop3", "listen_tls"),
)

MAX_MESSAGE: Final = Octets(25 << 20)
MAX_RECIPIENTS: Final = 1000
SMTP_IDLE: Final = Seconds(300.0)  # RFC 5321 4.5.3.2.7
POP3_IDLE: Final = Seconds(600.0)  # RFC 1939 section 3
POP3_LOGIN: Final = Seconds(60.0)
SPOOL_MEMORY: Final = Octets(128 << 10)
HANDLER: Final = Seconds(30.0)
HANDLERS: Final = Seconds(60.0)
DRAIN: Final = Seconds(30.0)


@frozen(kw_only=True)
class TLS:
    """The certificate of all listeners; both files or neither."""

    certificate: str = ""  # the full chain, PEM
    key: str = ""

    @property
    def is_configured(self) -> bool:
        """Is there a certificate?"""
        return bool(self.certificate and self.key)


@frozen(kw_only=True)
class SMTP:
    """Mail from other servers."""

    listen: tuple[Listener, ...] = ()
    max_message: Octets = MAX_MESSAGE
    max_recipients: int = MAX_RECIPIENTS
    idle_timeout: Seconds = SMTP_IDLE


@frozen(kw_only=True)
class Submission:
    """Mail from our own users."""

    listen: tuple[Listener, ...] = ()
    listen_tls: tuple[Listener, ...] = ()
    allow_plaintext: bool = False
    max_message: Octets = MAX_MESSAGE
    max_recipients: int = MAX_RECIPIENTS
    idle_timeout: Seconds = SMTP_IDLE


@frozen(kw_only=True)
class POP3:
    """Mail to our own users."""

    listen: tuple[Listener, ...] = ()
    listen_tls: tuple[Listener, ...] = ()
    allow_plaintext: bool = False
    idle_timeout: Seconds = POP3_IDLE
    login_timeout: Seconds = POP3_LOGIN  # from the connection on, TLS included


@frozen(kw_only=True)
class Accounts:
    """Who has mail here."""

    directory: str = "domains"


@frozen(kw_only=True)
class Store:
    """Where mail is kept."""

    directory: str = "mail"
    memory: Octets = SPOOL_MEMORY  # a message larger than this is in a file while it arrives


@frozen(kw_only=True)
class Log:
    """What is told, and how."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warn", "error", "critical"] = "info"


@frozen(kw_only=True)
class Handler:
    """One step of the pipeline. Keys that are not here are `options`: keyword arguments of its factory."""

    use: str
    name: str = Factory(lambda self: self.use, takes_self=True)
    timeout: Seconds = HANDLER
    on_error: Literal["defer", "skip"] = "defer"
    options: Mapping[str, object] = field(factory=dict)


@frozen(kw_only=True)
class Config:
    """All of it. As `load` gives it, every path is absolute."""

    hostname: str = "localhost"
    state: str = "/var/lib/mailgate"
    drain: Seconds = DRAIN  # how long SIGTERM waits for sessions
    handlers_timeout: Seconds = HANDLERS  # of one message, all together
    tls: TLS = TLS()
    smtp: SMTP = SMTP()
    submission: Submission = Submission()
    pop3: POP3 = POP3()
    accounts: Accounts = Accounts()
    store: Store = Store()
    log: Log = Log()
    handler: tuple[Handler, ...] = ()

    def listeners(self) -> Iterator[tuple[str, Listener]]:
        """Every listener with the key under which it stands."""
        for section, door in LISTENERS:
            for listener in getattr(getattr(self, section), door):
                yield f"{section}.{door}", listener

    def map_listeners(self, change: Callable[[str, Listener], Listener]) -> Config:
        """The same with every listener as `change` gives it; it is told the key as well."""
        config = self
        for section, door in LISTENERS:
            table = getattr(config, section)
            changed = tuple(change(f"{section}.{door}", listener) for listener in getattr(table, door))
            config = evolve(config, **{section: evolve(table, **{door: changed})})
        return config
