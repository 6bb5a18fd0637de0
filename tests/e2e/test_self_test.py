"""`mailgate self-test` beside a server with every kind of listener, and what it leaves behind."""

from __future__ import annotations

import json
import os
import poplib
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import lay_out
from tests.e2e.daemon import PATIENCE_SECONDS, Daemon

ALICE = "alice@example.test"
USERS = "alice:{PLAIN}wonderland\nbob:{PLAIN}builder\nfull:{PLAIN}x::::::mailgate_quota_messages=1\n"


def lay_out_for_localhost(directory: Path) -> None:
    """With a hostname that the certificate is for."""
    lay_out(directory)
    file = directory / "mailgate.toml"
    text = file.read_text()
    assert 'hostname = "mx.example.test"' in text
    file.write_text(text.replace('hostname = "mx.example.test"', 'hostname = "localhost"'))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("self")
    lay_out_for_localhost(directory)
    domain = directory / "state" / "domains" / "example.test"
    (domain / "users").write_text(USERS)
    (domain / "aliases").write_text("info: alice, bob\nsales: alice\n")
    file = directory / "mailgate.toml"
    before, lmtp, after = file.read_text().partition('\n[lmtp]\nlisten = ["tcp:0:interface=127.0.0.1"')
    file.write_text(f'{before}{lmtp}, "unix:{directory}/lmtp"{after}')
    return directory


@pytest.fixture(scope="module")
def daemon(house: Path) -> Iterator[Daemon]:
    daemon = Daemon([], house)
    daemon.wait_for(r"pop3\.listen_tls")
    yield daemon
    daemon.stop()


def self_test(house: Path, *arguments: str, password: str = "wonderland") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mailgate.cli", "self-test", "--stdin", "--config", "mailgate.toml", *arguments],
        cwd=house,
        env={name: value for name, value in os.environ.items() if name != "SSL_CERT_FILE"},
        input=f"{password}\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def rows(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    assert done.stdout, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["place"] if row["place"].startswith("/") else row["listener"]: row for row in told}


def in_maildrop(daemon: Daemon, context: ssl.SSLContext, user: str = ALICE, password: str = "wonderland") -> list[str]:
    """The subjects."""
    box = poplib.POP3_SSL("127.0.0.1", daemon.ports["pop3.listen_tls"], context=context, timeout=PATIENCE_SECONDS)
    box.user(user)
    box.pass_(password)
    heads = [box.top(number, 0)[1] for number in range(1, box.stat()[0] + 1)]
    box.quit()
    return [line.decode() for head in heads for line in head if line.startswith(b"Subject:")]


def send(daemon: Daemon, subject: str, user: str = ALICE) -> None:
    with smtplib.SMTP("127.0.0.1", daemon.ports["smtp.listen"], timeout=PATIENCE_SECONDS) as session:
        session.sendmail("friend@example.org", [user], f"Subject: {subject}\r\n\r\nhi\r\n".encode())


def test_all_is_well(house: Path, daemon: Daemon, trusting: ssl.SSLContext) -> None:
    send(daemon, "not yours")
    done = self_test(house, "sales@example.test", "--json")
    told = rows(done)
    assert (done.returncode, done.stderr) == (0, "")
    assert {key: (row["wrong"], row["sent"] and row["sent"][:3], row["fetched"], row["expected"], row["removed"])
            for key, row in told.items()} == {
        "smtp.listen": ([], "250", 2, 2, True),
        "submission.listen": ([], "250", 2, 2, True),
        "submission.listen_tls": ([], "250", 2, 2, True),
        f"{house}/lmtp": ([], "250", 2, 2, True),
        "lmtp.listen": ([], "250", 2, 2, True),
        "pop3.listen": ([], None, 5, 5, True),
        "pop3.listen_tls": ([], None, 5, 5, None),
    }  # fmt: skip
    assert {row["tls"] for row in told.values()} == {"TLSv1.3"}
    assert [row["verified"] for row in told.values()] == [False] * 7
    assert "self-signed" in told["smtp.listen"]["remarks"][0]
    assert in_maildrop(daemon, trusting) == ["Subject: not yours"]


def test_verified_by_an_authority(house: Path, daemon: Daemon) -> None:
    done = self_test(house, ALICE, "--ca-file", "state/tls/cert.pem")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "All is well.")
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith(("smtp", "subm", "lmtp", "pop3"))]
    assert [line[2:4] for line in lines] == [["1.3", "yes"]] * 7


@pytest.mark.parametrize("trusted", [(), ("--ca-file", "state/tls/cert.pem")])
def test_a_certificate_for_another_name(house: Path, daemon: Daemon, trusted: tuple[str, ...]) -> None:
    text = (house / "mailgate.toml").read_text()
    (house / "other.toml").write_text(text.replace('hostname = "localhost"', 'hostname = "mx.example.test"'))
    told = rows(done := self_test(house, ALICE, "--config", "other.toml", "--json", *trusted))
    assert done.returncode == 2
    for row in told.values():
        (wrong,) = row["wrong"]
        assert wrong.startswith("its certificate is not for mx.example.test, but for localhost")
        assert (row["verified"], row["fetched"] == row["expected"] > 0) == (False, True)


def test_a_wrong_password(house: Path, daemon: Daemon, trusting: ssl.SSLContext) -> None:
    before = in_maildrop(daemon, trusting)
    done = self_test(house, ALICE, password="queen")
    assert done.returncode == 2
    assert "WRONG   pop3.listen: it answers the login with -ERR [AUTH]" in done.stdout
    assert "nothing was sent: nobody could log in by POP3" in " ".join(done.stdout.split())
    assert done.stdout.endswith("7 of 7 listeners failed.\n")
    assert in_maildrop(daemon, trusting) == before


def test_a_maildrop_that_is_full(house: Path, daemon: Daemon, trusting: ssl.SSLContext) -> None:
    send(daemon, "the only one", "full@example.test")
    done = self_test(house, "full@example.test", "--json", password="x")
    told = rows(done)
    assert done.returncode == 2
    assert "it answers RCPT with 452 4.2.2" in told["smtp.listen"]["wrong"][0]
    senders = [row for key, row in told.items() if not key.startswith("pop3")]
    assert [(row["sent"], row["removed"]) for row in senders] == [("", None)] * 5
    assert [(told[key]["wrong"], told[key]["expected"]) for key in ("pop3.listen", "pop3.listen_tls")] == [([], 0)] * 2
    assert in_maildrop(daemon, trusting, "full@example.test", "x") == ["Subject: the only one"]


def test_a_listener_that_is_down(house: Path, daemon: Daemon, trusting: ssl.SSLContext) -> None:
    before = in_maildrop(daemon, trusting)
    text = (house / "mailgate.toml").read_text()
    (house / "down.toml").write_text(text.replace('[pop3]\nlisten = ["tcp:0', '[pop3]\nlisten = ["tcp:1'))
    done = self_test(house, ALICE, "--config", "down.toml", "--json")
    told = rows(done)
    assert (done.returncode, told["pop3.listen"]["wrong"]) == (2, ["nobody answers: Connection refused"])
    senders = [row for row in told.values() if row["sent"]]
    assert [(row["fetched"], row["expected"], row["removed"]) for row in senders] == [(1, 1, True)] * 5
    assert told["pop3.listen_tls"]["removed"] is True
    assert in_maildrop(daemon, trusting) == before


def test_who_cannot_be_tried(house: Path, daemon: Daemon) -> None:
    done = self_test(house, "info@example.test")
    assert (done.returncode, done.stdout) == (1, "")
    assert "info@example.test reaches alice@example.test, bob@example.test" in done.stderr


def test_without_a_server(house: Path, tmp_path: Path) -> None:
    lay_out(tmp_path)
    done = self_test(tmp_path, ALICE)
    assert (done.returncode, "no gateway runs" in done.stderr) == (3, True)


def test_as_a_proxy_and_beyond_ascii(tmp_path: Path) -> None:
    lay_out_for_localhost(tmp_path)
    file = tmp_path / "mailgate.toml"
    proxies = 'proxies = ["127.0.0.1"]\n'
    file.write_text(
        file.read_text().replace("[pop3]\n", f"[pop3]\n{proxies}").replace("[submission]", f"{proxies}[submission]")
    )
    (tmp_path / "state" / "domains" / "example.test" / "users").write_text("jörg:{PLAIN}pä\n")
    daemon = Daemon([], tmp_path)
    try:
        daemon.wait_for(r"pop3\.listen_tls")
        told = rows(done := self_test(tmp_path, "jörg@example.test", "--json", password="pä"))
    finally:
        daemon.stop()
    assert (done.returncode, [row["wrong"] for row in told.values()]) == (0, [[]] * 6)
    behind = [key for key, row in told.items() if "this machine is a proxy to it" in row["remarks"][0]]
    assert behind == ["smtp.listen", "pop3.listen", "pop3.listen_tls"]
