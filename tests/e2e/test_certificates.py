"""A certificate swapped under open sessions and constant new ones; and what `mailgate tls status` says of it."""

from __future__ import annotations

import json
import os
import poplib
import signal
import smtplib
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from tests.e2e.conftest import lay_out
from tests.e2e.daemon import PATIENCE_SECONDS, Daemon
from tests.tls.support import DAY, KEY, OTHER_KEY, Key, certificate, pem

SESSIONS = 50
STRANGER, ALICE = "stranger@example.org", "alice@example.test"
OTHER = '\nalso = [{certificate = "tls/other.pem", key = "tls/other-key.pem"}]\n'


class Renewal:
    """What certbot would do."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "state" / "tls"

    def write(self, serial: int, key: Key = KEY, *, name: str = "cert", host: str = "mx.example.test") -> None:
        """The certificate first, and the key a moment later, as renewals do."""
        self.write_certificate(serial, key, name=name, host=host)
        self._replace("key.pem" if name == "cert" else f"{name}-key.pem", pem(key))

    def write_certificate(
        self, serial: int, key: Key = KEY, *, name: str = "cert", host: str = "mx.example.test"
    ) -> None:
        now = time.time()
        self._replace(f"{name}.pem", certificate(host, key, serial=serial, begins=now - DAY, ends=now + 60 * DAY))

    def _replace(self, name: str, content: bytes) -> None:
        new = self.directory / f".{name}"
        new.write_bytes(content)
        new.chmod(0o600)
        os.replace(new, self.directory / name)


@pytest.fixture
def renewal(tmp_path: Path) -> Renewal:
    lay_out(tmp_path)
    renewal = Renewal(tmp_path)
    renewal.write(1)
    return renewal


@pytest.fixture
def daemon(renewal: Renewal, tmp_path: Path) -> Iterator[Daemon]:
    configuration = tmp_path / "mailgate.toml"
    text = configuration.read_text()
    renewal.write(101, OTHER_KEY, name="other", host="mx.other.test")
    configuration.write_text(text.replace("[tls]\n", "[tls]" + OTHER, 1))
    daemon = Daemon([], tmp_path)
    daemon.wait_for(r"pop3\.listen_tls")
    yield daemon
    daemon.stop()


def serial(connection: object) -> int:
    """That of the certificate which the server of this connection shows."""
    der = getattr(connection, "sock").getpeercert(True)  # noqa: B009 (of either library)
    return x509.load_der_x509_certificate(der).serial_number


def smtp(daemon: Daemon, trusting: ssl.SSLContext) -> smtplib.SMTP:
    session = smtplib.SMTP("127.0.0.1", daemon.ports["smtp.listen"], timeout=PATIENCE_SECONDS)
    session.starttls(context=trusting)
    session.ehlo()
    return session


def pop3s(daemon: Daemon, trusting: ssl.SSLContext) -> poplib.POP3_SSL:
    port = daemon.ports["pop3.listen_tls"]
    return poplib.POP3_SSL("127.0.0.1", port, timeout=PATIENCE_SECONDS, context=trusting)


class Sessions:
    """Those that are open throughout: SMTP in clear, by STARTTLS, and POP3S."""

    def __init__(self, daemon: Daemon, trusting: ssl.SSLContext) -> None:
        port = daemon.ports["smtp.listen"]
        self.clear = [smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE_SECONDS) for _ in range(10)]
        for session in self.clear:
            session.ehlo()
        self.secured = [smtp(daemon, trusting) for _ in range(SESSIONS // 2)]
        self.boxes = [pop3s(daemon, trusting) for _ in range(SESSIONS - 10 - SESSIONS // 2)]
        self.context = trusting

    def __len__(self) -> int:
        return len(self.clear) + len(self.secured) + len(self.boxes)

    def use(self) -> None:
        """Every one of them answers."""
        for session in (*self.clear, *self.secured):
            assert session.noop()[0] == 250
        for box in self.boxes:
            assert b"UIDL" in [line.split()[0].encode() for line in box.capa()]

    def finish(self) -> None:
        """Every one of them does what it came for, and leaves in peace."""
        for session in self.secured:
            session.sendmail(STRANGER, [ALICE], b"Subject: x\r\n\r\nx\r\n")
        for session in (*self.clear, *self.secured):
            assert session.quit()[0] == 221
        for box in self.boxes:
            assert box.quit().startswith(b"+OK")


class Newcomers:
    """Sessions that come one behind the other, in threads, and what each saw."""

    def __init__(self, daemon: Daemon, trusting: ssl.SSLContext) -> None:
        self.seen: list[tuple[float, int]] = []  # when the connection was asked for, and the serial number
        self.failures: list[BaseException] = []
        self._ended = threading.Event()
        self._has_come = threading.Condition()
        self._threads = [
            threading.Thread(target=self._come, args=(visit, daemon, trusting))
            for visit in (self._by_smtp, self._by_pop3s)
        ]
        for thread in self._threads:
            thread.start()

    def wait_for(self, number: int) -> None:
        """Until one has seen this certificate: else it could be in force between two of them only."""
        with self._has_come:
            assert self._has_come.wait_for(lambda: number in {seen for _, seen in self.seen}, PATIENCE_SECONDS)

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def _come(self, visit: object, daemon: Daemon, trusting: ssl.SSLContext) -> None:
        assert callable(visit)
        while not self._ended.wait(0.02):
            began = time.monotonic()
            try:
                visited = (began, visit(daemon, trusting))
            except Exception as error:  # noqa: BLE001 (whatever it is, it is what the test is about)
                self.failures.append(error)
                continue
            with self._has_come:
                self.seen.append(visited)
                self._has_come.notify_all()

    def _by_smtp(self, daemon: Daemon, trusting: ssl.SSLContext) -> int:
        with smtp(daemon, trusting) as session:
            return serial(session)

    def _by_pop3s(self, daemon: Daemon, trusting: ssl.SSLContext) -> int:
        box = pop3s(daemon, trusting)
        number = serial(box)
        box.quit()
        return number


def test_swaps_under_open_sessions_and_constant_new_ones(
    daemon: Daemon, renewal: Renewal, trusting: ssl.SSLContext
) -> None:
    sessions, newcomers = Sessions(daemon, trusting), Newcomers(daemon, trusting)
    assert len(sessions) == SESSIONS
    newcomers.wait_for(1)
    swapped = [(0.0, 1)]
    for number, key in ((2, OTHER_KEY), (3, KEY), (4, KEY)):
        renewal.write(number, key)
        if number > 2:  # the first one is noticed; for the others nobody has to wait
            daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(rf"certificate changed: mx\.example\.test, serial {number:02X}")
        swapped.append((time.monotonic(), number))
        sessions.use()
        assert serial(smtp(daemon, trusting)) == serial(pop3s(daemon, trusting)) == number
        newcomers.wait_for(number)
    renewal.write_certificate(5, OTHER_KEY)  # its key never comes
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for("certificate refused, the one from before stays: .*is not the key of")
    sessions.use()
    assert serial(smtp(daemon, trusting)) == 4
    newcomers.end()
    sessions.finish()
    assert newcomers.failures == []
    assert len(newcomers.seen) > 50 and {number for _, number in newcomers.seen} == {1, 2, 3, 4}
    for began, number in newcomers.seen:
        assert number >= max(swap for at, swap in swapped if at <= began)
    log = "".join(daemon.output.said)
    assert log.count("certificate changed") == 3 and log.count("certificate refused") == 1


def test_status_and_names(daemon: Daemon, renewal: Renewal, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mailgate.cli", "tls", "status", "--config", str(tmp_path / "mailgate.toml")]

    def status() -> tuple[int, list[dict[str, object]], str]:
        done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    code, rows, said = status()
    assert (code, said) == (0, "")
    assert {row["listener"] for row in rows} == {
        "smtp.listen", "submission.listen", "submission.listen_tls", "lmtp.listen", "pop3.listen", "pop3.listen_tls",
    }  # fmt: skip
    assert {(row["asked"], row["serial"]) for row in rows} == {
        ("", "01"), ("mx.example.test", "01"), ("mx.other.test", "65"),
    }  # fmt: skip
    renewal.write(5)
    code, rows, _ = status()  # before the gateway has looked
    assert code == 2 and any("has another one now, serial 05" in str(row["wrong"]) for row in rows)
    daemon.wait_for("certificate changed")
    assert status()[0] == 0
    daemon.stop()
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "no gateway runs" in done.stderr) == (3, True)
