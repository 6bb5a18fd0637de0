"""What can be configured: frozen classes whose fields are the keys, and whose defaults are the defaults.

Every key is shown, with a sentence, in etc/mailgate.toml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal, NewType

from attrs import Factory, evolve, field, frozen

from mailgate.limits.networks import Network
from mailgate.units import Octets, Seconds

Listener = NewType("Listener", str)  # a Twisted endpoint string

# Every key that has listeners, as section and key; what goes through all of them goes through this table.
LISTENERS: Final = (
    ("smtp", "listen"),
    ("submission", "listen"),
    ("submission", "listen_tls"),
    ("lmtp", "listen"),
    ("pop3", "listen"),
    ("pop3", "listen_tls"),
    ("http", "listen"),
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
SMARTHOST: Final = Seconds(300.0)  # less than the ten minutes that a client waits after its dot (RFC 5321 4.5.3.2.6)
GREETING: Final = Seconds(60.0)
SESSION: Final = Seconds(3600.0)
LINE: Final = Octets(1 << 20)  # RFC 5321 4.5.3.1.6 has 1,000, and real mail breaks it
CONTENT_MEMORY: Final = Octets(64 << 20)
CONNECTIONS: Final = 1000
CONNECTIONS_PER_CLIENT: Final = 30
CONNECTIONS_PER_MINUTE: Final = 120
RECIPIENTS_PER_MINUTE: Final = 1000
TRANSACTIONS: Final = 1000
ERRORS: Final = 20
REFUSED_RECIPIENTS: Final = 100
WRONG_PASSWORDS: Final = 10
UNKNOWN_USERS: Final = 10
IDLE_COMMANDS: Final = 100
HASH_MEMORY: Final = Octets(19 << 20)
HASH_PASSES: Final = 2
JOURNAL_DAYS: Final = 30
JOURNAL_SIZE: Final = Octets(256 << 20)
ANY_SIZE: Final = Octets(0)
MIN_FREE: Final = Octets(64 << 20)
NO_DELAY: Final = Seconds(0.0)
HOPS: Final = 100  # RFC 5321 6.3
EXEMPT: Final = (Network("127.0.0.0/8"), Network("::1/128"), Network("local"))


@frozen(kw_only=True)
class Pair:
    """A certificate and its key, for the names that stand in it."""

    certificate: str = ""  # the full chain, PEM
    key: str = ""


@frozen(kw_only=True)
class TLS:
    """The certificate of all listeners, both files or neither; and others, for clients that ask for their names."""

    certificate: str = ""  # the full chain, PEM
    key: str = ""
    also: tuple[Pair, ...] = ()

    @property
    def is_configured(self) -> bool:
        """Is there a certificate?"""
        return bool(self.certificate and self.key)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The files of all pairs, the main one first."""
        return tuple(
            (pair.certificate, pair.key) for pair in (Pair(certificate=self.certificate, key=self.key), *self.also)
        )


@frozen(kw_only=True)
class SMTP:
    """Mail from other servers."""

    listen: tuple[Listener, ...] = ()
    max_message: Octets = MAX_MESSAGE
    max_recipients: int = MAX_RECIPIENTS
    idle_timeout: Seconds = SMTP_IDLE
    proxies: tuple[Network, ...] = ()
    normalise_from: tuple[Network, ...] = ()


@frozen(kw_only=True)
class Submission:
    """Mail from our own users."""

    listen: tuple[Listener, ...] = ()
    listen_tls: tuple[Listener, ...] = ()
    allow_plaintext: bool = False
    max_message: Octets = MAX_MESSAGE
    max_recipients: int = MAX_RECIPIENTS
    idle_timeout: Seconds = SMTP_IDLE
    any_sender: bool = False
    smarthost: str = ""
    smarthost_password: str = ""  # a file
    smarthost_ca: str = ""  # a file
    smarthost_timeout: Seconds = SMARTHOST
    proxies: tuple[Network, ...] = ()


@frozen(kw_only=True)
class LMTP:
    """Mail from a server of our own (RFC 2033)."""

    listen: tuple[Listener, ...] = ()
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
    language: str = "en"  # what LANG * gives (RFC 6856 section 3.2)
    proxies: tuple[Network, ...] = ()


@frozen(kw_only=True)
class HTTP:
    """The HTTP API."""

    listen: tuple[Listener, ...] = ()
    token: str = ""  # a file


@frozen(kw_only=True)
class Testing:
    """What test suites are served with."""

    __test__ = False  # for those who look for tests by name

    faults: bool = False


@frozen(kw_only=True)
class Limits:
    """What strangers may take of us. Counts are per session unless their names say more; 0 is no limit for those."""

    connections: int = CONNECTIONS
    connections_per_client: int = CONNECTIONS_PER_CLIENT
    connections_per_minute: int = CONNECTIONS_PER_MINUTE
    recipients_per_minute: int = RECIPIENTS_PER_MINUTE
    exempt: tuple[Network, ...] = EXEMPT
    content_memory: Octets = CONTENT_MEMORY
    greeting_timeout: Seconds = GREETING
    session_timeout: Seconds = SESSION
    transactions: int = TRANSACTIONS
    errors: int = ERRORS
    refused_recipients: int = REFUSED_RECIPIENTS
    wrong_passwords: int = WRONG_PASSWORDS
    unknown_users: int = UNKNOWN_USERS
    idle_commands: int = IDLE_COMMANDS
    line: Octets = LINE
    hops: int = HOPS


@frozen(kw_only=True)
class Accounts:
    """Who has mail here."""

    directory: str = "domains"
    separators: str = "+"
    ignore_dots: tuple[str, ...] = ()
    hash_memory: Octets = HASH_MEMORY
    hash_passes: int = HASH_PASSES
    checkers: tuple[str, ...] = ()


@frozen(kw_only=True)
class Store:
    """Where mail is kept."""

    directory: str = "mail"
    memory: Octets = SPOOL_MEMORY  # a message larger than this is in a file while it arrives
    sync: Literal["auto", "syncfs", "fsync"] = "auto"
    min_free: Octets = MIN_FREE
    over_quota: Literal["defer", "refuse"] = "defer"


@frozen(kw_only=True)
class Maildrops:
    """What is decided for every maildrop whose domain and user say nothing else; 0: there is no such rule."""

    keep_days: int = 0
    keep_fetched_days: int = 0
    keep_messages: int = 0
    keep_octets: Octets = ANY_SIZE
    keep_min_days: int = 1
    dele: Literal["expunge", "trash"] = "expunge"
    removed_days: int = 0
    login_delay: Seconds = NO_DELAY
    quota: Octets = ANY_SIZE
    quota_messages: int = 0


@frozen(kw_only=True)
class Journal:
    """The life of every message, for `mailgate trace`; 0 days: none is kept."""

    keep_days: int = JOURNAL_DAYS
    max_size: Octets = JOURNAL_SIZE


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
    lmtp: LMTP = LMTP()
    pop3: POP3 = POP3()
    http: HTTP = HTTP()
    testing: Testing = Testing()
    accounts: Accounts = Accounts()
    store: Store = Store()
    maildrops: Maildrops = Maildrops()
    limits: Limits = Limits()
    journal: Journal = Journal()
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
