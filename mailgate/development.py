"""Development mode: everything that `--dev` makes up, so that the gateway runs without a file of the user's.

A temporary directory for the mail, a certificate of its own, ports above 1024 on loopback, and the few lines that tell
a person what listens where and how to use it.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from attrs import evolve
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mailgate import __version__
from mailgate.config import LISTENERS, Config, ConfigError, Listener, Reading, check, on_loopback
from mailgate.faults import Fault
from mailgate.service import Listening, has_http

DEFAULTS: Final[Mapping[str, Any]] = {
    "hostname": "localhost",
    "smtp": {"listen": ["tcp:2525"]},
    "store": {"min_free": 0},  # nobody minds a full disk here, and a test's may be tiny
    "submission": {"listen": ["tcp:2587"], "allow_plaintext": True},
    "pop3": {"listen": ["tcp:2110"], "listen_tls": ["tcp:2995"], "allow_plaintext": True},
    "testing": {"faults": True},
}
HTTP: Final[Mapping[str, Any]] = {"http": {"listen": ["tcp:8025"]}}  # where its packages are installed
FOR_TESTS: Final = ("drain=1s",)  # a test run has no patience at its end
LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "smtp.listen": ("SMTP", "STARTTLS"),
    "submission.listen": ("submission", "STARTTLS, any user and password"),
    "submission.listen_tls": ("submissions", "TLS, any user and password"),
    "lmtp.listen": ("LMTP", "for a mail server of your own"),
    "pop3.listen": ("POP3", "STLS, any user and password"),
    "pop3.listen_tls": ("POP3S", "TLS, any user and password"),
    "http.listen": ("HTTP", "what arrived, waits, faults: docs/testing.md"),
}
CERTIFICATE_DAYS: Final = 30
_NAMES: Final = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
)


def free_ports() -> tuple[str, ...]:
    """Overrides that give every listener there can be a port which nobody else has."""
    return tuple(f"{section}.{door}=tcp:0" for section, door in LISTENERS if section != "http" or has_http())


class Development:
    """One run in development mode: its directory and its configuration."""

    def __init__(self, *, keep: bool, directory: str | None = None) -> None:
        """`keep`: does the directory stay after the run? One that is given always does. Raises OSError."""
        if directory is not None:
            os.makedirs(directory, mode=0o700, exist_ok=True)
        self.directory = tempfile.mkdtemp(prefix="mailgate-") if directory is None else os.path.abspath(directory)
        self._keep = keep or directory is not None
        self._is_new = directory is None
        self._mail = ""

    def read(self, path: str | None, overrides: Sequence[str], *, beyond_loopback: bool = False) -> Reading:
        """The configuration of this run: the file at `path`, if any, over the defaults, and `overrides` over both.

        A listener without an interface is put on loopback, unless `beyond_loopback` says that others may come; then one
        that others could reach is a fault.
        """
        certificate, key = write_certificate(self.directory)
        made_up = {**DEFAULTS, **(HTTP if has_http() else {}), "state": self.directory}
        made_up["tls"] = {"certificate": certificate, "key": key}
        reading = check(path, overrides, made_up, development=True)
        if reading.config is None:
            return reading
        self._mail = reading.config.store.directory
        if self._is_ours(self._mail):
            os.makedirs(self._mail, 0o700, exist_ok=True)  # so that it can be looked into before mail comes
        return reading if beyond_loopback else _on_loopback(reading, reading.config)

    def configure(self, path: str | None, overrides: Sequence[str]) -> Config:
        """The same for who has no use for what is wrong but to tell it. Raises `ConfigError`."""
        reading = self.read(path, overrides)
        if reading.config is None or reading.faults:
            raise ConfigError(reading.faults)
        return reading.config

    def configure_for_tests(self, path: str | None, overrides: Sequence[str]) -> Config:
        """The same for a test run: every kind of listener, on free ports. Raises `ConfigError`."""
        return self.configure(path, (*free_ports(), *FOR_TESTS, *overrides))

    def end(self) -> None:
        """The run is over: remove the directory, unless it is to be kept."""
        if not self._keep:
            self.abandon()

    def abandon(self) -> None:
        """There was no run: remove the directory, if it was made for it."""
        if self._is_new:
            shutil.rmtree(self.directory, ignore_errors=True)

    def banner(self, listening: Iterable[Listening], *, colour: bool = False) -> str:
        """What listens where, how to send and fetch, how to stop: for a person, to copy from."""
        ports = list(listening)
        bold, dim, plain = ("\x1b[1m", "\x1b[2m", "\x1b[0m") if colour else ("", "", "")
        lines = [f"{bold}mailgate {__version__}{plain}, development mode: any recipient, any password", ""]
        for port in ports:
            label, detail = LABELS[port.key]
            lines.append(f"  {bold}{label:<12}{plain}{port.place:<20}  {dim}{detail}{plain}")
        lines.append(f"  {bold}{'mail':<12}{plain}{self._mail}{self._fate()}")
        for heading, commands in _recipes(ports):
            lines += ["", f"{bold}{heading}{plain}", *(f"  {command}" for command in commands)]
        return "\n".join([*lines, "", f"{bold}Stop{plain}  Ctrl-C", ""])

    def _is_ours(self, path: str) -> bool:
        return os.path.dirname(path) == self.directory

    def _fate(self) -> str:
        if not self._is_ours(self._mail):
            return ""
        return "  (kept after exit)" if self._keep else "  (removed at exit)"


def _recipes(ports: Sequence[Listening]) -> Iterable[tuple[str, Sequence[str]]]:
    smtp = next((port for port in ports if port.key == "smtp.listen" and port.port), None)
    pop3 = next((port for port in ports if port.key == "pop3.listen" and port.port), None)
    if smtp is not None:
        yield (
            "Send a message",
            (
                f"printf 'Subject: Hello\\r\\n\\r\\nIt works.\\r\\n' | curl -sS smtp://{smtp.place} "
                "--mail-from me@example.test --mail-rcpt alice@example.test -T -",
                f"python3 -c \"import smtplib; smtplib.SMTP('{smtp.host}', {smtp.port}).sendmail("
                "'me@example.test', 'alice@example.test', 'Subject: Hello\\n\\nIt works.')\"",
            ),
        )
    if pop3 is not None:
        yield (
            "Fetch it",
            (
                f"curl -sS --user alice@example.test:any pop3://{pop3.place}/1",
                f"python3 -c \"import poplib; p = poplib.POP3('{pop3.host}', {pop3.port}); "
                "p.user('alice@example.test'); p.pass_('any'); print(b'\\n'.join(p.retr(1)[1]).decode())\"",
            ),
        )


def _on_loopback(reading: Reading, config: Config) -> Reading:
    exposed: list[Fault] = []

    def closed(key: str, listener: Listener) -> Listener:
        safe = on_loopback(listener)
        if safe is None:
            what = "development mode takes any password and any recipient, so it listens on loopback only"
            hint = "if others shall reach it, say --beyond-loopback"
            exposed.append(Fault(f"{key} = {listener!r}", what, hint))
        return Listener(safe or listener)

    config = config.map_listeners(closed)
    return evolve(reading, config=config, faults=(*reading.faults, *exposed))


def write_certificate(directory: str) -> tuple[str, str]:
    """Make a self-signed certificate for localhost, unless there is one from before; give the paths of certificate and
    key. Raises OSError.
    """
    certificate_file = os.path.join(directory, "cert.pem")
    key_file = os.path.join(directory, "key.pem")
    if not _is_of_use(certificate_file):
        _make_certificate(certificate_file, key_file)
    return certificate_file, key_file


def _is_of_use(certificate_file: str) -> bool:
    try:
        with open(certificate_file, "rb") as stream:
            certificate = x509.load_pem_x509_certificate(stream.read())
    except FileNotFoundError:
        return False
    return certificate.not_valid_after_utc > datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)


def _make_certificate(certificate_file: str, key_file: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mailgate development")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=CERTIFICATE_DAYS))
        .add_extension(x509.SubjectAlternativeName(_NAMES), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_private(certificate_file, certificate.public_bytes(serialization.Encoding.PEM))
    _write_private(
        key_file,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def _write_private(file: str, content: bytes) -> None:
    with suppress(FileNotFoundError):
        os.unlink(file)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
