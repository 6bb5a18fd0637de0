"""The deploy hook of etc/certbot, run as certbot runs it, beside a gateway that has the certificate before."""

from __future__ import annotations

import grp
import os
import re
import ssl
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from tests.e2e.conftest import lay_out
from tests.e2e.daemon import PATIENCE_SECONDS, Daemon
from tests.tls.support import DAY, KEY, OTHER_KEY, Key, certificate, pem

HOOK = Path(__file__).parents[2] / "etc" / "certbot" / "mailgate"
HOST = "mx.example.test"


class Certbot:
    """Its directories, with a lineage for each name, and the hook as an administrator adapts it."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "letsencrypt"
        self.target = directory / "state" / "tls"
        self.hook = directory / "hook"
        self.hook.write_text(self._adapted(HOOK.read_text()))
        self.hook.chmod(0o755)

    def renew(self, number: int, key: Key, host: str = HOST, domains: str = "") -> None:
        """A new certificate in `archive`, links to it in `live`, and the hook with what certbot tells it."""
        live, archive = self.root / "live" / host, self.root / "archive" / host
        for place in (live, archive):
            place.mkdir(parents=True, exist_ok=True)
        now = time.time()
        made = certificate(host, key, serial=number, begins=now - DAY, ends=now + 60 * DAY)
        for name, content in (("fullchain", made), ("privkey", pem(key))):
            (archive / f"{name}{number}.pem").write_bytes(content)
            (archive / f"{name}{number}.pem").chmod(0o600)
            (live / f"{name}.pem").unlink(missing_ok=True)
            (live / f"{name}.pem").symlink_to(f"../../archive/{host}/{name}{number}.pem")
        told = {"RENEWED_LINEAGE": str(live), "RENEWED_DOMAINS": domains or host}
        subprocess.run([str(self.hook)], env={"PATH": os.defpath, **told}, check=True, timeout=PATIENCE_SECONDS)

    def _adapted(self, script: str) -> str:
        mine = {"host": HOST, "to": f"'{self.target}'", "group": grp.getgrgid(os.getegid()).gr_name}
        for name, value in mine.items():
            script, count = re.subn(rf"^{name}=\S+", f"{name}={value}", script, flags=re.MULTILINE)
            assert count == 1, name
        return script


@pytest.fixture
def certbot(tmp_path: Path) -> Certbot:
    lay_out(tmp_path)
    configuration = tmp_path / "mailgate.toml"
    text = configuration.read_text()
    for name, other in (("cert.pem", "fullchain.pem"), ("key.pem", "privkey.pem")):
        assert f"tls/{name}" in text
        text = text.replace(f"tls/{name}", f"tls/{other}")
    configuration.write_text(text)
    certbot = Certbot(tmp_path)
    certbot.renew(1, KEY)
    return certbot


@pytest.fixture
def daemon(certbot: Certbot, tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon([], tmp_path)
    daemon.wait_for(r"pop3\.listen_tls")
    yield daemon
    daemon.stop()


def serial(daemon: Daemon) -> int:
    shown = ssl.get_server_certificate(("127.0.0.1", daemon.ports["pop3.listen_tls"]), timeout=PATIENCE_SECONDS)
    return x509.load_pem_x509_certificate(shown.encode()).serial_number


def test_what_was_renewed_is_shown_without_a_restart(certbot: Certbot, daemon: Daemon) -> None:
    assert serial(daemon) == 1
    certbot.renew(2, OTHER_KEY, domains=f"example.test {HOST}")
    daemon.wait_for("certificate changed")
    assert serial(daemon) == 2


def test_the_key_is_for_the_group_and_nobody_else(certbot: Certbot) -> None:
    assert sorted(os.listdir(certbot.target)) == ["cert.pem", "fullchain.pem", "key.pem", "privkey.pem"]
    assert stat.S_IMODE(certbot.target.stat().st_mode) == 0o750
    for name in ("fullchain.pem", "privkey.pem"):
        status = (certbot.target / name).lstat()
        assert stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o640
        assert status.st_gid == os.getegid()


@pytest.mark.parametrize("host", ["www.example.test", f"not-{HOST}"])
def test_the_certificate_of_another_service_is_left_alone(certbot: Certbot, host: str) -> None:
    before = (certbot.target / "fullchain.pem").read_bytes()
    certbot.renew(7, OTHER_KEY, host)
    assert (certbot.target / "fullchain.pem").read_bytes() == before
