"""Which certificate a client is shown, and whether it may resume."""

from __future__ import annotations

import contextlib
import gc
import ssl
from pathlib import Path

import pytest
from OpenSSL import SSL

from mailgate.tls.pair import Pair
from mailgate.tls.selection import Selection
from tests.tls.support import OTHER_KEY, RSA_KEY, Disk, certificate


@pytest.fixture
def pairs(tmp_path: Path) -> list[Pair]:
    return [
        Disk(tmp_path, "main").pair(certificate("main", dns=["mx.test", "*.mail.test"])),
        Disk(tmp_path, "other").pair(certificate("other", OTHER_KEY, dns=["mx.other.test"]), OTHER_KEY),
        Disk(tmp_path, "third").pair(certificate("third", RSA_KEY, dns=["a.mail.test"]), RSA_KEY),
    ]


class Peer:
    """A stranger's client: it says what it saw, and keeps its ticket."""

    def __init__(self, *, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.context.maximum_version = version
        self.session: ssl.SSLSession | None = None

    def meet(self, server: SSL.Connection, sni: str | None = None) -> tuple[bytes, bool]:
        """The certificate, in DER, and whether the session was resumed."""
        server.set_accept_state()
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = self.context.wrap_bio(incoming, outgoing, server_hostname=sni, session=self.session)
        for _ in range(4):
            with contextlib.suppress(ssl.SSLWantReadError):
                client.do_handshake()
            if outgoing.pending:
                server.bio_write(outgoing.read())
            with contextlib.suppress(SSL.WantReadError):
                server.do_handshake()
            with contextlib.suppress(SSL.WantReadError):
                incoming.write(server.bio_read(65_536))
        with contextlib.suppress(ssl.SSLWantReadError):
            client.read(1)  # the tickets of TLS 1.3 come behind the handshake
        self.session = client.session
        return client.getpeercert(True) or b"", bool(client.session_reused)


def der(pair: Pair) -> bytes:
    return ssl.PEM_cert_to_DER_cert(Path(pair.files.certificate).read_text())


@pytest.mark.parametrize(
    ("sni", "number"),
    [
        (None, 0),
        ("mx.test", 0),
        ("b.mail.test", 0),
        ("a.mail.test", 2),
        ("MX.other.test", 1),
        ("unknown.test", 0),
        ("192.0.2.1", 0),
    ],
)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_by_name(pairs: list[Pair], sni: str | None, number: int, version: ssl.TLSVersion) -> None:
    seen, _ = Peer(version=version).meet(Selection(pairs).connection(), sni)
    assert seen == der(pairs[number])


@pytest.mark.parametrize("sni", [None, "mx.other.test", "a.mail.test"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_who_comes_again_resumes_but_not_after_a_swap(
    pairs: list[Pair], sni: str | None, version: ssl.TLSVersion
) -> None:
    peer, selection = Peer(version=version), Selection(pairs)
    assert peer.meet(selection.connection(), sni)[1] is False
    assert peer.meet(selection.connection(), sni)[1] is True
    assert peer.meet(selection.connection(), sni)[1] is True
    assert peer.meet(Selection(pairs).connection(), sni)[1] is False


def test_a_handshake_goes_on_when_its_selection_has_been_swapped(pairs: list[Pair]) -> None:
    server = Selection(pairs).connection()
    gc.collect()
    assert Peer().meet(server, "mx.other.test")[0] == der(pairs[1])
    assert isinstance(server.get_app_data(), Selection)


def test_a_single_one_is_for_everybody(pairs: list[Pair]) -> None:
    assert Peer().meet(Selection(pairs[1:2]).connection(), "mx.test")[0] == der(pairs[1])
