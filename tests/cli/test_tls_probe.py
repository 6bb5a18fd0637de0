"""The client that looks at certificates, against servers of the standard library at the other end of a socket pair."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from cryptography import x509

from mailgate.cli.tls_probe import LINE_OCTETS, NobodyThere, NoTLS, probe
from mailgate.cli.tls_reaching import Dialogue, Door
from tests.tls.support import DAY, KEY, OTHER_KEY, certificate, pem

Script = Sequence[bytes]  # what the server says; a line in between is what it wants to hear
SMTP: Script = (b"220-a\r\n220 b\r\n", b"EHLO", b"250-a\r\n250 STARTTLS\r\n", b"STARTTLS", b"220 go\r\n")
LMTP: Script = (b"220 b\r\n", b"LHLO", b"250 STARTTLS\r\n", b"STARTTLS", b"220 go\r\n")
POP3: Script = (b"+OK\r\n", b"STLS", b"+OK\r\n")


class Host:
    """A server whose certificate an authority of ours has signed; each connection is a socket pair and a thread."""

    def __init__(self, directory: Path) -> None:
        now = time.time()
        chain, key = directory / "chain.pem", directory / "key.pem"
        signed = certificate("mx.test", KEY, "ca", OTHER_KEY, dns=["mx.test"], begins=now - DAY, ends=now + DAY)
        chain.write_bytes(signed)
        key.write_bytes(pem())
        self.authority = directory / "ca.pem"
        self.authority.write_bytes(certificate("ca", OTHER_KEY, begins=now - DAY, ends=now + DAY, authority=True))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(chain, key)
        self.context.sni_callback = lambda _, name, __: self.asked.append(name)
        self.asked: list[str | None] = []
        self.heard: list[bytes] = []
        self.threads: list[threading.Thread] = []
        self.script: Script = ()
        self.tls = True

    def connect(self, _: Door) -> socket.socket:
        here, there = socket.socketpair()
        here.settimeout(10)
        there.settimeout(10)
        thread = threading.Thread(target=self._serve, args=(there,))
        self.threads.append(thread)
        thread.start()
        return here

    def _serve(self, there: socket.socket) -> None:
        with contextlib.suppress(OSError), there:
            for number, line in enumerate(self.script):
                if number % 2 == 0:
                    there.sendall(line)
                else:
                    self.heard.append(_line(there))
                    assert self.heard[-1].startswith(line)
            if not self.tls:
                return
            with self.context.wrap_socket(there, server_side=True) as secured:
                if not self.script:
                    secured.sendall(b"+OK\r\n")
                self.heard.append(_line(secured))
                secured.sendall(b"+OK\r\n")

    def join(self) -> None:
        for thread in self.threads:
            thread.join(10)


def _line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n") and (octet := connection.recv(1)):
        line += octet
    return line


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    host = Host(tmp_path)
    yield host
    host.join()


def door(dialogue: Dialogue, is_proxy: Callable[[str], bool] = lambda _: False) -> Door:
    return Door("key", "192.0.2.1", 25, dialogue, is_proxy)


@pytest.mark.parametrize(("dialogue", "script"), [("tls", ()), ("smtp", SMTP), ("lmtp", LMTP), ("pop3", POP3)])
def test_each_way_to_begin(host: Host, dialogue: Dialogue, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(host.authority))
    host.script = script
    served = probe(door(dialogue), "mx.test", host.connect)
    host.join()
    assert x509.load_der_x509_certificate(served.certificate).subject.rfc4514_string() == "CN=mx.test"
    assert (served.protocol, served.distrust, host.asked) == ("TLSv1.3", "", ["mx.test"])
    assert served.cipher.startswith("TLS_") and host.heard[-1] == b"QUIT\r\n"
    assert len(host.threads) == 1


def test_who_is_not_trusted_is_asked_once_more(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    served = probe(door("tls"), "mx.test", host.connect)
    assert (served.distrust, len(host.threads), len(served.certificate) > 100) == (
        "unable to get local issuer certificate", 2, True,
    )  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(host.authority))
    assert "Hostname mismatch" in probe(door("tls"), "other.test", host.connect).distrust


def test_without_a_name(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(host.authority))
    assert probe(door("tls"), "", host.connect).distrust == ""
    assert host.asked == [None]


def test_behind_a_proxy_it_says_that_it_speaks_for_itself(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(host.authority))
    host.script = (b"", b"PROXY UNKNOWN\r\n", *POP3)
    probe(door("pop3", lambda client: client == "local"), "", host.connect)
    assert host.heard[0] == b"PROXY UNKNOWN\r\n"


@pytest.mark.parametrize(
    ("dialogue", "script", "said"),
    [
        ("smtp", (b"421 later\r\n",), "it said '421 later'"),
        ("smtp", (), "it closed the connection"),
        ("smtp", (b"220 hi\r\n", b"EHLO", b"250 hi\r\n", b"STARTTLS", b"502 no\r\n"), "it said '502 no'"),
        ("pop3", (b"-ERR\r\n",), "it said '-ERR'"),
        ("pop3", (b"x" * (LINE_OCTETS + 1),), "lines without end"),
    ],
)
def test_who_does_not_begin(host: Host, dialogue: Dialogue, script: Script, said: str) -> None:
    host.script, host.tls = script, False
    with pytest.raises(NoTLS, match=said):
        probe(door(dialogue), "", host.connect)


def test_nobody() -> None:
    def refuse(_: Door) -> socket.socket:
        raise ConnectionRefusedError(111, "Connection refused")

    with pytest.raises(NobodyThere, match="Connection refused"):
        probe(door("tls"), "", refuse)
