"""One certificate: loaded, shown, swapped."""

from __future__ import annotations

from pathlib import Path

import pytest
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from zope.interface.verify import verifyObject

from mailgate.tls import CIPHERS, BadCertificate, ServerCertificate
from tests.tls.support import KEY, OTHER_KEY, RSA_KEY, Disk, Key, certificate, pem, shake_hands, shown


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path).write(certificate("mx.example.test"), pem())


@pytest.fixture
def server(disk: Disk) -> ServerCertificate:
    server = ServerCertificate(disk.files.certificate, disk.files.key)
    server.load()
    return server


def test_shows_what_was_loaded(server: ServerCertificate) -> None:
    assert verifyObject(IOpenSSLServerConnectionCreator, server)
    seen = shake_hands(server)
    assert (seen.names, seen.version) == (["mx.example.test"], "TLSv1.3")


@pytest.mark.parametrize("traditional", [False, True])
@pytest.mark.parametrize("key", [KEY, RSA_KEY])
def test_takes_keys_of_any_kind(disk: Disk, server: ServerCertificate, key: Key, traditional: bool) -> None:
    disk.write(b"# a comment\n" + certificate("other.test", key), pem(key, traditional=traditional))
    server.load()
    assert shown(server) == "other.test"


def test_shows_the_whole_chain(disk: Disk, server: ServerCertificate) -> None:
    chain = (
        certificate("mx.example.test", KEY, "intermediate", OTHER_KEY) + b"\n" + certificate("intermediate", OTHER_KEY)
    )
    disk.write(chain)
    server.load()
    assert shake_hands(server).names == ["mx.example.test", "intermediate"]


def test_new_files_are_shown_to_new_connections(disk: Disk, server: ServerCertificate) -> None:
    disk.write(certificate("new", OTHER_KEY), pem(OTHER_KEY))
    assert shown(server) == "mx.example.test"
    server.load()
    assert shown(server) == "new"


def test_what_cannot_be_loaded_is_not_shown(disk: Disk, server: ServerCertificate) -> None:
    disk.write(certificate("new", OTHER_KEY))
    with pytest.raises(BadCertificate):
        server.load()
    assert shown(server) == "mx.example.test"


def test_before_loading_there_is_nothing_to_show() -> None:
    with pytest.raises(AssertionError, match="load"):
        shake_hands(ServerCertificate("c", "k"))


def test_tls_1_2_is_spoken_and_nothing_older(server: ServerCertificate) -> None:
    assert shake_hands(server, versions=[SSL.TLS1_2_VERSION]).version == "TLSv1.2"
    with pytest.raises(SSL.Error):
        shake_hands(server, versions=[SSL.TLS1_1_VERSION])


@pytest.mark.parametrize("ciphers", [b"ECDHE-ECDSA-AES128-SHA256", b"AES128-GCM-SHA256", b"ECDHE-ECDSA-AES256-SHA"])
def test_weak_ciphers_are_not_spoken(server: ServerCertificate, ciphers: bytes) -> None:
    assert ciphers.decode() not in CIPHERS.split(":")
    with pytest.raises(SSL.Error):
        shake_hands(server, versions=[SSL.TLS1_2_VERSION], ciphers=ciphers)


@pytest.mark.parametrize("cipher", [name for name in CIPHERS.split(":") if "ECDSA" in name])
def test_each_good_cipher_is_spoken(server: ServerCertificate, cipher: str) -> None:
    seen = shake_hands(server, versions=[SSL.TLS1_2_VERSION], ciphers=cipher.encode())
    assert seen.version == "TLSv1.2"
