"""What development mode makes up."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mailgate.config import LISTENERS, ConfigError
from mailgate.development import LABELS, Development, free_ports, write_certificate
from mailgate.service import Listening
from mailgate.tls import ServerCertificate


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_the_certificate_is_one(tmp_path: Path) -> None:
    certificate, key = write_certificate(str(tmp_path))
    ServerCertificate(certificate, key).load()
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o600


def test_a_certificate_from_before_is_used_again_until_its_time_is_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = write_certificate(str(tmp_path))
    before = Path(certificate).read_bytes(), Path(key).read_bytes()
    write_certificate(str(tmp_path))
    assert (Path(certificate).read_bytes(), Path(key).read_bytes()) == before
    monkeypatch.setattr("mailgate.development.CERTIFICATE_DAYS", 0)
    os.unlink(certificate)
    write_certificate(str(tmp_path))  # one whose time is up at once
    ended = Path(certificate).read_bytes()
    write_certificate(str(tmp_path))
    assert Path(certificate).read_bytes() != ended
    ServerCertificate(certificate, key).load()


def test_a_directory_that_is_given_stays(tmp_path: Path) -> None:
    place = tmp_path / "a" / "place"
    for _ in range(2):
        development = Development(keep=False, directory=str(place))
        config = development.configure(None, [])
        assert config.state == str(place) and config.store.directory == str(place / "mail")
        development.end()
        development.abandon()
        assert (place / "mail").is_dir() and (place / "cert.pem").is_file()


def test_without_the_packages_that_http_needs_there_is_no_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailgate.development.has_http", lambda: False)
    assert Development(keep=True).configure(None, []).http.listen == ()


def test_a_test_run_has_every_listener_on_a_free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(free_ports()) == len(LISTENERS)
    config = Development(keep=True).configure_for_tests(None, ["hostname=of.test"])
    assert config.hostname == "of.test"
    assert {listener for _, listener in config.listeners()} == {"tcp:0:interface=127.0.0.1"}
    monkeypatch.setattr("mailgate.development.has_http", lambda: False)
    assert Development(keep=True).configure_for_tests(None, []).http.listen == ()


def test_the_defaults() -> None:
    development = Development(keep=True)
    config = development.configure(None, [])
    assert dict(config.listeners()) == {
        "smtp.listen": "tcp:2525:interface=127.0.0.1",
        "submission.listen": "tcp:2587:interface=127.0.0.1",
        "pop3.listen": "tcp:2110:interface=127.0.0.1",
        "pop3.listen_tls": "tcp:2995:interface=127.0.0.1",
        "http.listen": "tcp:8025:interface=127.0.0.1",
    }
    assert config.testing.faults
    assert config.submission.allow_plaintext and config.pop3.allow_plaintext and config.tls.is_configured
    assert config.store.directory == os.path.join(development.directory, "mail")
    assert os.listdir(config.store.directory) == []


def test_a_file_overrules_the_defaults_and_overrides_both(tmp_path: Path) -> None:
    file = tmp_path / "mailgate.toml"
    file.write_text('hostname = "from.file"\n[smtp]\nlisten = ["tcp:3525"]\nmax_recipients = 200\n')
    config = Development(keep=True).configure(str(file), ["smtp.listen=tcp:0"])
    assert config.hostname == "from.file" and config.smtp.max_recipients == 200
    assert config.smtp.listen == ("tcp:0:interface=127.0.0.1",)


@pytest.mark.parametrize(
    "listener", ["tcp:0:interface=0.0.0.0", "tcp:0:interface=192.0.2.1", "systemd:domain=INET:index=0"]
)
def test_nobody_else_may_come_unless_it_is_meant(listener: str) -> None:
    overrides = [f"submission.listen_tls={listener}", "smtp.max_recipients=1"]
    few, exposed = Development(keep=True).read(None, overrides).faults
    assert few.where == "--set smtp.max_recipients"
    assert exposed.where.startswith("submission.listen_tls = ")
    assert "loopback only" in exposed.what and "--beyond-loopback" in exposed.hint
    reading = Development(keep=True).read(None, overrides[:1], beyond_loopback=True)
    assert reading.faults == () and reading.config is not None
    config = reading.config
    assert config.submission.listen_tls == (listener,) and config.smtp.listen == ("tcp:2525",)


def test_a_wrong_setting_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("hostname =")
    with pytest.raises(ConfigError, match=r"bad\.toml:1"):
        Development(keep=True).configure(str(tmp_path / "bad.toml"), [])
    with pytest.raises(ConfigError, match="lisen"):
        Development(keep=True).configure(None, ["smtp.lisen=tcp:1"])


@pytest.mark.parametrize("keep", [True, False])
def test_the_directory_stays_or_goes(keep: bool) -> None:
    development = Development(keep=keep)
    development.end()
    assert os.path.isdir(development.directory) is keep
    development.abandon()
    assert not os.path.exists(development.directory)


LISTENING = (
    Listening("smtp.listen", "127.0.0.1", 2525),
    Listening("submission.listen", "::1", 2587),
    Listening("pop3.listen", "127.0.0.1", 2110),
    Listening("pop3.listen_tls", "/run/socket", 0),
)


def test_there_is_a_label_for_every_listener() -> None:
    assert set(LABELS) == {f"{section}.{door}" for section, door in LISTENERS}


def test_the_banner() -> None:
    development = Development(keep=True)
    development.configure(None, [])
    text = development.banner(LISTENING)
    for part in ("127.0.0.1:2525 ", "[::1]:2587 ", "smtp://127.0.0.1:2525 ", "pop3://127.0.0.1:2110/1", "/run/socket"):
        assert part in text
    assert f"{development.directory}/mail  (kept after exit)" in text and "Ctrl-C" in text and "\x1b" not in text
    assert "\x1b[1m" in development.banner(LISTENING, colour=True)


def test_the_banner_without_these_listeners_has_no_lines_for_them(tmp_path: Path) -> None:
    development = Development(keep=False)
    development.configure(None, [f'store.directory="{tmp_path}"'])
    text = development.banner(LISTENING[3:])
    assert "smtp://" not in text and "pop3://" not in text
    assert f"{tmp_path}\n" in text  # somebody else's directory: nothing is said of its fate


def test_a_socket_with_a_path_has_no_recipe() -> None:
    development = Development(keep=False)
    development.read(None, [])
    text = development.banner([Listening("smtp.listen", "/run/a/rather/long/path/smtp.sock", 0)])
    assert "/run/a/rather/long/path/smtp.sock  STARTTLS" in text and "smtp://" not in text


def test_the_mail_that_goes_is_said_to_go() -> None:
    development = Development(keep=False)
    development.configure(None, [])
    assert "(removed at exit)" in development.banner(())
