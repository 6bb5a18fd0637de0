"""What `mailgate init` makes, as it is: from nothing to a mail that came by STARTTLS and was read by POP3S."""

from __future__ import annotations

import os
import poplib
import pwd
import smtplib
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.daemon import PATIENCE_SECONDS, Daemon, run_twistd

ADDRESS = "alice@example.test"
HOST = "mx.example.test"
PASSWORD = "wonder land"
LISTENERS = ("smtp.listen", "submission.listen", "submission.listen_tls", "pop3.listen", "pop3.listen_tls")
FREE_PORTS = [word for key in LISTENERS for word in ("--set", f"{key}=tcp:0:interface=127.0.0.1")]
CONTENT = b"From: Bob <bob@example.org>\r\nSubject: Hello\r\n\r\nIt works.\r\n"


class HostSMTP(smtplib.SMTP):
    """Knows the host by its name, wherever that leads."""

    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        return socket.create_connection(("127.0.0.1", port), timeout)


class HostPOP3(poplib.POP3_SSL):
    """The same for POP3S."""

    def _create_socket(self, timeout: Any) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout)
        context: ssl.SSLContext = self.context  # type: ignore[attr-defined]
        return context.wrap_socket(plain, server_hostname=self.host)


def init(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`mailgate init` as whoever runs the tests."""
    me = pwd.getpwuid(os.geteuid()).pw_name
    arguments = ["init", ADDRESS, "--directory", str(directory), "--user", me, "--high-ports", *options]
    return subprocess.run(
        [sys.executable, "-m", "mailgate.cli", *arguments],
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What it made, by one command."""
    place = tmp_path_factory.mktemp("init") / "a" / "mail server"
    done = init(place, "--stdin")
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    return place


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[Daemon]:
    """A gateway of that, on free ports."""
    daemon = Daemon(["--config", str(directory / "mailgate.toml"), *FREE_PORTS], directory)
    daemon.wait_for(r"pop3\.listen_tls")
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module")
def verifying(directory: Path) -> ssl.SSLContext:
    """TLS that trusts the certificate which was made, and looks at it as strictly as OpenSSL can."""
    context = ssl.create_default_context(cafile=str(directory / "tls" / "cert.pem"))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    assert context.check_hostname and context.verify_mode == ssl.CERT_REQUIRED
    return context


def test_it_passes_its_check(directory: Path) -> None:
    done = run_twistd(["--check", "--config", str(directory / "mailgate.toml")], directory)
    assert (done.returncode, done.stdout, done.stderr) == (0, "The configuration is good.\n", "")


def test_nobody_else_may_read_it(directory: Path) -> None:
    for path in [directory, *directory.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        is_public = path.name in ("cert.pem", "mailgate.service")
        assert mode & 0o007 == (0o004 if is_public else 0), path


def test_a_mail_in_by_starttls_and_out_by_pop3s(server: Daemon, verifying: ssl.SSLContext) -> None:
    with HostSMTP(HOST, server.ports["smtp.listen"], timeout=10) as smtp:
        smtp.starttls(context=verifying)
        smtp.sendmail("bob@example.org", [ADDRESS, "postmaster@example.test"], CONTENT)
    box = HostPOP3(HOST, server.ports["pop3.listen_tls"], timeout=10, context=verifying)
    box.user(ADDRESS)
    box.pass_(PASSWORD)
    assert box.stat()[0] == 1  # the first account is postmaster, too
    message = b"\r\n".join(box.retr(1)[1]) + b"\r\n"
    assert message.endswith(CONTENT) and b"with ESMTPS" in message
    box.quit()


def test_the_certificate_is_for_no_other_host(server: Daemon, verifying: ssl.SSLContext) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"mail\.example\.test"):
        HostPOP3("mail.example.test", server.ports["pop3.listen_tls"], timeout=10, context=verifying)


def test_again_while_it_runs(server: Daemon, directory: Path) -> None:
    """What a server has made beside it does not matter."""
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    done = init(directory, "--stdin")
    assert done.returncode == 0 and "Made:" not in done.stdout, done.stderr
    assert {path: path.read_bytes() for path in before} == before
